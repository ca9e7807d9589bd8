//! A client that speaks TLS by rustls, and HTTP by hand.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use fixture_server::prelude::*;
use fixture_server::rustls::pki_types::ServerName;
use fixture_server::rustls::{ClientConfig, ClientConnection, StreamOwned};

/// A connection that is secured when it is first written to.
pub(crate) type Secure = StreamOwned<ClientConnection, TcpStream>;

/// Connects, and asks for this name.
pub(crate) fn connect(server: &TestServer, config: ClientConfig, name: &str) -> io::Result<Secure> {
    let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
    let connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    let stream = TcpStream::connect(server.addr())?;
    stream.set_read_timeout(Some(secs(20)))?;
    Ok(StreamOwned::new(connection, stream))
}

/// Everything that comes after this was sent, up to the end of the connection.
pub(crate) fn exchange(mut client: Secure, request: impl AsRef<[u8]>) -> io::Result<Vec<u8>> {
    client.write_all(request.as_ref())?;
    let mut answer = Vec::new();
    client.read_to_end(&mut answer)?;
    Ok(answer)
}

/// Why the first handshake failed of those that did.
#[track_caller]
pub(crate) fn why_failed(server: &TestServer) -> String {
    server.wait_for_tls_errors(1, secs(20))[0].tls_error().unwrap().to_owned()
}

/// The body of what is at the path, by a client that trusts the CA of the server and asks for 127.0.0.1.
pub(crate) fn fetch(server: &TestServer, path: &str) -> io::Result<String> {
    let client = connect(server, server.client_config(), "127.0.0.1")?;
    let answer = exchange(client, format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"))?;
    let answer = String::from_utf8(answer).map_err(io::Error::other)?;
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    body.ok_or_else(|| io::Error::other(answer))
}
