//! What a server shows to a client that says hello: which certificate, which protocols, and whom it asks for one.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use rustls::server::{ClientHello, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{RootCertStore, ServerConfig};

use crate::message::tls_info::TlsVersion;

use super::authority::{Authority, Issued, Purpose, Wanted, is_dns_name};
use super::fault::TlsFault;
use super::options::{Asks, Certificate, Tls};

/// So many configurations are kept: a client that asks for a new name each time must not fill the memory.
const MOST_CONFIGS: usize = 256;

/// How one server speaks TLS.
#[derive(Debug)]
pub(crate) struct Shown {
    tls: Tls,
    /// Names and addresses of every certificate.
    names: Vec<String>,
    /// By which address clients have come is known from their connections only.
    is_bound_anywhere: bool,
    /// A client that knows none of our protocols is served all the same, as http.server does.
    takes_any_protocol: bool,
    /// Made when they are first needed.
    configs: Mutex<HashMap<Kind, Arc<ServerConfig>>>,
    /// The newest counts.
    faults: Mutex<Vec<(u64, TlsFault)>>,
}

/// What configurations differ in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Kind {
    /// A name that certificates do not have anyway.
    name: Option<String>,
    fault: Option<TlsFault>,
    without_alpn: bool,
}

impl Shown {
    /// Fails if what the test's author has given is of no use.
    pub(crate) fn new(tls: Tls, bound: Option<IpAddr>, takes_any_protocol: bool) -> io::Result<Arc<Shown>> {
        let useless = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
        let mut names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
        for name in tls.names.iter().cloned().chain(bound.map(|bound| bound.to_string())) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let shown = Shown {
            tls,
            names,
            is_bound_anywhere: bound.is_some_and(|bound| bound.is_unspecified()),
            takes_any_protocol,
            configs: Mutex::default(),
            faults: Mutex::default(),
        };
        if let Some(why) = shown.tls.wrong.clone().or_else(|| shown.tls.contradiction().map(str::to_owned)) {
            return Err(useless(why));
        }
        // What is ours is sure to work, unless the processor cannot do it.
        Authority::of_process().map_err(|why| io::Error::new(io::ErrorKind::Unsupported, why))?;
        if !shown.shows_ours() {
            shown.config(Kind::default()).map_err(useless)?;
        }
        Ok(Arc::new(shown))
    }

    /// Whether the first byte of a connection decides if it is TLS.
    pub(crate) fn takes_plain_http(&self) -> bool {
        self.tls.takes_plain_http
    }

    pub(crate) fn is_bound_anywhere(&self) -> bool {
        self.is_bound_anywhere
    }

    /// Whether the test CA has issued what is shown.
    pub(super) fn shows_ours(&self) -> bool {
        matches!(self.tls.certificate, Certificate::Ours)
    }

    /// Whether a client that does not speak TLS is told so; http.server drops it.
    pub(super) fn answers_plain_http(&self) -> bool {
        !self.takes_any_protocol
    }

    pub(super) fn fault(&self) -> Option<TlsFault> {
        self.faults.lock().last().map(|(_, fault)| *fault)
    }

    /// From now on, until [`heal`](Self::heal) with the number that this returns.
    pub(crate) fn break_with(&self, fault: TlsFault) -> u64 {
        let mut faults = self.faults.lock();
        let number = faults.last().map_or(0, |(number, _)| number + 1);
        faults.push((number, fault));
        number
    }

    pub(crate) fn heal(&self, number: u64) {
        self.faults.lock().retain(|(other, _)| *other != number);
    }

    /// What this client gets to see. Clients that ask for an address name none, so that it is the one that they have reached.
    pub(super) fn choose(
        &self,
        hello: &ClientHello<'_>,
        address: Option<IpAddr>,
        fault: Option<TlsFault>,
    ) -> Result<Arc<ServerConfig>, String> {
        let name = match hello.server_name() {
            Some(name) => Some(name.to_ascii_lowercase()).filter(|name| is_dns_name(name)),
            None => address.map(|address| address.to_canonical().to_string()),
        };
        let name = name.filter(|name| !self.covers(name));
        let knows_none =
            |offered: Vec<&[u8]>| !offered.iter().any(|offer| self.tls.alpn.iter().any(|ours| ours == offer));
        let without_alpn = self.takes_any_protocol && hello.alpn().is_some_and(|offered| knows_none(offered.collect()));
        let name = name.filter(|_| self.shows_ours());
        self.config(Kind { name, fault: fault.filter(|fault| fault.concerns_certificate()), without_alpn })
    }

    fn covers(&self, asked: &str) -> bool {
        let fits = |name: &String| match name.strip_prefix("*.") {
            // Clients take a wildcard for what stands below two labels at least.
            Some(rest) if !rest.contains('.') => false,
            Some(rest) => asked.split_once('.').is_some_and(|(_, parent)| parent.eq_ignore_ascii_case(rest)),
            None => name.eq_ignore_ascii_case(asked),
        };
        self.names.iter().any(fits)
    }

    fn config(&self, kind: Kind) -> Result<Arc<ServerConfig>, String> {
        if let Some(config) = self.configs.lock().get(&kind) {
            return Ok(config.clone());
        }
        // Not under the lock: this takes its time.
        let config = Arc::new(self.make(&kind)?);
        let mut configs = self.configs.lock();
        if configs.len() >= MOST_CONFIGS {
            configs.clear();
        }
        // Another thread may have been first; with one of them sessions are resumed.
        Ok(configs.entry(kind).or_insert(config).clone())
    }

