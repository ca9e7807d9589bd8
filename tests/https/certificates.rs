//! Certificates of servers and clients.

use std::io::{self, Write};
use std::sync::Arc;

use fixture_server::prelude::*;
use fixture_server::rustls::pki_types::ServerName;
use fixture_server::rustls::pki_types::pem::PemObject;
use fixture_server::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use fixture_server::rustls::{ClientConfig, RootCertStore, ServerConfig};
use fixture_server::rustls::{ClientConnection, StreamOwned};
use rstest::rstest;
use std::net::TcpStream;

use super::secure::{connect, exchange, fetch, why_failed};

const BOTH: &str = include_str!("../program/tls/both.pem");
const GET: &str = "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";

/// With a certificate of another CA.
fn ready_config() -> Arc<ServerConfig> {
    let provider = TestServer::empty().client_config().crypto_provider().clone();
    let chain = CertificateDer::pem_slice_iter(BOTH.as_bytes()).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(BOTH.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap())
}

fn hello(tls: impl Into<Tls>) -> TestServer {
    let server = TestServer::builder().tls_with(tls).start();
    server.on("GET", "/", |_| "hello");
    server
}

#[rstest]
#[case("localhost")]
#[case("127.0.0.1")]
#[case("::1")]
#[case("api.example.com")]
#[case("Another.Example.COM")]
#[case("my_service")]
fn whoever_asks_gets_a_certificate_for_the_name(#[case] name: &str) -> io::Result<()> {
    let server = hello(Tls::new());
    assert!(exchange(connect(&server, server.client_config(), name)?, GET)?.ends_with(b"hello"));
    let request = &server.requests()[0];
    let expected = name.parse::<std::net::IpAddr>().is_err().then(|| name.to_ascii_lowercase());
    assert_eq!(request.tls().unwrap().server_name().map(str::to_ascii_lowercase), expected);
    Ok(())
}

#[test]
fn names_that_were_given_need_not_be_asked_for() -> io::Result<()> {
    let server = hello(Tls::new().names(["192.0.2.7", "*.internal.example"]));
    for name in ["192.0.2.7", "a.internal.example"] {
        assert!(exchange(connect(&server, server.client_config(), name)?, GET)?.ends_with(b"hello"));
    }
    assert!(exchange(connect(&server, server.client_config(), "192.0.2.8")?, GET).is_err());
    Ok(())
}

#[rstest]
#[case("https://a")]
#[case("a:443")]
#[case("")]
#[should_panic(expected = "cannot stand in a certificate")]
fn what_is_no_name_is_refused(#[case] name: &str) {
    let _ = Tls::new().names([name]);
}

#[test]
fn what_was_agreed_upon_is_written_down() -> io::Result<()> {
    let server = hello(Tls::new());
    let mut config = server.client_config();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    exchange(connect(&server, config, "localhost")?, GET)?;
    let request = &server.requests()[0];
    let tls = request.tls().unwrap();
    assert_eq!(
        (tls.version(), tls.alpn(), tls.server_name()),
        (TlsVersion::Tls13, Some("http/1.1"), Some("localhost"))
    );
    assert_eq!(tls.alpn_offered(), ["h2", "http/1.1"]);
    assert!(tls.cipher_suite().starts_with("TLS13_") && !tls.is_resumed() && tls.client().is_none());
    assert_eq!(server.connections()[0].tls(), Some(tls));
    assert!(tls.to_string().starts_with("TLSv1.3, TLS13_") && tls.to_string().ends_with(", http/1.1, localhost"));
    Ok(())
}

#[rstest]
fn one_version_only(#[values(TlsVersion::Tls12, TlsVersion::Tls13)] version: TlsVersion) -> io::Result<()> {
    let server = hello(Tls::new().only(version));
    assert_eq!(fetch(&server, "/")?, "hello");
    assert_eq!(server.requests()[0].tls().unwrap().version(), version);
    Ok(())
}

#[test]
fn a_client_that_comes_again_goes_on_where_it_was() -> io::Result<()> {
    let server = hello(Tls::new());
    let config = server.client_config();
    for _ in 0..2 {
        exchange(connect(&server, config.clone(), "localhost")?, GET)?;
    }
    let resumed: Vec<bool> = server.requests().iter().map(|request| request.tls().unwrap().is_resumed()).collect();
    assert_eq!(resumed, [false, true]);
    Ok(())
}

