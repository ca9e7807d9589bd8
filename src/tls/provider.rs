//! Where the cryptography comes from. The provider of the process is neither read nor set: it belongs to whoever is tested, and
//! rustls panics where two could be meant.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::PrivatePkcs8KeyDer;

/// What this build and this processor have, or why there is none.
#[cfg_attr(feature = "tls-ring", expect(clippy::unnecessary_wraps, reason = "ring has no needs"))]
pub(super) fn provider() -> Result<Arc<CryptoProvider>, &'static str> {
    #[cfg(feature = "tls")]
    if graviola::util::is_cpu_supported() {
        return Ok(Arc::new(rustls_graviola::default_provider()));
    }
    #[cfg(feature = "tls-ring")]
    return Ok(Arc::new(rustls::crypto::ring::default_provider()));
    #[cfg(not(feature = "tls-ring"))]
    Err(
        "this processor lacks instructions that the feature `tls` needs (on x86-64 AES, ADX, AVX2, BMI2 and PCLMULQDQ): use \
         the feature `tls-ring` instead, which needs a C compiler",
    )
}

/// A new private key for the curve P-256.
pub(super) fn new_key() -> Result<PrivatePkcs8KeyDer<'static>, String> {
    #[cfg(feature = "tls")]
    if graviola::util::is_cpu_supported() {
        use graviola::signing::ecdsa::{P256, SigningKey};

        let failed = |error| format!("no key could be made: {error:?}");
        let mut encoded = [0; 256];
        let key = SigningKey::<P256>::generate().map_err(failed)?;
        let encoded = key.to_pkcs8_der(&mut encoded).map_err(failed)?;
        return Ok(encoded.to_vec().into());
    }
    #[cfg(feature = "tls-ring")]
    {
        use ring::rand::SystemRandom;
        use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};

        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new());
        key.map(|key| key.as_ref().to_vec().into()).map_err(|error| format!("no key could be made: {error}"))
    }
    #[cfg(not(feature = "tls-ring"))]
    provider().map(|_| Vec::new().into()).map_err(str::to_owned)
}
