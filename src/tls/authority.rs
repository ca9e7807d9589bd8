//! Certificate authorities for tests, and the certificates they issue. There is one for the process, made when it is first
//! needed: people put test authorities into real trust stores, so no key may be in any source.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyIdMethod, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber,
};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{SignatureScheme, sign};

use super::provider::{new_key, provider};

/// Apple's systems trust no certificate of a server that is valid for longer.
const VALID: Duration = Duration::from_secs(397 * DAY);

const DAY: u64 = 86_400;

/// Long enough for the other end of a validity not to matter.
const FAR: Duration = Duration::from_secs(60 * DAY);

/// Signs certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, Key>,
    certificate: CertificateDer<'static>,
    pub(super) provider: Arc<CryptoProvider>,
    /// That of each certificate which its list of revocations names.
    revoked: SerialNumber,
}

/// A certificate with those that lead to its authority, which is not among them, and with its key.
pub(super) struct Issued {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: Key,
}

/// What a certificate says.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    /// Names and addresses of the server, or the name of the client.
    pub(super) names: &'a [String],
    pub(super) purpose: Purpose,
    valid: [SystemTime; 2],
    pub(super) is_revoked: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Server,
    Client,
    /// To issue others.
    Authority,
}

impl<'a> Wanted<'a> {
    /// What is valid now.
    pub(super) fn now(names: &'a [String], purpose: Purpose) -> Wanted<'a> {
        let begin = yesterday();
        Wanted { names, purpose, valid: [begin, begin + VALID], is_revoked: false }
    }

    /// What was valid until yesterday.
    pub(super) fn expire(&mut self) {
        let end = self.valid[0];
        self.valid = [end - FAR, end];
    }

    /// What will be valid from tomorrow on.
    pub(super) fn postpone(&mut self) {
        let begin = self.valid[0] + Duration::from_secs(2 * DAY);
        self.valid = [begin, begin + FAR];
    }

    fn params(&self, serial: SerialNumber, key: &Key) -> Result<CertificateParams, String> {
        let mut params = CertificateParams::default();
        let [begin, end] = self.valid;
        (params.not_before, params.not_after) = (begin.into(), end.into());
        params.serial_number = Some(serial);
        params.key_identifier_method = KeyIdMethod::PreSpecified(key.identifier());
        params.use_authority_key_identifier_extension = true;
        params.distinguished_name.push(DnType::CommonName, self.names.first().map_or("fixture-server", String::as_str));
        if self.purpose == Purpose::Authority {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            return Ok(params);
        }
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![match self.purpose {
            Purpose::Client => ExtendedKeyUsagePurpose::ClientAuth,
            _ => ExtendedKeyUsagePurpose::ServerAuth,
        }];
        for name in self.names {
            params.subject_alt_names.push(match name.parse::<IpAddr>() {
                Ok(addr) => SanType::IpAddress(addr),
                // The name of a client may be anything: a person's, for example.
                Err(_) if !is_dns_name(name) => continue,
                Err(_) => SanType::DnsName(name.as_str().try_into().map_err(|error| format!("{name:?}: {error}"))?),
            });
        }
        Ok(params)
    }
}

/// Whether clients can ask for it: letters, digits, hyphens, underscores and dots, perhaps behind a `*`.
pub(super) fn is_dns_name(name: &str) -> bool {
    let labels = name.strip_prefix("*.").unwrap_or(name);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    name.len() <= 253 && labels.split('.').all(is_label)
}

impl Authority {
    /// That of this process.
    pub(crate) fn of_process() -> Result<&'static Authority, String> {
        static OF_PROCESS: OnceLock<Result<Authority, String>> = OnceLock::new();
        OF_PROCESS.get_or_init(Authority::new).as_ref().map_err(Clone::clone)
    }

    /// A new one, which nobody trusts yet.
    pub(super) fn new() -> Result<Authority, String> {
        let provider = provider()?;
        let key = Key::new(&provider)?;
        let (serial, revoked) = (random_serial(&provider)?, random_serial(&provider)?);
        let mut mark = [0; 4];
        fill(&provider, &mut mark)?;
        // So that those of two processes are told apart in a trust store.
        let names = [format!("fixture-server test CA {:08x}", u32::from_be_bytes(mark))];
        let params = Wanted::now(&names, Purpose::Authority).params(serial, &key)?;
        let certificate = params.self_signed(&key).map_err(|error| error.to_string())?.der().clone();
        Ok(Authority { issuer: Issuer::new(params, key), certificate, provider, revoked })
    }

    pub(crate) fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    pub(super) fn issue(&self, wanted: &Wanted<'_>) -> Result<Issued, String> {
        let key = Key::new(&self.provider)?;
        let serial = if wanted.is_revoked { self.revoked.clone() } else { random_serial(&self.provider)? };
        let certificate = wanted.params(serial, &key)?.signed_by(&key, &self.issuer);
        let certificate = certificate.map_err(|error| error.to_string())?.der().clone();
        Ok(Issued { chain: vec![certificate], key })
    }