#[rstest]
#[case::required(Tls::new().require_client_certificate(), None, Some("CertificateRequired"))]
#[case::requested(Tls::new().request_client_certificate(), None, None)]
#[case::required_in_tls_1_2(
    Tls::new().require_client_certificate().only(TlsVersion::Tls12),
    None,
    Some("CertificateRequired")
)]
#[case::shown(Tls::new().require_client_certificate(), Some("Ada Lovelace"), None)]
#[case::shown_if_requested(Tls::new().request_client_certificate(), Some("ada"), None)]
#[case::shown_in_tls_1_2(Tls::new().require_client_certificate().only(TlsVersion::Tls12), Some("ada"), None)]
fn clients_show_who_they_are(
    #[case] tls: Tls,
    #[case] name: Option<&str>,
    #[case] alert: Option<&str>,
) -> io::Result<()> {
    let server = hello(tls);
    let config = match name {
        None => server.client_config(),
        Some(name) => server.client_config_as(&server.client_certificate(name)),
    };
    let answer = exchange(connect(&server, config, "localhost")?, GET);
    match alert {
        None => {
            assert!(answer?.ends_with(b"hello"));
            let request = &server.requests()[0];
            let client = request.tls().unwrap().client();
            assert_eq!(client.and_then(|client| client.common_name()), name);
            let dns_names = client.map(|client| client.dns_names().to_vec()).unwrap_or_default();
            assert_eq!(
                dns_names,
                name.filter(|name| !name.contains(' ')).map(str::to_owned).into_iter().collect::<Vec<_>>()
            );
        }
        Some(alert) => {
            let error = answer.unwrap_err().to_string();
            assert!(error.contains(alert), "{error}");
            assert!(server.requests().is_empty());
            let connection = &server.connections()[0];
            assert!(connection.tls_error().unwrap().contains("client_certificate"), "{connection}");
            assert_eq!(connection.closed_by(), Some(ClosedBy::Server));
        }
    }
    Ok(())
}

#[test]
fn a_certificate_of_another_authority_is_refused() -> io::Result<()> {
    let elsewhere = hello(Tls::new());
    // Of those who trust nobody but a CA that has issued nothing.
    let own = include_bytes!("ca.pem");
    let server = hello(Tls::new().require_client_certificate().client_authorities(own));
    let config = server.client_config_as(&elsewhere.client_certificate("ada"));
    let error = exchange(connect(&server, config, "localhost")?, GET).unwrap_err().to_string();
    assert!(error.contains("UnknownCA"), "{error}");
    let connection = &server.connections()[0];
    assert!(connection.tls_error().unwrap().starts_with("the client's certificate is not valid"), "{connection}");
    Ok(())
}

#[test]
fn a_certificate_of_ones_own_is_shown() {
    let server = hello(Tls::new().certificate(BOTH, BOTH));
    let error = fetch(&server, "/").unwrap_err().to_string();
    assert!(error.contains("invalid peer certificate"), "{error}");
    let seen = why_failed(&server);
    assert!(
        seen.ends_with(
            "it does not trust the certificate of `Tls::certificate` or the `ServerConfig`; give it the CA of that"
        ),
        "{seen}"
    );
}

#[rstest]
#[case::no_certificate(
    "cert.pem",
    "",
    "the certificate: there is no certificate in its 8 bytes; what is taken is the text of a PEM file, not its name"
)]
#[case::no_key(
    include_str!("ca.pem"),
    "key.pem",
    "the key of the certificate: there is no private key in its 7 bytes; what is taken is the text of a PEM file, not its name"
)]
#[case::encrypted(
    include_str!("ca.pem"),
    include_str!("../program/tls/pkcs8-aes256.pem"),
    "the key of the certificate: it is encrypted, and passwords are not taken here: `openssl pkcs8 -in key.pem -out plain.pem` takes \
     it off"
)]
fn what_is_wrong_with_a_certificate_is_told_when_the_server_starts(
    #[case] chain: &str,
    #[case] key: &str,
    #[case] expected: &str,
) {
    let error = TestServer::builder().tls_with(Tls::new().certificate(chain, key)).try_start().unwrap_err();
    assert_eq!(error.to_string(), format!("cannot speak TLS: {expected}"));
}

/// Whoever gets less than was wished should know.
#[test]
fn options_that_a_ready_configuration_has_no_use_for_are_told() {
    let ready = || Tls::from(ready_config());
    let others = [
        ready().require_client_certificate(),
        ready().only(TlsVersion::Tls13),
        ready().alpn(["h2"]),
        ready().names(["a.test"]),
        ready().certificate(BOTH, BOTH),
    ];
    for tls in others {
        let error = TestServer::builder().tls_with(tls).try_start().unwrap_err().to_string();
        assert!(error.contains("only `accept_plain_http` goes with a ready `ServerConfig`"), "{error}");
    }
    drop(TestServer::builder().tls_with(ready().accept_plain_http()).start());
}

