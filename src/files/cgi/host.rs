//! The name of a server, as Python's `socket.getfqdn` has it, but without asking the network.

use std::fs;
use std::net::IpAddr;

/// The fully qualified name of the address a server is bound to, as far as this machine knows it.
pub(crate) fn fully_qualified(addr: IpAddr) -> String {
    let hosts = fs::read_to_string("/etc/hosts").unwrap_or_default();
    let host_name = || {
        let names = ["/proc/sys/kernel/hostname", "/etc/hostname"];
        let mut names = names.iter().filter_map(|file| fs::read_to_string(file).ok());
        names.find_map(|name| Some(name.trim().to_owned()).filter(|name| !name.is_empty()))
    };
    qualified(addr, host_name, &hosts)
}

fn qualified(addr: IpAddr, host_name: impl FnOnce() -> Option<String>, hosts: &str) -> String {
    let own = addr.is_unspecified().then(host_name).flatten();
    let lines = || hosts.lines().filter_map(line);
    let addr = match &own {
        Some(own) => {
            lines().find(|(_, names)| names.iter().any(|name| name.eq_ignore_ascii_case(own))).map(|line| line.0)
        }
        None => Some(addr),
    };
    let known = addr.and_then(|addr| lines().find(|(found, _)| *found == addr));
    match known {
        Some((_, names)) => (*names.iter().find(|name| name.contains('.')).unwrap_or(&names[0])).to_owned(),
        None => own.or_else(|| addr.map(|addr| addr.to_string())).unwrap_or_default(),
    }
}

/// An address of a `hosts` file and its names, of which there is at least one.
fn line(line: &str) -> Option<(IpAddr, Vec<&str>)> {
    let mut words = line.split('#').next()?.split_ascii_whitespace();
    let addr = words.next()?.parse().ok()?;
    let names: Vec<&str> = words.collect();
    (!names.is_empty()).then_some((addr, names))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const HOSTS: &str = "# own\n127.0.0.1 localhost\n127.0.0.1\tbox\n::1 ip6-localhost ip6.example.test # x.y\n\
        fe80::1%lo0 scoped\n10.0.0.1\n10.0.0.2 two two.example.test two.test\n10.0.0.3 named";

    #[rstest]
    #[case::canonical("127.0.0.1", None, "localhost")]
    #[case::qualified_alias("10.0.0.2", None, "two.example.test")]
    #[case::ipv6("::1", None, "ip6.example.test")]
    #[case::line_without_names("10.0.0.1", None, "10.0.0.1")]
    #[case::unknown("10.0.0.9", None, "10.0.0.9")]
    #[case::all_addresses("0.0.0.0", Some("two"), "two.example.test")]
    #[case::all_addresses_ipv6("::", Some("NAMED"), "named")]
    #[case::by_the_first_line_of_its_address("0.0.0.0", Some("box"), "localhost")]
    #[case::host_name_is_nowhere("0.0.0.0", Some("other"), "other")]
    #[case::no_host_name("0.0.0.0", None, "0.0.0.0")]
    #[case::host_name_is_not_asked_for("10.0.0.3", Some("other"), "named")]
    fn a_name_is_found(#[case] addr: &str, #[case] host_name: Option<&str>, #[case] expected: &str) {
        let host_name = host_name.map(str::to_owned);
        assert_eq!(qualified(addr.parse().unwrap(), || host_name, HOSTS), expected);
    }

    #[test]
    fn every_address_has_a_name() {
        for addr in ["127.0.0.1", "0.0.0.0", "::", "::1", "192.0.2.1"] {
            assert!(!fully_qualified(addr.parse().unwrap()).is_empty());
        }
    }
}
