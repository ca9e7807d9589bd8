//! Host and port of a server under test, which differ from run to run.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Host and port, as they may be spelled.
pub(super) struct Authority {
    spellings: Vec<String>,
}

impl Authority {
    /// The authority of a `Host` field, if it names the server under test.
    pub(super) fn local(host: &str) -> Option<Authority> {
        is_local(host).then(|| Authority::new(host))
    }

    fn new(host: &str) -> Authority {
        let encoded = host.replace('[', "%5B").replace(']', "%5D").replace(':', "%3A");
        let in_lower_case = encoded.replace("%5B", "%5b").replace("%5D", "%5d").replace("%3A", "%3a");
        Authority { spellings: vec![host.to_owned(), encoded, in_lower_case] }
    }

    /// The text with something else wherever it stands whole.
    pub(super) fn replaced(&self, text: &str, by: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(character) = text[at..].chars().next() {
            if let Some(spelling) = self.spellings.iter().find(|spelling| stands_at(text, at, spelling)) {
                out.push_str(by);
                at += spelling.len();
            } else {
                out.push(character);
                at += character.len_utf8();
            }
        }
        out
    }
}

/// Whether it is a loopback address, or a name for one, with a port: `127.0.0.1:4711`, `[::1]:80`, `localhost:8080`.
fn is_local(host: &str) -> bool {
    let Some((name, port)) = host.rsplit_once(':') else { return false };
    let name = name.to_ascii_lowercase();
    let v6 = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let is_loopback = name == "localhost"
        || name.ends_with(".localhost")
        || name.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback())
        || v6.is_some_and(|v6| v6.parse().is_ok_and(|address: Ipv6Addr| address.is_loopback()));
    is_loopback && port.parse::<u16>().is_ok()
}

/// Whether this authority stands in a text here, and not a longer one of which it is a part.
fn stands_at(text: &str, at: usize, authority: &str) -> bool {
    let (before, here) = text.split_at(at);
    let Some(after) = here.strip_prefix(authority) else { return false };
    let begins = match before.as_bytes() {
        [.., b'%', first, second] if first.is_ascii_hexdigit() && second.is_ascii_hexdigit() => true,
        [.., last] => !(last.is_ascii_alphanumeric() || b"-._".contains(last)),
        [] => true,
    };
    begins && !after.starts_with(|next: char| next.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::v4("127.0.0.1:4711")]
    #[case::elsewhere_on_the_loopback("127.1.2.3:80")]
    #[case::v6("[::1]:4711")]
    #[case::a_name("LocalHost:4711")]
    #[case::below_it("api.localhost:4711")]
    fn loopback_with_a_port_is_local(#[case] host: &str) {
        assert!(is_local(host));
    }

    #[rstest]
    #[case::no_port("127.0.0.1")]
    #[case::no_port_of_a_name("localhost")]
    #[case::v6_without_a_port("[::1]")]
    #[case::another_address("10.0.0.1:80")]
    #[case::another_name("mylocalhost:80")]
    #[case::a_host_of_the_author("api.test:80")]
    #[case::no_number("localhost:http")]
    #[case::too_large("localhost:65536")]
    fn everything_else_is_not(#[case] host: &str) {
        assert!(!is_local(host));
    }

    #[rstest]
    #[case::alone("127.0.0.1:80", "[host]")]
    #[case::in_a_url("http://127.0.0.1:80/a?b=http://127.0.0.1:80", "http://[host]/a?b=http://[host]")]
    #[case::encoded("/?to=http%3A%2F%2F127.0.0.1%3A80%2Fa", "/?to=http%3A%2F%2F[host]%2Fa")]
    #[case::encoded_in_lower_case("/?to=127.0.0.1%3a80", "/?to=[host]")]
    #[case::a_longer_port("127.0.0.1:8080", "127.0.0.1:8080")]
    #[case::a_longer_address("9127.0.0.1:80", "9127.0.0.1:80")]
    #[case::twice_in_a_row("127.0.0.1:80é127.0.0.1:80", "[host]é[host]")]
    fn the_authority_is_replaced_where_it_stands_whole(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(Authority::new("127.0.0.1:80").replaced(text, "[host]"), expected);
    }

    #[test]
    fn an_address_of_ipv6_is_replaced_too() {
        let authority = Authority::new("[::1]:80");
        assert_eq!(authority.replaced("http://[::1]:80/ %5B%3A%3A1%5D%3A80", "it"), "http://it/ it");
    }
}
