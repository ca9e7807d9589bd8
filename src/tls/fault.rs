//! What goes wrong with TLS on purpose.

/// How a server misbehaves while a connection is secured, or as it ends: [`TestServer::tls_fault`](crate::TestServer::tls_fault).
///
/// | | what clients say of it |
/// | --- | --- |
/// | `Expired`, `NotYetValid` | the certificate has expired, is not valid yet |
/// | `WrongHost` | the certificate is not valid for this name |
/// | `SelfSigned`, `UnknownCa`, `MissingIntermediate` | the issuer is unknown |
/// | `WrongChainOrder` | the first certificate is that of a CA, or does not fit the key |
/// | `Revoked` | that it was revoked, if they look at [`TestServer::crl_pem`](crate::TestServer::crl_pem) |
/// | `HandshakeFailure` | the server sent the alert `handshake_failure` |
/// | `NoTls` | what came is no TLS |
/// | `Close`, `Reset` | the connection ended in the handshake, was reset in it |
/// | `Stall` | nothing, until their timeout |
/// | `NoCloseNotify` | the connection ended without the alert `close_notify`, if they mind |
///
/// Certificates that are wrong on purpose are of the test CA, whatever the server shows otherwise: the client has to trust
/// [`TestServer::ca_pem`](crate::TestServer::ca_pem) to see what is wrong with them. Of a ready `ServerConfig` only ALPN counts
/// meanwhile.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let server = TestServer::builder().tls().start();
/// # let provider = server.client_config().crypto_provider().clone();
/// # let tls = ureq::tls::TlsConfig::builder().unversioned_rustls_crypto_provider(provider);
/// # let ca = ureq::tls::Certificate::from_der(&server.ca_der()).to_owned();
/// # let tls = tls.root_certs(ureq::tls::RootCerts::new_with_certs(&[ca]));
/// # let client = ureq::Agent::config_builder().tls_config(tls.build()).build().new_agent();
/// let _fault = server.tls_fault(TlsFault::NoTls);
/// client.get(server.url("/")).call().unwrap_err(); // what came is no TLS
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsFault {
    /// A certificate that expired yesterday.
    Expired,
    /// A certificate that is valid from tomorrow on.
    NotYetValid,
    /// A certificate for `wrong-host.invalid`.
    WrongHost,
    /// A certificate that no authority has signed.
    SelfSigned,
    /// A certificate of another authority.
    UnknownCa,
    /// A certificate that stands on the list of revocations, [`TestServer::crl_pem`](crate::TestServer::crl_pem). Clients that look at
    /// none take it for valid.
    Revoked,
    /// A certificate of an intermediate authority, whose own is not sent.
    MissingIntermediate,
    /// A chain with the certificate of an intermediate authority first and the server's second. RFC 8446, section 4.4.2: the sender's
    /// must be first.
    WrongChainOrder,
    /// The alert `handshake_failure` in place of an answer to the client's first message. RFC 8446, section 6.2.
    HandshakeFailure,
    /// An HTTP/1.1 response with the status 400 in the clear in place of an answer to the client's first message, as from a port
    /// without TLS.
    NoTls,
    /// A close in place of an answer to the client's first message.
    Close,
    /// A reset in place of an answer to the client's first message.
    Reset,
    /// No answer to the client's first message. The connection stays until the client ends it or the server stops.
    Stall,
    /// Connections end without the alert `close_notify`, which tells an end from a truncation (RFC 8446, section 6.1). For those whose
    /// handshake takes place meanwhile. A client sees it only where the end of the connection is the end of the body:
    /// `Response::raw("HTTP/1.1 200 OK\r\n\r\nto the end")`, or a response that is cut.
    NoCloseNotify,
}
