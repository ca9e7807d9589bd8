//! What HTTPS costs, beside a bare loop over rustls: the same certificate, the same provider, the same client.

mod support;

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use fixture_server::prelude::*;
use fixture_server::rustls::client::Resumption;
use fixture_server::rustls::pki_types::pem::PemObject;
use fixture_server::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use fixture_server::rustls::version::{TLS12, TLS13};
use fixture_server::rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
};

use support::{Bench, Outcome};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n";
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\r\nhello";
const CLIENTS: u32 = 4;
const EACH: u32 = 8;

type Secure<C> = StreamOwned<C, TcpStream>;

fn file(name: &str) -> String {
    format!("{}/tests/program/tls/{name}.pem", env!("CARGO_MANIFEST_DIR"))
}

fn main() -> Outcome {
    let bench = Bench::from_arguments();
    let (chain, key) = (std::fs::read(file("chain"))?, std::fs::read(file("plain"))?);
    for (shown, version) in [("TLS 1.3", TlsVersion::Tls13), ("TLS 1.2", TlsVersion::Tls12)] {
        let tls = Tls::new().certificate(&chain, &key).only(version);
        let server = TestServer::builder().journal_limit(0).tls_with(tls).start();
        server.on("GET", "/", |_| "hello");
        let bare = bare_loop(&server, version)?;
        for (name, addr) in [("bare", bare), ("ours", server.addr())] {
            let fresh = Arc::new(client_config(&server, true)?);
            bench.run(&format!("{shown}, {name}: connection, handshake, request"), 1, || once(addr, &fresh))?;
            bench.run(&format!("{shown}, {name}: the same by {CLIENTS} clients at once"), CLIENTS * EACH, || {
                at_once(addr, &fresh)
            })?;
            let known = Arc::new(client_config(&server, false)?);
            once(addr, &known)?;
            bench.run(&format!("{shown}, {name}: the same, resumed"), 1, || once(addr, &known))?;
            let mut kept = connect(addr, &fresh)?;
            bench.run(&format!("{shown}, {name}: request on a kept connection"), 1, || exchange(&mut kept))?;
        }
    }
    Ok(())
}

fn client_config(server: &TestServer, is_fresh: bool) -> io::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(file("ca")).map_err(io::Error::other)?).map_err(io::Error::other)?;
    let config = ClientConfig::builder_with_provider(server.client_config().crypto_provider().clone());
    let config = config.with_safe_default_protocol_versions().map_err(io::Error::other)?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    if is_fresh {
        config.resumption = Resumption::disabled();
    }
    Ok(config)
}

fn connect(addr: SocketAddr, config: &Arc<ClientConfig>) -> io::Result<Secure<ClientConnection>> {
    let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
    let connection = ClientConnection::new(config.clone(), name).map_err(io::Error::other)?;
    let stream = TcpStream::connect(addr)?;
    stream.set_nodelay(true)?;
    Ok(StreamOwned::new(connection, stream))
}

fn exchange(stream: &mut (impl Read + Write)) -> io::Result<()> {
    stream.write_all(REQUEST)?;
    let (mut answer, mut filled) = ([0; 512], 0);
    while !answer[..filled].ends_with(b"hello") {
        match stream.read(&mut answer[filled..])? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            length => filled += length,
        }
    }
    Ok(())
}

fn once(addr: SocketAddr, config: &Arc<ClientConfig>) -> io::Result<()> {
    exchange(&mut connect(addr, config)?)
}

fn at_once(addr: SocketAddr, config: &Arc<ClientConfig>) -> io::Result<()> {
    thread::scope(|scope| {
        let clients: Vec<_> =
            (0..CLIENTS).map(|_| scope.spawn(|| (0..EACH).try_for_each(|_| once(addr, config)))).collect();
        clients.into_iter().try_for_each(|client| client.join().map_err(|_| io::Error::other("a client panicked"))?)
    })
}

/// A thread for each connection, and rustls as its examples use it.
fn bare_loop(server: &TestServer, version: TlsVersion) -> io::Result<SocketAddr> {
    let version = match version {
        TlsVersion::Tls12 => &TLS12,
        _ => &TLS13,
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file("chain")).map_err(io::Error::other)?.collect();
    let key = PrivateKeyDer::from_pem_file(file("plain")).map_err(io::Error::other)?;
    let config = ServerConfig::builder_with_provider(server.client_config().crypto_provider().clone());
    let config = config.with_protocol_versions(&[version]).map_err(io::Error::other)?.with_no_client_auth();
    let config = Arc::new(config.with_single_cert(chain.map_err(io::Error::other)?, key).map_err(io::Error::other)?);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let addr = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let config = config.clone();
            thread::spawn(move || {
                let Ok(connection) = ServerConnection::new(config) else { return };
                let _ = stream.set_nodelay(true);
                let mut client: Secure<ServerConnection> = StreamOwned::new(connection, stream);
                let (mut request, mut filled) = ([0; 512], 0);
                while let Ok(length @ 1..) = client.read(&mut request[filled..]) {
                    filled += length;
                    if request[..filled].ends_with(b"\r\n\r\n") {
                        filled = 0;
                        if client.write_all(ANSWER).is_err() {
                            return;
                        }
                    }
                }
            });
        }
    });
    Ok(addr)
}
