//! How a server is to speak TLS.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::message::tls_info::TlsVersion;

use super::authority::is_dns_name;

/// How a server speaks TLS: [`Builder::tls_with`](crate::Builder::tls_with). Without options TLS 1.2 and 1.3, `http/1.1` by
/// ALPN, no certificates of clients, and a certificate of the test CA of this process: for `localhost`, `127.0.0.1`, `::1`, the
/// address by which a client has reached the server, and whatever name it asks for by SNI.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let tls = Tls::new().require_client_certificate().only(TlsVersion::Tls13);
/// let server = TestServer::builder().tls_with(tls).start();
/// assert!(server.url("/").starts_with("https://127.0.0.1:"));
/// ```
#[must_use = "it does nothing until a builder is given it: `.tls_with(tls)`"]
#[derive(Debug)]
pub struct Tls {
    pub(super) names: Vec<String>,
    pub(super) certificate: Certificate,
    pub(super) asks: Asks,
    pub(super) client_authorities: Vec<CertificateDer<'static>>,
    pub(super) alpn: Vec<Vec<u8>>,
    pub(super) version: Option<TlsVersion>,
    pub(super) takes_plain_http: bool,
    /// What was given and cannot be read; told when the server is started.
    pub(super) wrong: Option<String>,
    /// An option was chosen that a ready configuration has no use for.
    is_configured_twice: bool,
}

/// Which certificate is shown.
#[derive(Debug)]
pub(super) enum Certificate {
    /// One of the test CA.
    Ours,
    Given {
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    },
    /// Whatever this says, and all else is as it says.
    Config(Arc<ServerConfig>),
}

/// Whether clients are asked for a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    No,
    Optionally,
    Always,
}

impl Default for Tls {
    fn default() -> Tls {
        Tls::new()
    }
}

impl Tls {
    /// TLS as most tests want it: that of [`Builder::tls`](crate::Builder::tls).
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::builder().tls_with(Tls::new()).start();
    /// assert!(server.url("/").starts_with("https://"));
    /// ```
    pub fn new() -> Tls {
        Tls {
            names: Vec::new(),
            certificate: Certificate::Ours,
            asks: Asks::No,
            client_authorities: Vec::new(),
            alpn: vec![b"http/1.1".to_vec()],
            version: None,
            takes_plain_http: false,
            wrong: None,
            is_configured_twice: false,
        }
    }

