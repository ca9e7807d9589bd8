//! What a script is told about its request (section 9.4).

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use super::script::{Located, file_of};
use super::{Around, target};
use crate::hook::HookPanic;
use crate::message::credentials::base64_decoded;
use crate::message::field::latin1;
use crate::message::request::Request;

/// Variables that are only set for some requests. A script must not take the server's own for those of its client.
pub(super) const OPTIONAL: [&str; 2] = ["AUTH_TYPE", "REMOTE_USER"];

/// Names and values.
pub(super) type Variables = Vec<(OsString, OsString)>;

/// The variables of a request, besides those that the server's own environment has.
pub(super) fn environment(request: &Request, around: &Around<'_>, located: &Located) -> Result<Variables, HookPanic> {
    let host = around.host;
    let field = |name: &str| request.field(name).map(latin1).unwrap_or_default();
    let content_type = request.field("content-type").map_or_else(|| "text/plain".to_owned(), latin1);
    let client = around.client.map(|client| client.ip().to_string()).unwrap_or_default();
    let cookies: Vec<String> = all(request, "cookie").filter(|cookie| !cookie.is_empty()).collect();
    let accepted: Vec<String> = all(request, "accept").collect();

    let mut variables = Vec::with_capacity(22);
    let mut set = |name: &str, value: Vec<u8>| variables.push((OsString::from(name), without_nul(value)));
    set("SERVER_SOFTWARE", host.software.clone().into());
    set("SERVER_NAME", host.name.clone().into());
    set("GATEWAY_INTERFACE", "CGI/1.1".into());
    set("SERVER_PROTOCOL", host.protocol.into());
    set("SERVER_PORT", host.port.to_string().into());
    set("REQUEST_METHOD", request.method().into());
    set("PATH_INFO", located.extra.clone().into());
    let translated = match located.extra.as_str() {
        // Nothing that `translate_path` could be asked about.
        "" => target::file_of(around.served.root(), ""),
        extra => file_of(around.served, extra)?,
    };
    let translated = translated.unwrap_or_default();
    set("PATH_TRANSLATED", translated.into_os_string().into_vec());
    set("SCRIPT_NAME", located.name.clone().into());
    set("QUERY_STRING", located.query.clone().into());
    set("REMOTE_ADDR", client.into());
    set("REMOTE_HOST", Vec::new());
    set("CONTENT_TYPE", content_type.into());
    set("CONTENT_LENGTH", content_length(request).into());
    set("HTTP_ACCEPT", accepted.join(",").into());
    set("HTTP_COOKIE", cookies.join(", ").into());
    set("HTTP_USER_AGENT", field("user-agent").into());
    set("HTTP_REFERER", field("referer").into());
    if let Some((scheme, credentials)) = two_words(&field("authorization")) {
        if let Some(user) = scheme.eq_ignore_ascii_case("basic").then(|| basic_user(credentials)).flatten() {
            set("REMOTE_USER", user.into());
        }
        set("AUTH_TYPE", scheme.into());
    }
    Ok(variables)
}

/// How much the script can read: of a chunked body its decoded length, and nothing if that is not passed on (section 9.3);
/// else what the client says, unchecked.
fn content_length(request: &Request) -> String {
    let is_chunked =
        || request.field("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case(b"chunked"));
    match request.field("content-length") {
        _ if request.chunked().is_some() => request.body().len().to_string(),
        Some(length) if !is_chunked() => latin1(length),
        _ => String::new(),
    }
}

/// A value as a program can be given it. What has a NUL in it becomes empty: it could only be passed cut off, and left
/// out it would let a value of the server's own environment stand for it.
pub(super) fn without_nul(value: Vec<u8>) -> OsString {
    if value.contains(&0) { OsString::new() } else { OsString::from_vec(value) }
}

/// Every value of a field, in order, each byte as the character of that number.
fn all<'a>(request: &'a Request, name: &'a str) -> impl Iterator<Item = String> + 'a {
    let fields = request.head().fields();
    fields.filter(move |(found, _)| found.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| latin1(value))
}

fn two_words(text: &str) -> Option<(&str, &str)> {
    // Python's white space has four characters more than Rust's.
    let is_blank = |char: char| char.is_whitespace() || matches!(char, '\x1c'..='\x1f');
    let mut words = text.split(is_blank).filter(|word| !word.is_empty());
    match (words.next(), words.next(), words.next()) {
        (Some(first), Some(second), None) => Some((first, second)),
        _ => None,
    }
}

/// The user of `user:password` in base64, if that is ASCII with exactly one colon.
fn basic_user(credentials: &str) -> Option<String> {
    if !credentials.is_ascii() {
        return None;
    }
    let text = String::from_utf8(base64_decoded(credentials.as_bytes())?).ok().filter(|text| text.is_ascii())?;
    let (user, password) = text.split_once(':')?;
    (!password.contains(':')).then(|| user.to_owned())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// What is expected is what Python makes of it.
    #[rstest]
    #[case::usual("YWRhOnNlY3JldA==", Some("ada"))]
    #[case::empty_password("YWRhOg==", Some("ada"))]
    #[case::empty_user("OnNlY3JldA==", Some(""))]
    #[case::no_colon("YWRh", None)]
    #[case::two_colons("YTpiOmM=", None)]
    #[case::not_ascii("w6k6eA==", None)]
    #[case::no_padding("YTpiYQ", None)]
    #[case::too_little_padding("YTpiYQ=", None)]
    #[case::needs_no_padding("YTpi", Some("a"))]
    #[case::padding_that_is_not_needed("YTpi=", Some("a"))]
    #[case::padding_in_front("=YTpi", Some("a"))]
    #[case::padding_in_between("YT=pi", Some("a"))]
    #[case::after_the_padding("YTo=YTo=", Some("a"))]
    #[case::other_characters("Y!T@o~=", Some("a"))]
    #[case::one_digit_too_many("YTpiY", None)]
    #[case::nothing("", None)]
    #[case::raw("YTpi\u{b5}", None)]
    fn a_user_is_decoded(#[case] credentials: &str, #[case] expected: Option<&str>) {
        assert_eq!(basic_user(credentials).as_deref(), expected);
    }

    #[rstest]
    #[case::usual("Basic x", Some(("Basic", "x")))]
    #[case::blanks_around(" a\t\u{b} b ", Some(("a", "b")))]
    #[case::all_white_space("a\u{1c}\u{1f}\u{85}\u{a0}b", Some(("a", "b")))]
    #[case::one("a", None)]
    #[case::three("a b c", None)]
    #[case::none("", None)]
    fn two_words_are_told_from_more(#[case] text: &str, #[case] expected: Option<(&str, &str)>) {
        assert_eq!(two_words(text), expected);
    }
}
