//! Handshakes that do not come about, and those that are none.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use fixture_server::prelude::*;
use fixture_server::rustls::{ClientConfig, RootCertStore};
use rstest::rstest;

use super::secure::{connect, exchange, fetch, why_failed};

fn hello(tls: Tls) -> TestServer {
    let server = TestServer::builder().tls_with(tls).start();
    server.on("GET", "/", |_| "hello");
    server
}

fn raw(server: &TestServer, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut client = TcpStream::connect(server.addr())?;
    client.set_read_timeout(Some(secs(20)))?;
    client.write_all(bytes)?;
    let mut answer = Vec::new();
    client.read_to_end(&mut answer)?;
    Ok(answer)
}

/// The first message of a client, as it crosses the wire.
fn first_message(server: &TestServer) -> Vec<u8> {
    let (mut connection, _) = connect(server, server.client_config(), "localhost").unwrap().into_parts();
    let mut bytes = Vec::new();
    connection.write_tls(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_client_that_does_not_speak_tls_is_told_so() -> io::Result<()> {
    let server = hello(Tls::new());
    let answer = String::from_utf8(raw(&server, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")?).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\nDate: "), "{answer}");
    assert!(answer.contains("use an https:// URL"), "{answer}");
    let connection = &server.connections()[0];
    assert!(connection.tls_error().unwrap().contains("does not speak TLS: it sent 'GET / HTTP/1.1"), "{connection}");
    assert!(server.requests().is_empty());
    Ok(())
}

#[test]
fn a_client_that_speaks_nothing_known_is_dropped() -> io::Result<()> {
    let server = hello(Tls::new());
    assert!(raw(&server, b"\x00\x01\x02\x03")?.is_empty());
    assert_eq!(fetch(&server, "/")?, "hello");
    Ok(())
}

#[test]
fn as_http_server_a_client_without_tls_is_dropped() -> io::Result<()> {
    let server = TestServer::builder().dir("fixtures/site").http_server().tls().start();
    assert!(raw(&server, b"GET / HTTP/1.0\r\n\r\n")?.is_empty());
    assert_eq!(fetch(&server, "/hello.txt")?, "Hello, fixture!\n");
    Ok(())
}

#[test]
fn one_port_takes_both_if_it_is_told_to() -> io::Result<()> {
    let server = hello(Tls::new().accept_plain_http());
    assert!(raw(&server, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")?.ends_with(b"hello"));
    assert_eq!(fetch(&server, "/")?, "hello");
    let secured: Vec<bool> = server.requests().iter().map(|request| request.tls().is_some()).collect();
    assert_eq!(secured, [false, true]);
    Ok(())
}

/// More than was read to decide, to a handler that reads as it comes.
#[test]
fn a_plain_upload_to_such_a_port_arrives_whole() -> io::Result<()> {
    let server = hello(Tls::new().accept_plain_http());
    server.on_streaming("PUT", "/", |_, body| {
        let mut whole = Vec::new();
        body.read_to_end(&mut whole).map(|length| length.to_string())
    });
    let mut client = TcpStream::connect(server.addr())?;
    client.set_read_timeout(Some(secs(20)))?;
    // Connections are accepted in turn, so this one waits by now.
    fetch(&server, "/")?;
    let body = "x".repeat(100_000);
    let head = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\nConnection: close\r\n\r\n";
    client.write_all(format!("{head}{body}").as_bytes())?;
    let mut answer = String::new();
    client.read_to_string(&mut answer)?;
    assert!(answer.ends_with("\r\n\r\n100000"), "{answer}");
    Ok(())
}

/// What follows the byte that says "handshake" may be anything: nothing of it hangs, and nobody else notices.
#[rstest]
#[case::nothing_more(b"\x16")]
#[case::http(b"\x16GET / HTTP/1.1\r\n\r\n")]
#[case::a_record_of_another_version(b"\x16\x09\x09\x00\x04abcd")]
#[case::a_record_without_end(b"\x16\x03\x01\xff\xff\x01\xff\xff\xff")]
#[case::an_empty_record(b"\x16\x03\x01\x00\x00\x16\x03\x01\x00\x00")]
#[case::an_empty_message(b"\x16\x03\x01\x00\x04\x01\x00\x00\x00")]
#[case::another_message(b"\x16\x03\x03\x00\x04\x02\x00\x00\x00")]
fn what_begins_like_a_handshake_and_is_none(#[case] bytes: &[u8]) -> io::Result<()> {
    let server = TestServer::builder().read_timeout(ms(300)).tls().start();
    server.on("GET", "/", |_| "hello");
    let answer = raw(&server, bytes)?;
    assert!(answer.is_empty() || answer[0] == 21, "{answer:?}");
    assert_eq!(fetch(&server, "/")?, "hello");
    Ok(())
}

#[test]
fn the_first_message_may_be_cut_anywhere() -> io::Result<()> {
    let server = TestServer::builder().read_timeout(ms(500)).tls().start();
    server.on("GET", "/", |_| "hello");
    let message = first_message(&server);
    let clients: Vec<TcpStream> = (1..message.len())
        .step_by(7)
        .map(|length| {
            let mut client = TcpStream::connect(server.addr()).unwrap();
            client.write_all(&message[..length]).unwrap();
            client
        })
        .collect();
    // Those that wait hold up nobody.
    assert_eq!(fetch(&server, "/")?, "hello");
    for mut client in clients {
        client.set_read_timeout(Some(secs(20)))?;
        assert_eq!(client.read(&mut [0])?, 0, "it is ended when its time is up");
    }
    Ok(())
}

#[test]
fn a_stalled_handshake_holds_up_nobody_and_ends_in_time() -> io::Result<()> {
    let server = TestServer::builder().read_timeout(ms(300)).tls().start();
    server.on("GET", "/", |_| "hello");
    let message = first_message(&server);
    let mut client = TcpStream::connect(server.addr())?;
    client.set_read_timeout(Some(secs(20)))?;
    client.write_all(&message)?;
    let began = Instant::now();
    assert_eq!(fetch(&server, "/")?, "hello");
    let mut rest = Vec::new();
    client.read_to_end(&mut rest)?;
    assert!(rest[0] == 22 && began.elapsed() < secs(20));
    let connections = server.connections();
    // The first one brought the message.
    assert_eq!(
        connections[1].tls_error(),
        Some(
            "the client did not complete the handshake within the `read_timeout`, or before the connection was closed"
        )
    );
    Ok(())
}

#[test]
fn in_tls_1_2_too_the_server_knows_of_a_handshake_when_its_client_does() -> io::Result<()> {
    let server = hello(Tls::new().only(TlsVersion::Tls12));
    for number in 0..20 {
        let mut client = connect(&server, server.client_config(), "localhost")?;
        client.conn.complete_io(&mut client.sock)?;
        assert!(server.connections()[number].tls().is_some());
    }
    Ok(())
}

#[test]
fn garbage_in_a_body_that_is_streamed_is_answered_by_an_alert() -> io::Result<()> {
    let server = hello(Tls::new());
    server.on_streaming("PUT", "/", |_, body| {
        let mut whole = Vec::new();
        let failed = body.read_to_end(&mut whole).is_err();
        assert!(failed, "it is not whole");
    });
    let mut client = connect(&server, server.client_config(), "localhost")?;
    client.write_all(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nbegun")?;
    client.sock.write_all(&b"\x17\x03\x03\x00\x1612345678901234567890xx".repeat(1_000))?;
    let error = client.read(&mut [0]).unwrap_err().to_string();
    assert!(error.contains("alert"), "{error}");
    Ok(())
}

#[test]
fn garbage_after_the_handshake_ends_the_connection_with_an_alert() -> io::Result<()> {
    let server = hello(Tls::new());
    let mut client = connect(&server, server.client_config(), "localhost")?;
    client.flush()?;
    client.conn.complete_io(&mut client.sock)?;
    client.sock.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")?;
    assert!(client.read(&mut [0]).is_err());
    assert!(server.requests().is_empty());
    Ok(())
}

#[rstest]
#[case::nothing_in_common(&["h2"], false, Err("NoApplicationProtocol"))]
#[case::as_http_server(&["h2"], true, Ok(None))]
#[case::nothing_offered(&[], false, Ok(None))]
#[case::ours(&["h2", "http/1.1"], false, Ok(Some("http/1.1")))]
fn protocols_are_agreed_upon(
    #[case] offered: &[&str],
    #[case] as_http_server: bool,
    #[case] expected: Result<Option<&str>, &str>,
) -> io::Result<()> {
    let builder = TestServer::builder().dir("fixtures/site");
    let server = if as_http_server { builder.http_server() } else { builder }.tls().start();
    let mut config = server.client_config();
    config.alpn_protocols = offered.iter().map(|name| name.as_bytes().to_vec()).collect();
    let client = connect(&server, config, "localhost")?;
    let answer = exchange(client, "GET /hello.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    match expected {
        Ok(alpn) => {
            assert!(answer?.ends_with(b"Hello, fixture!\n"));
            assert_eq!(server.requests()[0].tls().unwrap().alpn(), alpn);
        }
        Err(alert) => {
            let error = answer.unwrap_err().to_string();
            assert!(error.contains(alert), "{error}");
            let why = why_failed(&server);
            assert!(
                why.starts_with("the client offers h2 by ALPN, and none of that is spoken here: let it speak http/1.1"),
                "{why}"
            );
        }
    }
    Ok(())
}

#[test]
fn a_client_that_does_not_trust_the_authority_is_named() -> io::Result<()> {
    let server = hello(Tls::new());
    let mut config = server.client_config();
    config = ClientConfig::builder_with_provider(config.crypto_provider().clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    assert!(exchange(connect(&server, config, "localhost")?, "GET / HTTP/1.0\r\n\r\n").is_err());
    let why = why_failed(&server);
    assert!(why.starts_with("the client sent the alert UnknownCA") && why.contains("ca_pem"), "{why}");
    let shown = server.connections()[0].to_string();
    assert!(shown.ends_with(&format!(", 0 requests, TLS failed ({why}), closed by the client")), "{shown}");
    Ok(())
}

#[test]
fn a_request_that_never_came_may_have_failed_in_its_handshake() -> io::Result<()> {
    let server = hello(Tls::new());
    for _ in 0..2 {
        raw(&server, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")?;
    }
    let report = std::panic::catch_unwind(|| server.assert_received(get("/"), 1)).unwrap_err();
    let report = report.downcast_ref::<String>().unwrap();
    assert!(report.contains("no request was received"), "{report}");
    let note = "note: 2 connections brought no request, because their TLS handshakes failed; the last one: the client does not speak TLS: it sent";
    assert!(report.contains(note), "{report}");
    Ok(())
}

#[test]
fn handshakes_that_fail_are_waited_for_and_told_apart_from_those_on_purpose() -> io::Result<()> {
    let server = hello(Tls::new());
    let report = server.try_wait_for_tls_errors(1, ms(1)).unwrap_err().to_string();
    assert!(report.contains("expected at least 1 TLS handshake to fail within 1ms, but none did"), "{report}");
    raw(&server, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")?;
    for _ in 0..2 {
        let _fault = server.tls_fault(TlsFault::Close);
        assert!(fetch(&server, "/").is_err());
    }
    assert_eq!(server.wait_for_tls_errors(3, secs(20)).len(), 3);
    let report = server.try_wait_for_tls_errors(4, ms(1)).unwrap_err().to_string();
    assert!(report.contains("but 3 did") && report.contains("connections, in order:"), "{report}");
    let report = server.try_wait_for(get("/"), 1, ms(1)).unwrap_err().to_string();
    assert!(
        report.contains("note: a connection brought no request, because its TLS handshake failed: the client does"),
        "{report}"
    );
    assert!(report.contains("; 2 more failed on purpose (`tls_fault`)"), "{report}");
    Ok(())
}
