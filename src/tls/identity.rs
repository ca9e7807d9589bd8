//! What a certificate says of whoever shows it.

use bytes::Bytes;
use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

use crate::message::tls_info::ClientIdentity;

/// Who shows a certificate, which was found to be valid.
pub(super) fn identity(certificate: &CertificateDer<'_>) -> ClientIdentity {
    let parsed = EndEntityCert::try_from(certificate).ok();
    ClientIdentity {
        common_name: parsed.as_ref().and_then(|parsed| common_name(parsed.subject())),
        dns_names: parsed.iter().flat_map(|parsed| parsed.valid_dns_names()).map(str::to_owned).collect(),
        der: Bytes::copy_from_slice(certificate),
    }
}

/// The common name in a subject: a sequence of sets of pairs of an identifier and a text (RFC 5280, section 4.1.2.4).
fn common_name(subject: &[u8]) -> Option<String> {
    const SEQUENCE: u8 = 0x30;
    const SET: u8 = 0x31;
    const IDENTIFIER: u8 = 0x06;
    /// 2.5.4.3.
    const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];

    let mut rest = subject;
    // Some hand out what the sequence holds, some the sequence.
    if let Some((SEQUENCE, inside, [])) = element(rest) {
        rest = inside;
    }
    while let Some((tag, mut set, after)) = element(rest) {
        rest = after;
        while let (SET, Some((SEQUENCE, pair, more))) = (tag, element(set)) {
            set = more;
            if let Some((IDENTIFIER, name, value)) = element(pair) {
                if name == COMMON_NAME {
                    let (_, text, _) = element(value)?;
                    return Some(String::from_utf8_lossy(text).into_owned());
                }
            }
        }
    }
    None
}

/// The first element of DER: its tag, what it holds, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = der.split_first_chunk::<2>()?;
    let (length, rest) = match first {
        0..0x80 => (usize::from(first), rest),
        0x81 => (usize::from(*rest.first()?), &rest[1..]),
        0x82 => (usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?])), &rest[2..]),
        0x80 | 0x83.. => return None,
    };
    let (inside, after) = rest.split_at_checked(length)?;
    Some((tag, inside, after))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::alone(b"\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01a", Some("a"))]
    #[case::in_a_sequence(b"\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01a", Some("a"))]
    #[case::behind_a_country(
        b"\x31\x0a\x30\x08\x06\x03\x55\x04\x06\x13\x01x\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02ab",
        Some("ab")
    )]
    #[case::none(b"\x31\x0a\x30\x08\x06\x03\x55\x04\x06\x13\x01x", None)]
    #[case::cut_short(b"\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x02a", None)]
    #[case::lengths_without_end(b"\x31\x84\xff\xff\xff\xff", None)]
    #[case::long_lengths(b"\x31\x81\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01a", Some("a"))]
    #[case::nothing(b"", None)]
    fn the_common_name_is_found(#[case] subject: &[u8], #[case] expected: Option<&str>) {
        assert_eq!(common_name(subject).as_deref(), expected);
    }
}