#[rstest]
#[case::names(Tls::new().certificate(BOTH, BOTH).names(["a.test"]), "`Tls::names` does not go with `Tls::certificate`")]
#[case::authorities(Tls::new().client_authorities(include_str!("ca.pem")), "needs `require_client_certificate`")]
fn options_that_do_not_go_together_are_told(#[case] tls: Tls, #[case] expected: &str) {
    let error = TestServer::builder().tls_with(tls).try_start().unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[rstest]
#[case::empty("", "has 0")]
#[case::long(&"x".repeat(256), "has 256")]
fn what_is_no_protocol_is_refused(#[case] name: &str, #[case] expected: &str) {
    let panic = std::panic::catch_unwind(|| Tls::new().alpn([name])).unwrap_err();
    let said = panic.downcast_ref::<String>().unwrap();
    assert!(said.starts_with("an ALPN name has 1 to 255 bytes") && said.ends_with(expected), "{said}");
}

/// As programs are that a test starts in a container.
#[test]
fn a_server_on_all_addresses_has_a_certificate_for_the_one_that_was_reached() -> io::Result<()> {
    let server = TestServer::builder().bind("0.0.0.0:0").tls().start();
    server.on("GET", "/", |_| "hello");
    for addr in ["127.0.0.1", "127.0.0.2", "127.7.7.7", "0.0.0.0"] {
        let name = ServerName::try_from(addr).unwrap();
        let connection = ClientConnection::new(Arc::new(server.client_config()), name).unwrap();
        // Of Linux all of these are loopback addresses.
        let Ok(stream) = TcpStream::connect((addr, server.port())) else { continue };
        let answer = exchange(StreamOwned::new(connection, stream), GET)?;
        assert!(answer.ends_with(b"hello"), "{addr}");
    }
    Ok(())
}

#[test]
fn a_key_of_another_certificate_is_told_when_the_server_starts() {
    let server = hello(Tls::new());
    let (one, other) = (server.client_certificate("a"), server.client_certificate("b"));
    let tls = Tls::new().certificate(one.certificate_pem(), other.key_pem());
    let error = TestServer::builder().tls_with(tls).try_start().unwrap_err().to_string();
    assert_eq!(error, "cannot speak TLS: the key does not belong to the certificate");
}

#[test]
fn a_ready_configuration_is_taken_as_it_is() {
    let ours = hello(Tls::new());
    let shown = ours.client_certificate("localhost");
    let provider = ours.client_config().crypto_provider().clone();
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let chain = vec![CertificateDer::from(shown.certificate_der().to_vec())];
    let key = PrivateKeyDer::from_pem_slice(shown.key_pem().as_bytes()).unwrap();
    let config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
    let server = hello(Arc::new(config));
    assert!(fetch(&server, "/").is_err());
    assert_eq!(server.connections().len(), 1);
}

/// Nothing would read it, and the client would not send it again.
#[test]
fn early_data_is_not_accepted_whatever_a_configuration_says() -> io::Result<()> {
    let mut config = ServerConfig::clone(&ready_config());
    config.max_early_data_size = u32::MAX;
    let provider = config.crypto_provider().clone();
    let server = hello(Arc::new(config));

    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(include_bytes!("../program/tls/ca.pem")).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.enable_early_data = true;
    for _ in 0..2 {
        let mut client = connect(&server, config.clone(), "localhost")?;
        if let Some(mut early) = client.conn.early_data() {
            early.write_all(GET.as_bytes())?;
        }
        client.conn.complete_io(&mut client.sock)?;
        assert!(!client.conn.is_early_data_accepted());
        assert!(exchange(client, GET)?.ends_with(b"hello"));
    }
    assert!(server.requests()[1].tls().unwrap().is_resumed());
    Ok(())
}

#[test]
fn the_authority_is_the_same_for_all_servers_and_stands_in_a_file_for_as_long_as_one_lives() {
    let (one, other) = (hello(Tls::new()), hello(Tls::new()));
    assert_eq!(one.ca_pem(), other.ca_pem());
    assert_eq!(CertificateDer::from_pem_slice(one.ca_pem().as_bytes()).unwrap().as_ref(), one.ca_der());
    let file = one.ca_file().to_owned();
    assert_ne!(file, other.ca_file());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), one.ca_pem());
    let envs = one.envs();
    assert!(envs.iter().any(|(name, value)| *name == "SSL_CERT_FILE" && *value == *file));
    drop(one);
    assert!(!file.exists());
}

#[test]
fn without_tls_there_is_no_file_of_an_authority_in_the_environment() {
    let server = TestServer::empty();
    let names: Vec<&str> = server.envs().iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["NO_PROXY", "no_proxy"]);
    assert_eq!(server.envs()[0].1, "127.0.0.1,localhost,::1,[::1]");
}
