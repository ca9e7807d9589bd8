//! What tests need of TLS: whom clients are to trust, and who they are.

pub(crate) mod failures;

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::ClientConfig;

use crate::builder::{Bind, Builder};
use crate::files::temporary::TemporaryFile;
use crate::start_error::StartError;
use crate::tls::authority::Authority;
use crate::tls::client::{ClientCertificate, ca_pem, client_config, crl_pem};
use crate::tls::shown::Shown;
use crate::wire::Dialect;

use super::TestServer;
use super::at::{At, reachable};

/// What a server has of TLS.
#[derive(Default)]
pub(super) struct Side {
    /// `None` if it speaks plain HTTP.
    shown: Option<Arc<Shown>>,
    ca_file: OnceLock<TemporaryFile>,
}

impl Side {
    pub(super) fn new(builder: &mut Builder) -> Result<Side, StartError> {
        let Some(tls) = builder.tls.take() else { return Ok(Side::default()) };
        let bound = match &builder.bind {
            Bind::Tcp(addr) => Some(addr.ip()),
            #[cfg(unix)]
            Bind::Unix(_) => None,
        };
        let takes_any_protocol = builder.settings.reading.dialect == Dialect::HttpServer;
        let shown = Shown::new(tls, bound, takes_any_protocol).map_err(StartError::tls)?;
        builder.settings.securing = Some(shown.clone());
        Ok(Side { shown: Some(shown), ca_file: OnceLock::new() })
    }
}

impl TestServer {
    /// The certificate of the test CA of this process, in PEM (RFC 7468): what clients are to trust. It is made when it is first
    /// needed, is the same for all servers of the process, and its key is nowhere but in it. It signs what servers show, but for
    /// those with a [`Tls::certificate`](crate::Tls::certificate) or a `ServerConfig`: their clients need the CA of that, and
    /// this, [`ca_file`](TestServer::ca_file), [`envs`](TestServer::envs) and [`client_config`](TestServer::client_config) are of no
    /// use to them. A server without TLS has it too.
    ///
    /// | client | |
    /// | --- | --- |
    /// | reqwest | `Client::builder().tls_certs_only([Certificate::from_pem(server.ca_pem().as_bytes())?])` |
    /// | ureq | `TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[Certificate::from_pem(server.ca_pem().as_bytes())?]))` |
    /// | hyper-rustls | `HttpsConnectorBuilder::new().with_tls_config(server.client_config())` |
    /// | curl | `curl --cacert FILE`, with [`ca_file`](TestServer::ca_file) |
    /// | Python | `ssl.create_default_context(cadata=PEM)` |
    /// | a program of any kind | `Command::new(..).envs(server.envs())` |
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::builder().tls().start();
    /// assert!(server.ca_pem().starts_with("-----BEGIN CERTIFICATE-----\n"));
    /// assert_eq!(server.ca_pem(), TestServer::empty().ca_pem());
    /// ```
    ///
    /// # Panics
    ///
    /// If there can be no TLS, for want of processor instructions for example.
    #[track_caller]
    #[must_use]
    pub fn ca_pem(&self) -> String {
        or_panic(ca_pem())
    }

    /// [`ca_pem`](TestServer::ca_pem) in DER.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// # use fixture_server::rustls::{RootCertStore, pki_types::CertificateDer};
    /// let server = TestServer::builder().tls().start();
    /// let mut roots = RootCertStore::empty();
    /// roots.add(CertificateDer::from(server.ca_der()))?;
    /// # Ok::<(), fixture_server::rustls::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// As [`ca_pem`](TestServer::ca_pem).
    #[track_caller]
    #[must_use]
    pub fn ca_der(&self) -> Vec<u8> {
        or_panic(Authority::of_process()).certificate().to_vec()
    }

    /// [`ca_pem`](TestServer::ca_pem) in a file, for other programs. It lies in the directory for temporary files, is written when it
    /// is first asked for, and goes with the server.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::builder().tls().start();
    /// let mut command = std::process::Command::new("curl");
    /// command.arg("--cacert").arg(server.ca_file()).arg(server.url("/"));
    /// assert_eq!(std::fs::read_to_string(server.ca_file())?, server.ca_pem());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If it cannot be written, or as [`ca_pem`](TestServer::ca_pem); [`try_ca_file`](TestServer::try_ca_file) does not.
    #[track_caller]
    #[must_use]
    pub fn ca_file(&self) -> &Path {
        or_panic(self.try_ca_file().map_err(|error| error.to_string()))
    }

