//! Shows HTTPS: whom clients are to trust, who they are, and what they say of a certificate that has expired.
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::error::Error;

use fixture_server::ClientCertificate;
use fixture_server::prelude::*;
use ureq::Agent;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

/// A client that trusts the CA of the server, and shows a certificate if it has one.
fn client(server: &TestServer, own: Option<&ClientCertificate>) -> Result<Agent, Box<dyn Error>> {
    let ca = Certificate::from_pem(server.ca_pem().as_bytes())?;
    let shown = match own {
        None => None,
        Some(own) => {
            let certificate = Certificate::from_pem(own.certificate_pem().as_bytes())?;
            Some(ClientCert::new_with_certs(&[certificate], PrivateKey::from_pem(own.key_pem().as_bytes())?))
        }
    };
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&[ca]))
        .client_cert(shown)
        // With the default features of ureq this line is not needed: they have a provider.
        .unversioned_rustls_crypto_provider(server.client_config().crypto_provider().clone());
    Ok(Agent::config_builder().tls_config(tls.build()).build().new_agent())
}

fn main() -> Result<(), Box<dyn Error>> {
    let tls = Tls::new().require_client_certificate();
    let server = TestServer::builder().dir("fixtures/site").tls_with(tls).start();
    server.on("GET", "/who", |request| request.tls().and_then(|tls| tls.client()).map(ToString::to_string));

    let ada = server.client_certificate("ada");
    let client_of_ada = client(&server, Some(&ada))?;
    assert_eq!(client_of_ada.get(server.url("/who")).call()?.body_mut().read_to_string()?, "ada");
    assert_eq!(client_of_ada.get(server.url("/hello.txt")).call()?.body_mut().read_to_string()?, "Hello, fixture!\n");
    println!("agreed upon: {}", server.requests()[0].tls().ok_or("no TLS")?);

    // A real server ends the handshake with an alert, and so does this one.
    let refused = client(&server, None)?.get(server.url("/who")).call().unwrap_err();
    println!("without a certificate: {refused}");

    // Connections that are there already are left alone, so this takes a new client.
    let expired = server.tls_fault(TlsFault::Expired);
    let refused = client(&server, Some(&ada))?.get(server.url("/who")).call().unwrap_err();
    println!("with a server whose certificate has expired: {refused}");
    assert!(refused.to_string().contains("expired"), "{refused}");
    drop(expired);

    for connection in server.connections() {
        println!("{connection}");
    }
    server.assert_received(get("/who"), 1);
    Ok(())
}