    fn make(&self, kind: &Kind) -> Result<ServerConfig, String> {
        let said = |error: rustls::Error| error.to_string();
        if let (Certificate::Config(config), None) = (&self.tls.certificate, kind.fault) {
            let mut config = ServerConfig::clone(config);
            // Else requests could come where nobody reads.
            config.max_early_data_size = 0;
            if kind.without_alpn {
                config.alpn_protocols.clear();
            }
            return Ok(config);
        }
        let authority = Authority::of_process()?;
        let builder = ServerConfig::builder_with_provider(authority.provider.clone());
        let builder = match self.tls.version {
            None => builder.with_safe_default_protocol_versions(),
            Some(TlsVersion::Tls12) => builder.with_protocol_versions(&[&rustls::version::TLS12]),
            Some(TlsVersion::Tls13) => builder.with_protocol_versions(&[&rustls::version::TLS13]),
        };
        let builder = builder.map_err(said)?;
        let builder = match self.tls.asks {
            Asks::No => builder.with_no_client_auth(),
            asks => {
                let mut roots = RootCertStore::empty();
                let given = &self.tls.client_authorities;
                let trusted = if given.is_empty() { std::slice::from_ref(authority.certificate()) } else { given };
                for certificate in trusted {
                    roots.add(certificate.clone()).map_err(|error| format!("a CA for clients: {error}"))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), authority.provider.clone());
                let verifier = if asks == Asks::Optionally { verifier.allow_unauthenticated() } else { verifier };
                builder.with_client_cert_verifier(verifier.build().map_err(|error| error.to_string())?)
            }
        };
        let certified = match (&self.tls.certificate, kind.fault) {
            (Certificate::Given { chain, key }, None) => {
                let certified = CertifiedKey::from_der(chain.clone(), key.clone_key(), &authority.provider);
                certified.map_err(|error| match error {
                    rustls::Error::InconsistentKeys(_) => "the key does not belong to the certificate".to_owned(),
                    error => format!("the certificate or its key cannot be used: {error}"),
                })?
            }
            _ => self.ours(authority, kind)?,
        };
        let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        if !kind.without_alpn {
            config.alpn_protocols.clone_from(&self.tls.alpn);
        }
        Ok(config)
    }

    fn ours(&self, authority: &Authority, kind: &Kind) -> Result<CertifiedKey, String> {
        // The name that was asked for comes first, because it is what the certificate is called.
        let names: Vec<String> = kind.name.iter().chain(&self.names).cloned().collect();
        let wrong = ["wrong-host.invalid".to_owned()];
        let mut wanted = Wanted::now(&names, Purpose::Server);
        let Issued { chain, key } = match kind.fault {
            Some(TlsFault::SelfSigned) => authority.self_signed(&wanted)?,
            Some(TlsFault::UnknownCa) => Authority::new()?.issue(&wanted)?,
            Some(TlsFault::MissingIntermediate) => authority.below()?.0.issue(&wanted)?,
            Some(TlsFault::WrongChainOrder) => {
                let (below, certificate) = authority.below()?;
                let mut issued = below.issue(&wanted)?;
                issued.chain.insert(0, certificate);
                issued
            }
            fault => {
                match fault {
                    Some(TlsFault::Expired) => wanted.expire(),
                    Some(TlsFault::NotYetValid) => wanted.postpone(),
                    Some(TlsFault::WrongHost) => wanted.names = &wrong,
                    Some(TlsFault::Revoked) => wanted.is_revoked = true,
                    _ => {}
                }
                authority.issue(&wanted)?
            }
        };
        Ok(CertifiedKey::new(chain, key.signing))
    }
}

impl TlsFault {
    /// Whether it lies in what is shown, and nothing else is amiss.
    fn concerns_certificate(self) -> bool {
        match self {
            TlsFault::Expired
            | TlsFault::NotYetValid
            | TlsFault::WrongHost
            | TlsFault::SelfSigned
            | TlsFault::UnknownCa
            | TlsFault::Revoked
            | TlsFault::MissingIntermediate
            | TlsFault::WrongChainOrder => true,
            TlsFault::HandshakeFailure
            | TlsFault::NoTls
            | TlsFault::Close
            | TlsFault::Reset
            | TlsFault::Stall
            | TlsFault::NoCloseNotify => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ever_new_names_are_not_kept() {
        let shown = Shown::new(Tls::new(), None, false).unwrap();
        for number in 0..2 * MOST_CONFIGS {
            shown.config(Kind { name: Some(format!("{number}.example")), ..Kind::default() }).unwrap();
            assert!(shown.configs.lock().len() <= MOST_CONFIGS);
        }
    }

    #[test]
    fn a_name_that_certificates_have_anyway_needs_none_of_its_own() {
        let shown =
            Shown::new(Tls::new().names(["*.example.com", "a.test"]), Some([192, 0, 2, 7].into()), false).unwrap();
        let covered = ["localhost", "LOCALHOST", "a.test", "b.example.com", "B.Example.Com"];
        assert!(covered.iter().all(|name| shown.covers(name)));
        assert!(["example.com", "a.b.example.com", "b.test", ""].iter().all(|name| !shown.covers(name)));
    }
}