    /// [`ca_file`](TestServer::ca_file) as a `Result`.
    ///
    /// # Errors
    ///
    /// If it cannot be written, with the directory and the system's reason; of the kind `Unsupported` if there can be no TLS.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::builder().tls().start();
    /// assert!(server.try_ca_file()?.is_absolute());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn try_ca_file(&self) -> io::Result<&Path> {
        if let Some(file) = self.tls.ca_file.get() {
            return Ok(file.path());
        }
        let pem = ca_pem().map_err(|why| io::Error::new(io::ErrorKind::Unsupported, why))?;
        let made = TemporaryFile::new("fixture-server-ca", "pem", pem.as_bytes()).map_err(|error| {
            let directory = std::env::temp_dir();
            let text = format!("cannot write the certificate of the CA into {}: {error}", directory.display());
            io::Error::new(error.kind(), text)
        })?;
        Ok(self.tls.ca_file.get_or_init(|| made).path())
    }

    /// Environment variables that make child processes reach this server: trust its CA, and use no proxy for it.
    ///
    /// | variable | read by |
    /// | --- | --- |
    /// | `SSL_CERT_FILE` | OpenSSL, Go, Ruby, and rustls with native certificates |
    /// | `CURL_CA_BUNDLE`, `REQUESTS_CA_BUNDLE`, `NODE_EXTRA_CA_CERTS`, `AWS_CA_BUNDLE`, `GIT_SSL_CAINFO` | curl, Python's requests, Node.js, the AWS programs, git |
    /// | `NO_PROXY`, `no_proxy` | nearly all |
    ///
    /// They take the place of what the variables held before. curl, requests, the AWS programs and git then trust nobody else; OpenSSL and Go
    /// still trust the directory of the system, unless `SSL_CERT_DIR` names an empty one, and Node.js those that it knows anyway. Java
    /// reads none of them: `keytool -importcert -file` takes the [`ca_file`](TestServer::ca_file). Of a server without TLS these
    /// are the last two.
    ///
    /// ```no_run
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::builder().dir("fixtures/site").tls().start();
    /// let done = std::process::Command::new("curl").arg(server.url("/hello.txt")).envs(server.envs()).output()?;
    /// assert_eq!(done.stdout, b"Hello, fixture!\n");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// As [`ca_file`](TestServer::ca_file).
    #[track_caller]
    #[must_use]
    pub fn envs(&self) -> Vec<(&'static str, OsString)> {
        const OF_CA: [&str; 6] = [
            "SSL_CERT_FILE",
            "CURL_CA_BUNDLE",
            "REQUESTS_CA_BUNDLE",
            "NODE_EXTRA_CA_CERTS",
            "AWS_CA_BUNDLE",
            "GIT_SSL_CAINFO",
        ];
        let mut all = Vec::new();
        if self.tls.shown.is_some() {
            let file = self.ca_file();
            all.extend(OF_CA.map(|name| (name, file.into())));
        }
        let mut no_proxy = "127.0.0.1,localhost,::1,[::1]".to_owned();
        if let At::Tcp(addr) = &self.at {
            let host = reachable(*addr).ip();
            if !host.is_loopback() {
                no_proxy = format!("{no_proxy},{host}");
            }
        }
        all.extend(["NO_PROXY", "no_proxy"].map(|name| (name, no_proxy.clone().into())));
        all
    }

    /// A configuration for clients that speak TLS by rustls 0.23, which is re-exported as [`fixture_server::rustls`](crate::rustls): it
    /// trusts the CA of this process and nobody else, and offers no protocols by ALPN. It brings its own provider of cryptography, and
    /// leaves that of the process alone.
    ///
    /// ```
    /// use fixture_server::prelude::*;
    /// use fixture_server::rustls::{ClientConnection, StreamOwned};
    /// use std::io::{Read, Write};
    ///
    /// let server = TestServer::builder().tls().start();
    /// server.on("GET", "/", |_| "hello");
    ///
    /// let client = ClientConnection::new(server.client_config().into(), "localhost".try_into()?)?;
    /// let mut client = StreamOwned::new(client, std::net::TcpStream::connect(server.addr())?);
    /// client.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    /// let mut answer = String::new();
    /// client.read_to_string(&mut answer)?;
    /// assert!(answer.ends_with("hello"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    ///
    /// As [`ca_pem`](TestServer::ca_pem).
    #[track_caller]
    #[must_use]
    pub fn client_config(&self) -> ClientConfig {
        or_panic(client_config(None))
    }

    /// [`client_config`](TestServer::client_config) of a client that shows this certificate when it is asked for one.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::builder().tls_with(Tls::new().require_client_certificate()).start();
    /// let config = server.client_config_as(&server.client_certificate("ada"));
    /// assert!(config.client_auth_cert_resolver.has_certs());
    /// ```
    ///
    /// # Panics
    ///
    /// As [`ca_pem`](TestServer::ca_pem).
    #[track_caller]
    #[must_use]
    pub fn client_config_as(&self, certificate: &ClientCertificate) -> ClientConfig {
        or_panic(client_config(Some(certificate)))
    }

    /// A certificate for a client, issued by the test CA: for servers that [require](crate::Tls::require_client_certificate)
    /// one. The name becomes its common name and, if it is a DNS name or an IP address, its subject alternative name (RFC 5280,
    /// section 4.2.1.6). Each call makes a new one, valid from yesterday on for 397 days. What it is good for: [`ClientCertificate`].
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::builder().tls_with(Tls::new().require_client_certificate()).start();
    /// let ada = server.client_certificate("ada");
    /// let file = tempfile::NamedTempFile::new()?; // for `curl --cert FILE`
    /// std::fs::write(&file, ada.pem())?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// As [`ca_pem`](TestServer::ca_pem).
    #[doc(alias = "mtls")]
    #[track_caller]
    pub fn client_certificate(&self, name: impl AsRef<str>) -> ClientCertificate {
        or_panic(ClientCertificate::issue(name.as_ref()))
    }

    /// The list of what the test CA has revoked, in PEM (RFC 5280, section 5): the certificate of [`TlsFault::Revoked`](crate::TlsFault::Revoked).
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::builder().tls().start();
    /// let list = tempfile::NamedTempFile::new()?; // for `curl --crlfile FILE`
    /// std::fs::write(&list, server.crl_pem())?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// As [`ca_pem`](TestServer::ca_pem).
    #[track_caller]
    #[must_use]
    pub fn crl_pem(&self) -> String {
        or_panic(crl_pem())
    }
}

#[track_caller]
fn or_panic<T>(result: Result<T, String>) -> T {
    match result {
        Ok(value) => value,
        Err(why) => panic!("{why}"),
    }
}