    /// An authority below this one, and its certificate.
    pub(super) fn below(&self) -> Result<(Authority, CertificateDer<'static>), String> {
        let names = ["fixture-server intermediate test CA".to_owned()];
        let wanted = Wanted::now(&names, Purpose::Authority);
        let Issued { mut chain, key } = self.issue(&wanted)?;
        let params = wanted.params(random_serial(&self.provider)?, &key)?;
        let certificate = chain.remove(0);
        let issuer = Issuer::new(params, key);
        let below = Authority {
            issuer,
            certificate: certificate.clone(),
            provider: self.provider.clone(),
            revoked: self.revoked.clone(),
        };
        Ok((below, certificate))
    }

    /// A certificate that is its own authority.
    pub(super) fn self_signed(&self, wanted: &Wanted<'_>) -> Result<Issued, String> {
        let key = Key::new(&self.provider)?;
        let params = wanted.params(random_serial(&self.provider)?, &key)?;
        let certificate = params.self_signed(&key).map_err(|error| error.to_string())?.der().clone();
        Ok(Issued { chain: vec![certificate], key })
    }

    /// What it has revoked, in DER.
    pub(super) fn revocations(&self) -> Result<Vec<u8>, String> {
        let now = yesterday();
        let list = CertificateRevocationListParams {
            this_update: now.into(),
            next_update: (now + VALID).into(),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: vec![RevokedCertParams {
                serial_number: self.revoked.clone(),
                revocation_time: now.into(),
                reason_code: Some(rcgen::RevocationReason::KeyCompromise),
                invalidity_date: None,
            }],
            key_identifier_method: KeyIdMethod::PreSpecified(self.issuer.key().identifier()),
        };
        list.signed_by(&self.issuer).map(|list| list.der().to_vec()).map_err(|error| error.to_string())
    }
}

/// Clocks differ.
fn yesterday() -> SystemTime {
    SystemTime::now() - Duration::from_secs(DAY)
}

fn fill(provider: &CryptoProvider, bytes: &mut [u8]) -> Result<(), String> {
    provider.secure_random.fill(bytes).map_err(|_| "the system gives no random numbers".to_owned())
}

/// Positive, and of 16 bytes.
fn random_serial(provider: &CryptoProvider) -> Result<SerialNumber, String> {
    let mut bytes = [0; 16];
    fill(provider, &mut bytes)?;
    bytes[0] = bytes[0] & 0x7f | 0x40;
    Ok(SerialNumber::from_slice(&bytes))
}

/// A private key, which signs certificates as it signs handshakes.
pub(super) struct Key {
    pub(super) encoded: PrivatePkcs8KeyDer<'static>,
    pub(super) signing: Arc<dyn sign::SigningKey>,
    /// Its public key, uncompressed.
    point: Vec<u8>,
}

impl Key {
    fn new(provider: &CryptoProvider) -> Result<Key, String> {
        /// One byte that says how it is written, and two numbers.
        const POINT: usize = 65;
        let encoded = new_key()?;
        let key = PrivateKeyDer::Pkcs8(encoded.clone_key());
        let signing = provider.key_provider.load_private_key(key).map_err(|error| error.to_string())?;
        let public = signing.public_key().ok_or("the key does not tell its public key")?;
        let point = public.len().checked_sub(POINT).map(|at| public[at..].to_vec());
        let point = point.ok_or("the public key is too short")?;
        Ok(Key { encoded, signing, point })
    }

    /// Any bytes will do that no other key has.
    fn identifier(&self) -> Vec<u8> {
        self.point[1..21].to_vec()
    }
}

impl rcgen::PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        &self.point
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signer = self.signing.choose_scheme(&[SignatureScheme::ECDSA_NISTP256_SHA256]);
        let signature = signer.and_then(|signer| signer.sign(message).ok());
        signature.ok_or(rcgen::Error::RemoteKeyError)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("localhost", true)]
    #[case("*.example.com", true)]
    #[case("my_service.internal", true)]
    #[case("a..b", false)]
    #[case("-a", false)]
    #[case("Ada Lovelace", false)]
    #[case("a.*.b", false)]
    #[case("", false)]
    fn names_that_clients_can_ask_for(#[case] name: &str, #[case] is_one: bool) {
        assert_eq!(is_dns_name(name), is_one);
        assert!(!is_dns_name(&format!("{name}{}", "a".repeat(64))));
    }

    #[test]
    fn the_authority_of_the_process_is_made_once_and_others_differ() {
        let one = Authority::of_process().unwrap().certificate();
        assert_eq!(one, Authority::of_process().unwrap().certificate());
        assert_ne!(one, Authority::new().unwrap().certificate());
    }
}
