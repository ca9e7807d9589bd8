//! Credentials: `basic_auth` and `bearer_token` of wiremock, `withBasicAuth` of `WireMock`, what RFC 7617 and RFC 6750 say.

use fixture_server::prelude::*;
use rstest::rstest;

use crate::asking::{answers, ask_with, fields};

/// `ada:secret`
const ADA: &str = "Authorization: Basic YWRhOnNlY3JldA==";

#[rstest]
#[case::both(ADA, any().basic_auth("ada", "secret"), true)]
#[case::another_password(ADA, any().basic_auth("ada", "public"), false)]
#[case::another_user(ADA, any().basic_auth("bob", "secret"), false)]
#[case::any_password(ADA, any().basic_auth("ada", present()), true)]
#[case::a_user_told_by_a_part(ADA, any().basic_auth(starts_with("a"), contains("cre")), true)]
#[case::scheme_in_lower_case("Authorization: basic YWRhOnNlY3JldA==", any().basic_auth("ada", "secret"), true)]
#[case::a_colon_in_the_password("Authorization: Basic YWRhOmE6Yg==", any().basic_auth("ada", "a:b"), true)]
#[case::an_empty_password("Authorization: Basic YWRhOg==", any().basic_auth("ada", ""), true)]
#[case::not_base64("Authorization: Basic !!!", any().basic_auth("ada", "secret"), false)]
#[case::bearer("Authorization: Bearer YWRhOnNlY3JldA==", any().basic_auth("ada", "secret"), false)]
#[case::nothing("X-Other: a", any().basic_auth("ada", "secret"), false)]
fn basic_credentials_are_compared_decoded(#[case] field: &str, #[case] pattern: Pattern, #[case] fits: bool) {
    assert_eq!(answers(pattern, fields(&[field])), fits);
}

#[rstest]
#[case::equal("Authorization: Bearer abc.def", any().bearer("abc.def"), true)]
#[case::another("Authorization: Bearer abc.deg", any().bearer("abc.def"), false)]
#[case::another_case("Authorization: Bearer ABC.def", any().bearer("abc.def"), false)]
#[case::scheme_in_lower_case("Authorization: bearer abc.def", any().bearer("abc.def"), true)]
#[case::a_part("Authorization: Bearer abc.def", any().bearer(starts_with("abc.")), true)]
#[case::whatever_it_is("Authorization: Bearer abc.def", any().bearer(present()), true)]
#[case::basic("Authorization: Basic abc.def", any().bearer("abc.def"), false)]
#[case::without_a_scheme("Authorization: abc.def", any().bearer("abc.def"), false)]
#[case::nothing("X-Other: a", any().bearer(present()), false)]
#[case::wanted_absent("X-Other: a", any().bearer(absent()), true)]
fn a_bearer_token_is_compared_without_its_scheme(#[case] field: &str, #[case] pattern: Pattern, #[case] fits: bool) {
    assert_eq!(answers(pattern, fields(&[field])), fits);
}

#[test]
fn who_brings_no_credentials_gets_the_older_rule() {
    let server = TestServer::empty();
    server.when(any()).respond((401, [("WWW-Authenticate", "Basic")], "who are you?"));
    server.when(any().basic_auth("ada", "secret")).respond("welcome");
    assert_eq!(ask_with(&server, fields(&["Accept: */*"])).field("www-authenticate"), Some("Basic"));
    assert_eq!(ask_with(&server, fields(&[ADA])).text(), "welcome");
}
