//! Options that concern TLS.

use crate::tls::options::Tls;

use super::Builder;

impl Builder {
    /// Speaks HTTPS: TLS 1.2 and 1.3, with a certificate of a CA that is made for this process, for `localhost`, the loopback
    /// addresses, and whatever name a client asks for. Everything else is as without it: files, rules, journal, faults, streams.
    /// Clients are told to trust the CA, and never to look away.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use fixture_server::prelude::*;
    /// use ureq::tls::{Certificate, RootCerts, TlsConfig};
    ///
    /// let server = TestServer::builder().dir("fixtures/site").tls().start();
    ///
    /// let ca = Certificate::from_der(&server.ca_der()).to_owned();
    /// let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[ca]));
    /// # let tls = tls.unversioned_rustls_crypto_provider(server.client_config().crypto_provider().clone());
    /// let client = ureq::Agent::config_builder().tls_config(tls.build()).build().new_agent();
    /// let page = client.get(server.url("/hello.txt")).call()?.body_mut().read_to_string()?;
    /// assert_eq!(page, "Hello, fixture!\n");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Nothing is made before the first server with TLS starts; that takes about a millisecond, and so does the first connection
    /// with a new name. A handshake has to be complete within the [`read_timeout`](Builder::read_timeout): 30 s, and no limit with
    /// [`http_server`](Builder::http_server). On a Unix socket the URL is `https://localhost`. Of several calls of this and
    /// [`tls_with`](Builder::tls_with) the last one counts.
    ///
    /// If there can be no TLS, or what [`Tls`] was given is of no use, `start` panics and `try_start` returns the error.
    #[doc(alias = "https")]
    #[doc(alias = "useHttps")]
    pub fn tls(self) -> Builder {
        self.tls_with(Tls::new())
    }

    /// [`tls`](Builder::tls) with options, or with an `Arc<rustls::ServerConfig>` that has everything.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let tls = Tls::new().require_client_certificate();
    /// let server = TestServer::builder().tls_with(tls).start();
    /// server.on("GET", "/", |request| {
    ///     let client = request.tls().and_then(|tls| tls.client()).unwrap();
    ///     format!("hello {client}")
    /// });
    /// let ada = server.client_certificate("ada"); // give its `pem()` to the client
    /// # assert!(ada.pem().starts_with("-----BEGIN PRIVATE KEY-----\n"));
    /// ```
    pub fn tls_with(mut self, tls: impl Into<Tls>) -> Builder {
        self.tls = Some(tls.into());
        self
    }
}
