//! What no request can have, and an author may write into a pattern all the same: refused where it is written.

use crate::message::field::is_token;

use super::value::Matcher;

#[track_caller]
pub(super) fn check_query_name(name: &str) {
    if let Some(rest) = name.strip_prefix('?') {
        panic!("the query parameter {name:?} begins with `?`, which only separates path and query: write {rest:?}");
    }
}

#[track_caller]
pub(super) fn check_raw_query(value: &Matcher) {
    for text in value.texts() {
        if let Some(rest) = text.strip_prefix('?') {
            panic!("the query {text:?} begins with `?`, which only separates path and query: write {rest:?}");
        }
    }
}

#[track_caller]
pub(super) fn check_token(name: &str, what: &str, example: &str) {
    assert!(
        is_token(name.as_bytes()),
        "{name:?} is not a {what}: names are letters, digits and !#$%&'*+-.^_`|~ (RFC 9110, section 5.6.2); the value \
         is the second argument, `{example}`"
    );
}

/// Of text alone: bytes are taken as they are, for servers that read requests as http.server does.
#[track_caller]
pub(super) fn check_field_value(name: &str, value: &Matcher) {
    for text in value.texts() {
        check_field_text(name, text);
    }
}

#[track_caller]
fn check_field_text(name: &str, text: &str) {
    let holds = match text.find(['\r', '\n', '\0']).map(|at| text.as_bytes()[at]) {
        Some(b'\r') => "holds CR",
        Some(b'\n') => "holds LF",
        Some(_) => "holds NUL",
        None if text.trim_matches([' ', '\t']) != text => "has blanks around it",
        None => return,
    };
    let without = text.replace(['\r', '\n', '\0'], "");
    panic!(
        "the value {text:?} of the header field {name} {holds}, which no request has: write {:?}",
        without.trim_matches([' ', '\t'])
    );
}

#[track_caller]
pub(super) fn check_user(user: &Matcher) {
    for text in user.texts() {
        if let Some((name, rest)) = text.split_once(':') {
            panic!(
                "the user {text:?} has a colon, which no user has, as it ends there: write `.basic_auth({name:?}, {rest:?})`"
            );
        }
    }
}

#[track_caller]
pub(super) fn check_bearer(token: &Matcher) {
    for text in token.texts() {
        assert!(
            !text.is_empty(),
            "no bearer token is empty: for requests without one write `.bearer(absent())`, for those with one `.bearer(present())`"
        );
        if let Some((_, rest)) = text.trim_start().split_once(char::is_whitespace) {
            panic!(
                "the bearer token {text:?} has a blank in it, which no token has: leave the scheme out and write \
                 `.bearer({:?})`",
                rest.trim()
            );
        }
    }
}

#[cfg(feature = "json")]
#[track_caller]
pub(super) fn json_of(value: &impl serde_core::Serialize) -> serde_json::Value {
    let json = match serde_json::to_value(value) {
        Ok(json) => json,
        Err(error) => panic!("the value cannot be written as JSON, so no body can be equal to it: {error}"),
    };
    if let serde_json::Value::String(text) = &json {
        let document = serde_json::from_str::<serde_json::Value>(text);
        assert!(
            !document.is_ok_and(|document| document.is_object() || document.is_array()),
            "{text:?} is a string that holds a JSON document, and a body would have to be that string in quotes: pass \
             `json!(..)` to compare the document, or write `.body(..)` to compare the text"
        );
    }
    json
}

#[cfg(feature = "json")]
#[track_caller]
pub(super) fn check_pointer(pointer: &str) {
    if !pointer.is_empty() && !pointer.starts_with('/') {
        let path = pointer.strip_prefix('$').unwrap_or(pointer).trim_start_matches('.');
        let steps = path.split(['.', '[', ']', '/', '\'', '"']).filter(|step| !step.is_empty());
        let advice = steps.fold(String::new(), |way, step| way + "/" + step);
        panic!("{pointer:?} is not a JSON pointer (RFC 6901), which begins with `/`: write {advice:?}");
    }
    let mut rest = pointer;
    while let Some((_, after)) = rest.split_once('~') {
        assert!(
            after.starts_with(['0', '1']),
            "the JSON pointer {pointer:?} has a `~` that stands for nothing: write `~0` for `~` and `~1` for `/`"
        );
        rest = after;
    }
}
