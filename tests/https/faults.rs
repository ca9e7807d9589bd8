//! What goes wrong on purpose, as a client sees it that verifies.

use std::io::{self, Read, Write};

use fixture_server::prelude::*;
use fixture_server::rustls::client::WebPkiServerVerifier;
use fixture_server::rustls::pki_types::pem::PemObject;
use fixture_server::rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use fixture_server::rustls::{ClientConfig, RootCertStore};
use rstest::rstest;
use std::sync::Arc;
use std::time::Instant;

use super::secure::{connect, exchange, fetch, why_failed};

const GET: &str = "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";

fn hello() -> TestServer {
    let server = TestServer::builder().tls_with(Tls::new()).start();
    server.on("GET", "/", |_| "hello");
    server
}

#[rstest]
#[case(TlsFault::Expired, "certificate expired")]
#[case(TlsFault::NotYetValid, "certificate not valid yet")]
#[case(TlsFault::WrongHost, "certificate not valid for name")]
#[case(TlsFault::SelfSigned, "UnknownIssuer")]
#[case(TlsFault::UnknownCa, "UnknownIssuer")]
#[case(TlsFault::MissingIntermediate, "UnknownIssuer")]
#[case(TlsFault::WrongChainOrder, "CaUsedAsEndEntity")]
#[case(TlsFault::HandshakeFailure, "HandshakeFailure")]
#[case(TlsFault::NoTls, "InvalidContentType")]
#[case(TlsFault::Close, "end of file")]
#[case(TlsFault::Reset, "reset")]
fn each_is_told_by_the_client_and_known_to_the_server(
    #[case] fault: TlsFault,
    #[case] expected: &str,
) -> io::Result<()> {
    let server = hello();
    let config = server.client_config();
    let guard = server.tls_fault(fault);
    let error = exchange(connect(&server, config.clone(), "localhost")?, GET).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
    assert!(server.requests().is_empty());
    let why = why_failed(&server);
    assert!(why.ends_with(&format!("; TlsFault::{fault:?} is on purpose")), "{why}");
    drop(guard);
    assert!(exchange(connect(&server, config, "localhost")?, GET)?.ends_with(b"hello"));
    Ok(())
}

#[test]
fn a_session_from_before_a_fault_is_not_gone_on_with() -> io::Result<()> {
    let server = hello();
    let config = server.client_config();
    exchange(connect(&server, config.clone(), "localhost")?, GET)?;
    let _fault = server.tls_fault(TlsFault::Expired);
    let error = exchange(connect(&server, config, "localhost")?, GET).unwrap_err().to_string();
    assert!(error.contains("expired"), "{error}");
    Ok(())
}

#[test]
fn a_stalled_handshake_lasts_as_long_as_the_client_has_patience() -> io::Result<()> {
    // The server's own patience is not what ends it.
    let server = TestServer::builder().read_timeout(ms(50)).tls().start();
    server.on("GET", "/", |_| "hello");
    let fault = server.tls_fault(TlsFault::Stall);
    let mut client = connect(&server, server.client_config(), "localhost")?;
    client.sock.set_read_timeout(Some(ms(300)))?;
    let error = client.write_all(GET.as_bytes()).unwrap_err();
    assert!(matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut), "{error}");
    drop(client);
    let began = Instant::now();
    while server.connections()[0].closed_by() != Some(ClosedBy::Client) {
        assert!(began.elapsed() < secs(20), "{:?}", server.connections());
        std::thread::yield_now();
    }
    drop(fault);
    assert_eq!(fetch(&server, "/")?, "hello");
    Ok(())
}

#[test]
fn an_end_without_close_notify_is_a_truncation() -> io::Result<()> {
    let server = hello();
    let fault = server.tls_fault(TlsFault::NoCloseNotify);
    let mut client = connect(&server, server.client_config(), "localhost")?;
    client.write_all(GET.as_bytes())?;
    let mut answer = Vec::new();
    let error = client.read_to_end(&mut answer).unwrap_err();
    assert!(answer.ends_with(b"hello"));
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    drop(fault);
    assert_eq!(fetch(&server, "/")?, "hello");
    Ok(())
}

#[test]
fn a_revoked_certificate_stands_on_the_list() -> io::Result<()> {
    let server = hello();
    let provider = server.client_config().crypto_provider().clone();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(server.ca_der())).unwrap();
    let list = CertificateRevocationListDer::from_pem_slice(server.crl_pem().as_bytes()).unwrap();
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).with_crls([list]);
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_webpki_verifier(verifier.build().unwrap())
        .with_no_client_auth();
    assert!(exchange(connect(&server, config.clone(), "localhost")?, GET)?.ends_with(b"hello"));
    let _fault = server.tls_fault(TlsFault::Revoked);
    let error = exchange(connect(&server, config, "localhost")?, GET).unwrap_err().to_string();
    assert!(error.contains("Revoked"), "{error}");
    // Whoever does not look does not see it.
    assert_eq!(fetch(&server, "/")?, "hello");
    Ok(())
}

#[test]
fn the_newest_fault_counts_and_guards_may_go_in_any_order() {
    let server = hello();
    let older = server.tls_fault(TlsFault::Close);
    let newer = server.tls_fault(TlsFault::HandshakeFailure);
    let said = |server: &TestServer| fetch(server, "/").map_err(|error| error.to_string());
    assert!(said(&server).unwrap_err().contains("HandshakeFailure"));
    drop(older);
    assert!(said(&server).unwrap_err().contains("HandshakeFailure"));
    drop(newer);
    assert_eq!(said(&server), Ok("hello".to_owned()));
}

#[test]
fn faults_of_http_strike_before_the_handshake_too() {
    let server = hello();
    let _outage = server.fault(Fault::Close.at(Stage::Accept));
    assert!(fetch(&server, "/").is_err());
}

#[test]
#[should_panic(expected = "start it with `TestServer::builder().tls()`")]
fn plain_http_has_no_tls_that_could_go_wrong() {
    let _fault = TestServer::empty().tls_fault(TlsFault::Close);
}

#[test]
fn what_was_read_in_the_clear_is_an_answer() -> io::Result<()> {
    let server = hello();
    let _fault = server.tls_fault(TlsFault::NoTls);
    let (mut connection, mut stream) = connect(&server, server.client_config(), "localhost")?.into_parts();
    connection.write_tls(&mut stream)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    Ok(())
}
