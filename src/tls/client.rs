//! What clients of a server need: whom to trust, and who they are.

use pem::Pem;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::authority::{Authority, Issued, Purpose, Wanted};

/// A client's certificate of the test CA, with its key: [`TestServer::client_certificate`](crate::TestServer::client_certificate).
///
/// | client | |
/// | --- | --- |
/// | rustls | [`client_config_as`](crate::TestServer::client_config_as) |
/// | reqwest, by rustls | `.identity(Identity::from_pem(ada.pem().as_bytes())?)` |
/// | reqwest, by native-tls | `.identity(Identity::from_pkcs8_pem(ada.certificate_pem().as_bytes(), ada.key_pem().as_bytes())?)` |
/// | ureq | `.client_cert(..)` of its `TlsConfig`: see [the page about HTTPS](crate::https) |
/// | curl | `curl --cert FILE`, with [`pem`](ClientCertificate::pem) in it |
///
/// ```
/// use fixture_server::prelude::*;
///
/// let server = TestServer::builder().tls().start();
/// let ada = server.client_certificate("ada");
/// assert!(ada.certificate_pem().starts_with("-----BEGIN CERTIFICATE-----\n"));
/// assert!(ada.key_pem().starts_with("-----BEGIN PRIVATE KEY-----\n"));
/// assert_eq!(ada.pem(), ada.key_pem() + &ada.certificate_pem());
/// assert!(!ada.certificate_der().is_empty() && !ada.key_der().is_empty());
/// ```
pub struct ClientCertificate {
    chain: Vec<CertificateDer<'static>>,
    key: PrivatePkcs8KeyDer<'static>,
}

impl ClientCertificate {
    pub(crate) fn issue(name: &str) -> Result<ClientCertificate, String> {
        let names = [name.to_owned()];
        let Issued { chain, key } = Authority::of_process()?.issue(&Wanted::now(&names, Purpose::Client))?;
        Ok(ClientCertificate { chain, key: key.encoded })
    }

    /// The certificate, in PEM (RFC 7468).
    #[must_use]
    pub fn certificate_pem(&self) -> String {
        self.chain.iter().map(|certificate| text("CERTIFICATE", certificate)).collect()
    }

    /// Its key, in PEM: PKCS#8 (RFC 5958), not encrypted.
    #[must_use]
    pub fn key_pem(&self) -> String {
        text("PRIVATE KEY", self.key.secret_pkcs8_der())
    }

    /// Key and certificate in one text, as `curl --cert` and, with reqwest's rustls, `Identity::from_pem` take them.
    #[must_use]
    pub fn pem(&self) -> String {
        self.key_pem() + &self.certificate_pem()
    }

    /// The certificate, in DER.
    #[must_use]
    pub fn certificate_der(&self) -> &[u8] {
        self.chain.first().map(AsRef::as_ref).unwrap_or_default()
    }

    /// Its key, in DER: PKCS#8.
    #[must_use]
    pub fn key_der(&self) -> &[u8] {
        self.key.secret_pkcs8_der()
    }
}

impl std::fmt::Debug for ClientCertificate {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientCertificate").finish_non_exhaustive()
    }
}

/// A configuration of a client that trusts the test CA and nobody else, and shows this certificate if it is asked.
pub(crate) fn client_config(shows: Option<&ClientCertificate>) -> Result<ClientConfig, String> {
    let authority = Authority::of_process()?;
    let said = |error: rustls::Error| error.to_string();
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate().clone()).map_err(said)?;
    let builder = ClientConfig::builder_with_provider(authority.provider.clone());
    let builder = builder.with_safe_default_protocol_versions().map_err(said)?.with_root_certificates(roots);
    match shows {
        None => Ok(builder.with_no_client_auth()),
        Some(shows) => builder.with_client_auth_cert(shows.chain.clone(), shows.key.clone_key().into()).map_err(said),
    }
}

/// The certificate of the test CA, in PEM.
pub(crate) fn ca_pem() -> Result<String, String> {
    Ok(text("CERTIFICATE", Authority::of_process()?.certificate()))
}

/// What the test CA has revoked, in PEM.
pub(crate) fn crl_pem() -> Result<String, String> {
    Ok(text("X509 CRL", &Authority::of_process()?.revocations()?))
}

fn text(label: &str, der: &[u8]) -> String {
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    pem::encode_config(&Pem::new(label, der), config)
}
