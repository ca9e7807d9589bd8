//! Private keys that are encrypted with a password, as OpenSSL writes them.

use aes::{Aes128, Aes192, Aes256};
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, KeyInit, KeyIvInit};
use des::{Des, TdesEde3};
use md5::{Digest, Md5};
use pem::Pem;
use pkcs8::{EncryptedPrivateKeyInfoRef, pkcs5};

/// How a password is refused: what is deciphered with another looks like nothing.
const WRONG_PASSWORD: &str = "cannot be deciphered: the password does not fit, or what it protects is broken";

const UNKNOWN_WAY: &str = "is broken, or encrypted in a way that is not known here, such as PBES1 and that of PKCS#12: \
                           `openssl pkcs8 -topk8 -v2 aes256` writes it anew";

const BROKEN_FIELD: &str = "has a broken field DEK-Info";

/// The PEM text of a key that needs no password: the same, if it is not encrypted. An error says what the key is or needs.
pub(super) fn deciphered(text: &[u8], password: Option<&[u8]>) -> Result<Vec<u8>, String> {
    // What else stands in the file is of no concern, and what is no PEM is told by whoever reads the key.
    let Some(key) = private_key(text) else { return Ok(text.to_vec()) };
    let is_traditional = key.headers().get("Proc-Type").is_some_and(|kind| kind.ends_with("ENCRYPTED"));
    if !is_traditional && key.tag() != "ENCRYPTED PRIVATE KEY" {
        return Ok(text.to_vec());
    }
    let Some(password) = password else {
        return Err("is encrypted: name the file with its password, --tls-password-file FILE".to_owned());
    };
    let (tag, der) = if is_traditional {
        (key.tag(), traditional(&key, password)?)
    } else {
        let encrypted = EncryptedPrivateKeyInfoRef::try_from(key.contents()).map_err(|_| UNKNOWN_WAY)?;
        let der = encrypted.decrypt(password).map_err(|error| match error {
            pkcs8::Error::EncryptedPrivateKey(pkcs5::Error::DecryptFailed) | pkcs8::Error::Asn1(_) => WRONG_PASSWORD,
            _ => UNKNOWN_WAY,
        })?;
        ("PRIVATE KEY", der.as_bytes().to_vec())
    };
    Ok(pem::encode(&Pem::new(tag, der)).into_bytes())
}

/// The first private key in a PEM text, whatever stands around it.
fn private_key(text: &[u8]) -> Option<Pem> {
    const BEGIN: &[u8] = b"-----BEGIN ";
    let parts = (0..text.len()).filter(|&at| text[at..].starts_with(BEGIN));
    parts.filter_map(|at| pem::parse(&text[at..]).ok()).find(|part| part.tag().ends_with("PRIVATE KEY"))
}

/// Deciphers what has a `DEK-Info` in PEM (RFC 1421, section 4.6.1.3): the cipher, and what the key is derived with.
fn traditional(key: &Pem, password: &[u8]) -> Result<Vec<u8>, String> {
    let info = key.headers().get("DEK-Info").unwrap_or_default();
    let (cipher, salt) = info.split_once(',').ok_or(BROKEN_FIELD)?;
    let iv = hex(salt.trim()).ok_or(BROKEN_FIELD)?;
    let data = key.contents();
    match cipher.trim() {
        "AES-128-CBC" => decipher::<Aes128>(password, &iv, data),
        "AES-192-CBC" => decipher::<Aes192>(password, &iv, data),
        "AES-256-CBC" => decipher::<Aes256>(password, &iv, data),
        "DES-EDE3-CBC" => decipher::<TdesEde3>(password, &iv, data),
        "DES-CBC" => decipher::<Des>(password, &iv, data),
        other => {
            Err(format!("is encrypted with {other}, which is not known here: `openssl pkcs8 -topk8` makes it PKCS#8"))
        }
    }
}

fn decipher<C: BlockCipherDecrypt + KeyInit>(password: &[u8], iv: &[u8], data: &[u8]) -> Result<Vec<u8>, String> {
    let salt = iv.get(..8).ok_or(BROKEN_FIELD)?;
    let key = derived(password, salt, C::key_size());
    let decryptor = Decryptor::<C>::new_from_slices(&key, iv).map_err(|_| BROKEN_FIELD)?;
    decryptor.decrypt_padded_vec::<Pkcs7>(data).map_err(|_| WRONG_PASSWORD.to_owned())
}

/// The key that OpenSSL derives from a password with MD5, once: `EVP_BytesToKey`.
fn derived(password: &[u8], salt: &[u8], length: usize) -> Vec<u8> {
    let (mut key, mut last) = (Vec::new(), Vec::new());
    while key.len() < length {
        let digest = Md5::new().chain_update(&last).chain_update(password).chain_update(salt).finalize();
        last = digest.to_vec();
        key.extend_from_slice(&last);
    }
    key.truncate(length);
    key
}

fn hex(text: &str) -> Option<Vec<u8>> {
    if text.len() % 2 != 0 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}
