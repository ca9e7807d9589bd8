//! HTTPS: certificates and keys from files, or made for this run.

mod key;

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use fixture_server::rustls::pki_types::pem::{self, PemObject};
use fixture_server::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use fixture_server::{Builder, StartError, TestServer, Tls};

use crate::arguments::{Arguments, given};

/// How connections are secured.
pub(crate) enum Security {
    No,
    /// By a certificate that is made for this run.
    SelfSigned,
    /// By this chain and this key, both in PEM, from these files.
    Certificate {
        chain: Vec<u8>,
        key: Vec<u8>,
        files: [PathBuf; 2],
    },
}

impl Security {
    /// What the command line asks for.
    pub(crate) fn of(arguments: &Arguments) -> Result<Security, String> {
        let Some(certificate_file) = given(arguments.tls_cert.as_ref()) else {
            return Ok(if arguments.tls_self_signed { Security::SelfSigned } else { Security::No });
        };
        let key_file = given(arguments.tls_key.as_ref()).unwrap_or(certificate_file);
        let key_option = if key_file == certificate_file { "--tls-cert" } else { "--tls-key" };
        let chain = read(certificate_file, "certificate", "--tls-cert")?;
        let first = CertificateDer::from_pem_slice(&chain);
        first.map_err(|error| not_in(certificate_file, "certificate", "--tls-cert", &error))?;
        let key = read(key_file, "key", key_option)?;
        let password = match given(arguments.tls_password_file.as_ref()) {
            None => None,
            Some(file) => Some(password(file)?),
        };
        let key = key::deciphered(&key, password.as_deref().map(str::as_bytes))
            .map_err(|why| format!("the key in {} {why}", key_file.display()))?;
        PrivateKeyDer::from_pem_slice(&key).map_err(|error| not_in(key_file, "private key", key_option, &error))?;
        Ok(Security::Certificate { chain, key, files: [key_file, certificate_file].map(Path::to_owned) })
    }

    pub(crate) fn builder(&self) -> Builder {
        let builder = TestServer::builder();
        match self {
            Security::No => builder,
            Security::SelfSigned => builder.tls(),
            Security::Certificate { chain, key, .. } => builder.tls_with(Tls::new().certificate(chain, key)),
        }
    }

    /// Why there is no server, with the files that are to blame.
    pub(crate) fn explained(&self, error: &StartError) -> String {
        match self {
            Security::Certificate { files: [key, chain], .. } if error.io_error().kind() == ErrorKind::InvalidData => {
                let at = if key == chain {
                    format!("{} (--tls-cert)", chain.display())
                } else {
                    format!("{} (--tls-key), {} (--tls-cert)", key.display(), chain.display())
                };
                format!("{}: {at}", error.io_error())
            }
            _ => error.to_string(),
        }
    }
}

fn read(file: &Path, what: &str, option: &str) -> Result<Vec<u8>, String> {
    fs::read(file)
        .map_err(|error| format!("cannot read the file of the {what}, {} ({option}): {error}", file.display()))
}

/// What Python reads as text and strips.
fn password(file: &Path) -> Result<String, String> {
    let text = String::from_utf8(read(file, "password", "--tls-password-file")?);
    let text = text.map_err(|_| format!("the password in {} (--tls-password-file) is not UTF-8", file.display()))?;
    let is_blank = |char: char| char.is_whitespace() || ('\x1c'..='\x1f').contains(&char);
    Ok(text.replace("\r\n", "\n").replace('\r', "\n").trim_matches(is_blank).to_owned())
}

fn not_in(file: &Path, what: &str, option: &str, error: &pem::Error) -> String {
    let file = file.display();
    match error {
        pem::Error::NoItemsFound if (what, option) == ("private key", "--tls-cert") => {
            format!("there is no {what} in {file} ({option}): name its file with --tls-key FILE")
        }
        pem::Error::NoItemsFound => format!("there is no {what} in {file} ({option})"),
        error => format!("the {what} in {file} ({option}) cannot be read: {error}"),
    }
}

/// Where the certificate of the CA lies that was made for this run.
pub(crate) fn ca_file(server: &TestServer) -> io::Result<&Path> {
    server.try_ca_file()
}
