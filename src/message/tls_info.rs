//! What was agreed upon when a connection was secured.

use std::fmt;

use bytes::Bytes;

/// What client and server agreed upon in the TLS handshake of a connection: [`Request::tls`](crate::Request::tls),
/// [`RecordedConnection::tls`](crate::RecordedConnection::tls). RFC 8446, and RFC 5246 for TLS 1.2.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use fixture_server::prelude::*;
/// # let roots = |server: &TestServer| {
/// #     let ca = ureq::tls::Certificate::from_der(&server.ca_der()).to_owned();
/// #     let provider = server.client_config().crypto_provider().clone();
/// #     let tls = ureq::tls::TlsConfig::builder().unversioned_rustls_crypto_provider(provider);
/// #     tls.root_certs(ureq::tls::RootCerts::new_with_certs(&[ca])).build()
/// # };
///
/// let server = TestServer::builder().tls().start();
/// server.on("GET", "/", |request| request.tls().map(|tls| tls.version().to_string()));
/// # let client = ureq::Agent::config_builder().tls_config(roots(&server)).build().new_agent();
/// assert_eq!(client.get(server.url("/")).call()?.body_mut().read_to_string()?, "TLSv1.3");
///
/// let request = &server.requests()[0];
/// let tls = request.tls().unwrap();
/// println!("{tls}"); // TLSv1.3, TLS13_AES_256_GCM_SHA384
/// assert_eq!((tls.version(), tls.server_name(), tls.alpn()), (TlsVersion::Tls13, None, None));
/// assert!(tls.alpn_offered().is_empty() && tls.client().is_none() && !tls.is_resumed());
/// assert!(tls.cipher_suite().starts_with("TLS13_"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsInfo {
    pub(crate) version: TlsVersion,
    pub(crate) cipher_suite: String,
    pub(crate) server_name: Option<String>,
    pub(crate) alpn: Option<String>,
    pub(crate) alpn_offered: Vec<String>,
    pub(crate) resumed: bool,
    pub(crate) client: Option<ClientIdentity>,
}

impl TlsInfo {
    /// The version of TLS; as text `TLSv1.3` or `TLSv1.2`.
    #[must_use]
    pub fn version(&self) -> TlsVersion {
        self.version
    }

    /// The cipher suite, such as `TLS13_AES_256_GCM_SHA384` (RFC 8446, appendix B.4).
    #[must_use]
    pub fn cipher_suite(&self) -> &str {
        &self.cipher_suite
    }

    /// The name that the client asked for (SNI, RFC 6066, section 3); clients send none for IP addresses.
    #[doc(alias = "sni")]
    #[must_use]
    pub fn server_name(&self) -> Option<&str> {
        self.server_name.as_deref()
    }

    /// The protocol that was chosen (ALPN, RFC 7301), one of those of [`Tls::alpn`](crate::Tls::alpn); `None` if the client offered
    /// none.
    #[must_use]
    pub fn alpn(&self) -> Option<&str> {
        self.alpn.as_deref()
    }

    /// The protocols that the client offered, in its order.
    #[must_use]
    pub fn alpn_offered(&self) -> &[String] {
        &self.alpn_offered
    }

    /// Whether it went on with the keys of an earlier connection, without certificates being shown again (RFC 8446, section 2.2).
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// Who the client is, by the certificate that it has shown and that was found to be valid.
    #[must_use]
    pub fn client(&self) -> Option<&ClientIdentity> {
        self.client.as_ref()
    }
}

impl fmt::Display for TlsInfo {
    /// One line: `TLSv1.3, TLS13_AES_256_GCM_SHA384, http/1.1, api.example.com, client ada`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.version, self.cipher_suite)?;
        for part in [&self.alpn, &self.server_name].into_iter().flatten() {
            write!(f, ", {part}")?;
        }
        match &self.client {
            Some(client) => write!(f, ", client {client}"),
            None => Ok(()),
        }
    }
}

/// A version of TLS: [`TlsInfo::version`], [`Tls::only`](crate::Tls::only).
///
/// ```
/// use fixture_server::TlsVersion;
///
/// assert_eq!(TlsVersion::Tls13.to_string(), "TLSv1.3");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2, RFC 5246.
    Tls12,
    /// TLS 1.3, RFC 8446.
    Tls13,
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TlsVersion::Tls12 => "TLSv1.2",
            TlsVersion::Tls13 => "TLSv1.3",
        })
    }
}

/// Who a client is, by its certificate: [`TlsInfo::client`].
///
/// ```
/// use fixture_server::prelude::*;
///
/// let server = TestServer::builder().tls_with(Tls::new().require_client_certificate()).start();
/// server.on("GET", "/", |request| match request.tls().and_then(|tls| tls.client()) {
///     Some(client) if client.common_name() == Some("ada") => format!("{} bytes", client.certificate_der().len()),
///     Some(client) => client.dns_names().join(", "),
///     None => unreachable!("a certificate is required"),
/// });
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientIdentity {
    pub(crate) common_name: Option<String>,
    pub(crate) dns_names: Vec<String>,
    pub(crate) der: Bytes,
}

impl ClientIdentity {
    /// The common name of the certificate's subject.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.common_name.as_deref()
    }

    /// The DNS names among its subject's alternative names.
    #[must_use]
    pub fn dns_names(&self) -> &[String] {
        &self.dns_names
    }

    /// The certificate, in DER.
    #[must_use]
    pub fn certificate_der(&self) -> &[u8] {
        &self.der
    }
}

impl fmt::Display for ClientIdentity {
    /// The common name, or else the first DNS name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.common_name.as_deref().or_else(|| self.dns_names.first().map(String::as_str));
        f.write_str(name.unwrap_or("without a name"))
    }
}
