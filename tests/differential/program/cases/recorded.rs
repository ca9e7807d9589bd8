//! The recorded answers of `fixtures/http_server`, as far as this Python gives them.

use super::{Agreement, Case, Ending};
use crate::recorded::{Entry, all};

pub(super) fn cases() -> Vec<Case> {
    all().into_iter().flat_map(|(_, entries)| entries).filter_map(case).collect()
}

fn case(entry: Entry) -> Option<Case> {
    let agreement = match entry.remark.as_str() {
        "" => Agreement::Same,
        "a bare page before 3.15" => Agreement::Early,
        other if other.starts_with("otherwise before 3.") => {
            Agreement::Since(other["otherwise before 3.".len()..].parse().expect("a version"), None)
        }
        other if other.starts_with("unlike Python") => return None,
        other => panic!("{other:?} is not understood"),
    };
    let protocol = ["HTTP/1.0", "HTTP/1.1"].into_iter().find(|known| *known == entry.protocol);
    assert!(protocol.is_some(), "{}", entry.protocol);
    Some(Case {
        section: "recorded",
        bytes: entry.request,
        ending: Ending::EndOfInput,
        agreement,
        only_cgi: Some(false),
        protocol,
    })
}
