//! Cookies: the `cookie_*` tables of httpmock, `withCookie` of `WireMock`.

use fixture_server::prelude::*;
use rstest::rstest;

use crate::asking::{answers, fields};

#[rstest]
#[case::the_only_one("sid=1", any().cookie("sid", "1"), true)]
#[case::one_of_several("a=b; sid=1; c=d", any().cookie("sid", "1"), true)]
#[case::another_value("sid=2", any().cookie("sid", "1"), false)]
#[case::another_name("tid=1", any().cookie("sid", "1"), false)]
#[case::names_are_case_sensitive("SID=1", any().cookie("sid", "1"), false)]
#[case::a_name_that_ends_alike("xsid=1", any().cookie("sid", "1"), false)]
#[case::an_equals_sign_in_the_value("sid=a=b", any().cookie("sid", "a=b"), true)]
#[case::values_are_as_sent("sid=a%20b", any().cookie("sid", "a%20b"), true)]
#[case::and_not_decoded("sid=a%20b", any().cookie("sid", "a b"), false)]
#[case::a_number("sid=1", any().cookie("sid", 1), true)]
#[case::two_of_them("a=b; sid=1", any().cookie("sid", "1").cookie("a", "b"), true)]
#[case::one_of_two_is_missing("sid=1", any().cookie("sid", "1").cookie("a", "b"), false)]
#[case::there("sid=1", any().cookie("sid", present()), true)]
#[case::there_and_empty("sid=", any().cookie("sid", present()), true)]
#[case::not_there("a=b", any().cookie("sid", present()), false)]
#[case::absent("a=b", any().cookie("sid", absent()), true)]
#[case::not_absent("a=b; sid=1", any().cookie("sid", absent()), false)]
#[case::contains("sid=hello", any().cookie("sid", contains("ell")), true)]
#[case::starts_with("sid=hello", any().cookie("sid", starts_with("lo")), false)]
#[case::ends_with("sid=hello", any().cookie("sid", ends_with("lo")), true)]
#[case::not("sid=hello", any().cookie("sid", not("hello")), false)]
#[case::repeated("sid=1; sid=2", any().cookie("sid", "2"), true)]
fn a_cookie_is_found_by_its_name(#[case] cookies: &str, #[case] pattern: Pattern, #[case] fits: bool) {
    assert_eq!(answers(pattern, fields(&[format!("Cookie: {cookies}")])), fits);
}

#[test]
fn cookies_of_several_fields_are_all_looked_at() {
    let request = fields(&["Cookie: a=1", "Cookie: b=2; c=3"]);
    assert!(answers(any().cookie("a", 1).cookie("c", 3), &request));
}

#[test]
fn without_cookies_there_is_none() {
    assert!(answers(any().cookie("sid", absent()), fields::<&str>(&[])));
    assert!(!answers(any().cookie("sid", present()), fields::<&str>(&[])));
}