    /// Why the options do not go together.
    pub(super) fn contradiction(&self) -> Option<&'static str> {
        let is_ours = matches!(self.certificate, Certificate::Ours);
        if self.is_configured_twice {
            return Some(
                "of the options of `Tls` only `accept_plain_http` goes with a ready `ServerConfig`, which says everything else: set \
                 it there",
            );
        }
        if !self.names.is_empty() && !is_ours {
            return Some("`Tls::names` does not go with `Tls::certificate`, which has names of its own");
        }
        if !self.client_authorities.is_empty() && self.asks == Asks::No {
            return Some(
                "`Tls::client_authorities` needs `require_client_certificate` or `request_client_certificate`",
            );
        }
        None
    }

    fn option(&mut self) -> &mut Tls {
        self.is_configured_twice |= matches!(self.certificate, Certificate::Config(_));
        self
    }

    /// Names and addresses that every certificate has besides the usual ones, as subject alternative names (RFC 5280, section
    /// 4.2.1.6). A name that a client asks for by SNI needs no mention: it gets a certificate anyway. Further calls add more.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let tls = Tls::new().names(["192.0.2.7", "*.internal.example"]);
    /// let server = TestServer::builder().tls_with(tls).start();
    /// ```
    ///
    /// # Panics
    ///
    /// If one is neither an address nor a DNS name; `*.example.com` is one.
    #[track_caller]
    pub fn names(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Tls {
        for name in names {
            let name = name.into();
            assert!(
                name.parse::<std::net::IpAddr>().is_ok() || is_dns_name(&name),
                "{name:?} cannot stand in a certificate: write an IP address or a DNS name, without scheme, port and path"
            );
            self.option().names.push(name);
        }
        self
    }

    /// Clients must show a certificate of the test CA, as [`TestServer::client_certificate`](crate::TestServer::client_certificate)
    /// issues it (RFC 8446, section 4.3.2). Whoever shows none, or another, gets the alert `certificate_required` or the one that
    /// says what is wrong with it (section 6.2), and no request of theirs is read. In TLS 1.3 a client learns so when it reads the
    /// answer, after its side of the handshake has succeeded.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let tls = Tls::new().require_client_certificate();
    /// let server = TestServer::builder().tls_with(tls).start();
    /// let ada = server.client_certificate("ada"); // for the client to show
    /// ```
    #[doc(alias = "mtls")]
    pub fn require_client_certificate(mut self) -> Tls {
        self.option().asks = Asks::Always;
        self
    }

    /// Clients are asked for a certificate, and may show none; a wrong one ends the handshake.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::builder().tls_with(Tls::new().request_client_certificate()).start();
    /// server.on("GET", "/", |request| match request.tls().and_then(|tls| tls.client()) {
    ///     Some(client) => Response::text(client.to_string()),
    ///     None => Response::new(401),
    /// });
    /// ```
    pub fn request_client_certificate(mut self) -> Tls {
        self.option().asks = Asks::Optionally;
        self
    }

    /// Which authorities the certificates of clients may be of, instead of the test CA: certificates in PEM (RFC 7468), several
    /// of them in one text if need be. Further calls add more. What is wrong with them is an error of
    /// [`try_start`](crate::Builder::try_start).
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let ca = std::fs::read("tests/https/ca.pem")?;
    /// let tls = Tls::new().require_client_certificate().client_authorities(ca);
    /// let server = TestServer::builder().tls_with(tls).start();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn client_authorities(mut self, pem: impl AsRef<[u8]>) -> Tls {
        match certificates(pem.as_ref()) {
            Ok(more) => self.option().client_authorities.extend(more),
            Err(why) => self.wrong = Some(format!("the CA for clients: {why}")),
        }
        self
    }

    /// The protocols that are offered by ALPN (RFC 7301), the most wanted first; with none the extension is not answered. Default:
    /// `http/1.1`. A client that offers others only gets the alert `no_application_protocol`, unless the server speaks as
    /// [`http_server`](crate::Builder::http_server). HTTP/1.1 is spoken whatever was agreed upon.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let tls = Tls::new().alpn(["h2"]); // to see what a client makes of it
    /// let server = TestServer::builder().tls_with(tls).start();
    /// ```
    ///
    /// # Panics
    ///
    /// If a name is empty or longer than 255 bytes.
    pub fn alpn(mut self, protocols: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Tls {
        self.option().alpn = protocols
            .into_iter()
            .map(|protocol| {
                let name = protocol.as_ref();
                let (shown, length) = (name.escape_ascii(), name.len());
                assert!((1..=255).contains(&length), "an ALPN name has 1 to 255 bytes, and \"{shown}\" has {length}");
                name.to_vec()
            })
            .collect();
        self
    }

    /// This version and no other; default: TLS 1.2 and 1.3. Clients that do not speak it get the alert `protocol_version` (RFC 8446,
    /// section 6.2).
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let tls = Tls::new().only(TlsVersion::Tls12);
    /// let server = TestServer::builder().tls_with(tls).start();
    /// ```
    pub fn only(mut self, version: TlsVersion) -> Tls {
        self.option().version = Some(version);
        self
    }

    /// The port takes plain HTTP too: the first byte of a connection decides. Without it whoever asks over plain HTTP
    /// is told so by a plain `400`, and the connection ends; with [`http_server`](crate::Builder::http_server) it ends without a word.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::builder().tls_with(Tls::new().accept_plain_http()).start();
    /// let (secure, host) = (server.base_url(), server.addr());
    /// server.on("GET", "/{*path}", move |request| match request.tls() {
    ///     None => Response::redirect(format!("{secure}{}", request.target())),
    ///     Some(_) => Response::text("hello"),
    /// });
    ///
    /// let client: ureq::Agent = ureq::Agent::config_builder().max_redirects(0).build().into();
    /// let answer = client.get(format!("http://{host}/a")).call()?;
    /// assert_eq!(answer.headers()["location"], server.url("/a"));
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[doc(alias = "https_optional")]
    pub fn accept_plain_http(mut self) -> Tls {
        self.takes_plain_http = true;
        self
    }

    /// Shows this certificate instead of one of the test CA: a chain in PEM (RFC 7468), the server's own first (RFC 8446, section
    /// 4.4.2), and its key, not encrypted, which may stand in the same text. What is wrong with them is an error of
    /// [`try_start`](crate::Builder::try_start). Clients need the CA of this certificate.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let chain = std::fs::read("tests/program/tls/chain.pem")?;
    /// let key = std::fs::read("tests/program/tls/plain.pem")?;
    /// let server = TestServer::builder().tls_with(Tls::new().certificate(chain, key)).start();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn certificate(mut self, chain_pem: impl AsRef<[u8]>, key_pem: impl AsRef<[u8]>) -> Tls {
        self.option();
        match (certificates(chain_pem.as_ref()), private_key(key_pem.as_ref())) {
            (Ok(chain), Ok(key)) => self.certificate = Certificate::Given { chain, key },
            (Err(why), _) => self.wrong = Some(format!("the certificate: {why}")),
            (_, Err(why)) => self.wrong = Some(format!("the key of the certificate: {why}")),
        }
        self
    }
}

/// A ready configuration, for all that the options do not say: certificates, client authentication, tickets. Of the options
/// only [`accept_plain_http`](Tls::accept_plain_http) goes with it. Early data (0-RTT, RFC 8446, section 2.3) is never accepted.
///
/// ```
/// use fixture_server::prelude::*;
/// use fixture_server::rustls::ServerConfig;
/// use fixture_server::rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
/// use std::sync::Arc;
///
/// # let provider = TestServer::empty().client_config().crypto_provider().clone();
/// let chain = CertificateDer::pem_file_iter("tests/program/tls/chain.pem")?.collect::<Result<_, _>>()?;
/// let key = PrivateKeyDer::from_pem_file("tests/program/tls/plain.pem")?;
/// let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
/// let config = config.with_no_client_auth().with_single_cert(chain, key)?;
/// let server = TestServer::builder().tls_with(Arc::new(config)).start();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl From<Arc<ServerConfig>> for Tls {
    fn from(config: Arc<ServerConfig>) -> Tls {
        Tls { alpn: config.alpn_protocols.clone(), certificate: Certificate::Config(config), ..Tls::new() }
    }
}

fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    match read {
        Ok(found) if found.is_empty() => Err(nothing_in("certificate", text)),
        Ok(found) => Ok(found),
        Err(error) => Err(error.to_string()),
    }
}

fn private_key(text: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_slice(text).map_err(|error| match error {
        pem::Error::NoItemsFound if text.windows(9).any(|piece| piece == b"ENCRYPTED") => {
            "it is encrypted, and passwords are not taken here: `openssl pkcs8 -in key.pem -out plain.pem` takes it off"
                .to_owned()
        }
        pem::Error::NoItemsFound => nothing_in("private key", text),
        error => error.to_string(),
    })
}

fn nothing_in(what: &str, text: &[u8]) -> String {
    let length = text.len();
    format!("there is no {what} in its {length} bytes; what is taken is the text of a PEM file, not its name")
}
