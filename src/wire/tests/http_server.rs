//! Requests as http.server reads them: its request line, its fields, and what follows from both.

use super::*;
use crate::message::request::Version;
use rstest::rstest;

use super::refused::OF_HTTP_SERVER;

pub(super) fn as_http_server(protocol: Version) -> Reading {
    Reading { dialect: Dialect::HttpServer, protocol, limits: Limits { body: 16, head: 1, fields: 1, target: 1 } }
}

/// `GET /a HTTP/1.1 keep | Host: x | "body"`
pub(super) fn describe(request: &Request, exchange: Exchange) -> String {
    let mut text =
        format!("{} {} {}", request.method(), request.raw_target().escape_ascii(), request.version().escape_debug());
    assert_eq!(request.raw_target(), request.head().target());
    assert_eq!(exchange.head_only, request.method() == "HEAD");
    assert!(!exchange.tunnels);
    assert_eq!(exchange.bare, request.version() == "HTTP/0.9");
    if exchange.bare {
        text += " bare";
    }
    text += if exchange.persistent { " keep |" } else { " close |" };
    for (name, value) in request.head().fields() {
        write!(text, " {}: {} |", name.escape_ascii(), value.escape_ascii()).unwrap();
    }
    write!(text, " \"{}\"", request.body().escape_ascii()).unwrap();
    text
}

/// `400 Bad request syntax ('a')`; unlike in the other dialect it does not depend on cuts how much of the head is there.
pub(super) fn describe_refused(refusal: Refusal, request: &Request, exchange: Exchange) -> String {
    assert!(!exchange.tunnels);
    assert!(request.head().raw.len() <= 65_536);
    let (message, explanation) = refusal.http_server_wording(request);
    let mut text = format!("{} {message}", refusal.status().as_str());
    if let Some(explanation) = explanation {
        write!(text, " ({explanation})").unwrap();
    }
    if exchange.bare {
        text += ", bare";
    }
    if exchange.head_only {
        text += ", to HEAD";
    }
    if !request.method().is_empty() {
        let target = request.target().escape_debug();
        write!(text, ", of {} {target} {}", request.method(), request.version()).unwrap();
    }
    if !request.body().is_empty() {
        write!(text, ", after \"{}\"", request.body().escape_ascii()).unwrap();
    }
    text
}

/// What comes of these bytes in both protocols, however they are cut, whether the client closes afterwards or not.
#[track_caller]
fn check_both(input: &[u8], expected: &[&str]) {
    for protocol in [Version::Http10, Version::Http11] {
        for afterwards in [Afterwards::Open, Afterwards::Closed] {
            let seen = check_as("", input, &as_http_server(protocol), afterwards);
            assert_eq!(seen, expected, "{protocol:?}, {afterwards:?}");
        }
    }
}

#[track_caller]
fn check_in(protocol: Version, input: &[u8], afterwards: Afterwards, expected: &[&str]) {
    assert_eq!(check_as("", input, &as_http_server(protocol), afterwards), expected, "{protocol:?}");
}

#[rstest]
#[case::usual(b"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0 close | \"\"")]
#[case::bare_lf(b"GET / HTTP/1.0\n\n", "GET / HTTP/1.0 close | \"\"")]
#[case::more_than_one_cr(b"GET / HTTP/1.0\r\r\n\n", "GET / HTTP/1.0 close | \"\"")]
#[case::blanks_around_the_words(
    b" \tGET\x0b\x0c /a\x1c\x1d\x1e\x1fHTTP/1.0 \x85\xa0\r\n\r\n",
    "GET /a HTTP/1.0 close | \"\""
)]
#[case::cr_between_words(b"\rGET\r/\rHTTP/1.0\r\n\r\n", "GET / HTTP/1.0 close | \"\"")]
#[case::a_version_before_all(b"GET / HTTP/0.8\n\n", "GET / HTTP/0.8 close | \"\"")]
#[case::a_version_with_zeros(b"GET / HTTP/0001.000\n\n", "GET / HTTP/0001.000 close | \"\"")]
#[case::a_version_of_ten_digits(
    b"GET / HTTP/0000000001.0000000000\n\n",
    "GET / HTTP/0000000001.0000000000 close | \"\""
)]
#[case::a_version_that_is_nearly_0_9(b"GET / HTTP/0.09\n\n", "GET / HTTP/0.09 close | \"\"")]
#[case::any_bytes_as_method(b"g\xe9T/:\0 * HTTP/1.0\n\n", "g\u{e9}T/:\0 * HTTP/1.0 close | \"\"")]
#[case::an_authority(b"CONNECT h:1 HTTP/1.0\n\n", "CONNECT h:1 HTTP/1.0 close | \"\"")]
#[case::any_bytes_as_target(b"GET a\x01\xe9\x7f HTTP/1.0\n\n", "GET a\\x01\\xe9\\x7f HTTP/1.0 close | \"\"")]
#[case::a_url_is_a_path(b"GET http://h/a?b HTTP/1.0\n\n", "GET http://h/a?b HTTP/1.0 close | \"\"")]
#[case::slashes_stay(b"GET //a HTTP/1.0\n\n", "GET //a HTTP/1.0 close | \"\"")]
#[case::a_query_alone(b"HEAD ?q HTTP/1.0\n\n", "HEAD ?q HTTP/1.0 close | \"\"")]
#[case::two_words(b"GET /a\r\n", "GET /a HTTP/0.9 bare close | \"\"")]
#[case::two_words_and_more(b"GET  /a \nHost: a\r\n\r\nGET /b HTTP/1.1\n\n", "GET /a HTTP/0.9 bare close | \"\"")]
#[case::two_words_that_end_like_three(b"GET HTTP/1.1\r\n\r\n", "GET HTTP/1.1 HTTP/0.9 bare close | \"\"")]
#[case::of_0_9_with_fields(b"HEAD /a HTTP/0.9\nA: b\n\n", "HEAD /a HTTP/0.9 bare close | A: b | \"\"")]
#[case::of_0_9_that_keeps(
    b"PUT /a HTTP/0.9\nConnection: keep-alive\n\nGET /",
    "PUT /a HTTP/0.9 bare close | Connection: keep-alive | \"\""
)]
#[case::no_word(b"\r\n", "hang up")]
#[case::no_word_before_a_request(b"\nGET / HTTP/1.1\r\n\r\n", "hang up")]
#[case::blanks(b" \t\x0b\x0c\r\x1c\x1d\x1e\x1f\x85\xa0\n", "hang up")]
#[case::no_version(b"GET / foo\r\n", "400 Bad request version ('foo')")]
#[case::a_version_in_lower_case(b"HEAD / http/1.1\r\n", "400 Bad request version ('http/1.1')")]
#[case::a_version_alone(b"GET / HTTP/\n", "400 Bad request version ('HTTP/')")]
#[case::a_version_without_a_dot(b"GET / HTTP/1\n", "400 Bad request version ('HTTP/1')")]
#[case::a_version_of_three_parts(b"GET / HTTP/1.1.1\n", "400 Bad request version ('HTTP/1.1.1')")]
#[case::a_version_with_an_empty_part(b"GET / HTTP/.1\n", "400 Bad request version ('HTTP/.1')")]
#[case::a_version_with_another_empty_part(b"GET / HTTP/1.\n", "400 Bad request version ('HTTP/1.')")]
#[case::a_version_with_a_sign(b"GET / HTTP/+1.1\n", "400 Bad request version ('HTTP/+1.1')")]
#[case::a_version_with_a_superscript(b"GET / HTTP/1.\xb9\n", "400 Bad request version ('HTTP/1.\u{b9}')")]
#[case::a_version_with_a_slash(b"GET / HTTP/1.1/\n", "400 Bad request version ('HTTP/1.1/')")]
#[case::a_version_of_eleven_digits(b"GET / HTTP/00000000001.1\n", "400 Bad request version ('HTTP/00000000001.1')")]
#[case::of_several_words_the_last_is_the_version(b"GET /a b foo\n", "400 Bad request version ('foo')")]
#[case::the_last_word_is_quoted(
    b"a b c'\\\x01\x80\xad\xff\n",
    "400 Bad request version (\"c'\\\\\\x01\\x80\\xad\u{ff}\")"
)]
#[case::a_later_version(b"GET / HTTP/2.0\r\n", "505 Invalid HTTP version (2.0)")]
#[case::a_much_later_version(
    b"HEAD / HTTP/9999999999.9999999999\r\n",
    "505 Invalid HTTP version (9999999999.9999999999)"
)]
#[case::a_later_version_with_zeros(b"GET / HTTP/002.0\r\n", "505 Invalid HTTP version (002.0)")]
#[case::the_version_comes_before_the_words(b"GET /a b HTTP/2.0\r\n", "505 Invalid HTTP version (2.0)")]
#[case::four_words(b"GET /a b HTTP/1.1\r\n", "400 Bad request syntax ('GET /a b HTTP/1.1')")]
#[case::a_raw_a0_ends_a_word(b"GET /\xc3\xa0b HTTP/1.1\r\n", "400 Bad request syntax ('GET /\u{c3}\\xa0b HTTP/1.1')")]
#[case::one_word(b" hello\t\r\n", "400 Bad request syntax (' hello\\t')")]
#[case::one_word_with_line_ends(b"a\r\r\n\n", "400 Bad request syntax ('a')")]
#[case::a_tls_handshake(b"\x16\x03\x01\x02\x00\n", "400 Bad request syntax ('\\x16\\x03\\x01\\x02\\x00')")]
#[case::two_words_of_head(b"HEAD /a\r\n", "400 Bad HTTP/0.9 request type ('HEAD')")]
#[case::two_words_in_lower_case(b"get /a\r\n", "400 Bad HTTP/0.9 request type ('get')")]
fn request_lines_are_read_as_http_server_reads_them(#[case] input: &[u8], #[case] expected: &str) {
    check_both(input, &[expected]);
}

/// The fields behind a request line of HTTP/1.0.
#[rstest]
#[case::none(b"\r\n", "")]
#[case::usual(b"Host: a\r\nX-y:b\n\r\n", " Host: a | X-y: b |")]
#[case::blanks_before_a_value_go_and_behind_it_stay(b"A: \t b \t\r\nB:\r\nC: \r\n\r\n", " A: b \\t | B:  | C:  |")]
#[case::any_byte_in_a_value(b"A: \0\x7f\xe9:\r\n\n", " A: \\x00\\x7f\\xe9: |")]
#[case::any_graphic_byte_in_a_name(b"!\"(~ \n\n", "")]
#[case::odd_names(b"!\"(~): a\n%: b\n\n", " !\\\"(~): a | %: b |")]
#[case::repeated(b"A: 1\na: 2\n\n", " A: 1 | a: 2 |")]
#[case::several_cr_end_a_line(b"A: b\r\r\r\n\r\n", " A: b |")]
#[case::cr_within_a_value_stays(b"A: b\rC: d\r\n\r\n", " A: b\\rC: d |")]
#[case::a_continuation(b"A: b\r\n c\r\n\td\n\n", " A: b\\r\\n c\\r\\n\\td |")]
#[case::a_continuation_of_nothing(b"A:  \r\n\t\r\n  c \r\n\r\n", " A: c  |")]
#[case::a_continuation_that_is_blank(b"A: b\n \n\n", " A: b\\n  |")]
#[case::a_continuation_with_a_colon(b"A: b\n C: d\nE: f\n\n", " A: b\\n C: d | E: f |")]
#[case::a_continuation_at_the_beginning(b" A: b\n c\nD: e\n\n", " D: e |")]
#[case::no_name(b"A: b\n: c\nD: e\n\n", " A: b | D: e |")]
#[case::a_continuation_of_no_name(b"A: b\n: c\n d\nD: e\n\n", " A: b | D: e |")]
#[case::the_envelope_of_a_mail(b"From a\nA: b\nFrom c: d\n e\nFrom: f\n\n", " A: b | From: f |")]
#[case::no_colon(b"A: b\nC\nD: e\n\n", " A: b |")]
#[case::no_colon_and_a_continuation(b"A: b\nC\n d\n\n", " A: b |")]
#[case::a_blank_before_the_colon(b"A: b\nC : d\nE: f\n\n", " A: b |")]
#[case::a_name_outside_ascii(b"A: b\nC\xe9: d\nE: f\n\n", " A: b |")]
#[case::a_name_with_a_control_character(b"\x7f: d\nE: f\n\n", "")]
#[case::cr_in_a_name(b"A\rB: c\nE: f\n\n", "")]
#[case::cr_before_a_line(b"A: b\n\rC: d\nE: f\n\n", " A: b |")]
fn fields_are_read_as_http_server_reads_them(#[case] fields: &[u8], #[case] expected: &str) {
    let input = [b"GET / HTTP/1.0\r\n", fields].concat();
    check_both(&input, &[&format!("GET / HTTP/1.0 close |{expected} \"\"")]);
}

#[rstest]
#[case::nothing(b"", None)]
#[case::a_method(b"GET", Some("400 Bad request syntax ('GET')"))]
#[case::two_words(b"GET /", Some("GET / HTTP/0.9 bare close | \"\""))]
#[case::a_version(b"GET / HTTP/1", Some("400 Bad request version ('HTTP/1')"))]
#[case::a_request_line(b"GET / HTTP/1.0", Some("GET / HTTP/1.0 close | \"\""))]
#[case::a_request_line_and_cr(b"GET / HTTP/1.0\r", Some("GET / HTTP/1.0 close | \"\""))]
#[case::blanks(b" \r", Some("hang up"))]
#[case::no_empty_line(b"GET / HTTP/1.0\nA: b\n", Some("GET / HTTP/1.0 close | A: b | \"\""))]
#[case::a_field_without_its_end(b"GET / HTTP/1.0\nA: b", Some("GET / HTTP/1.0 close | A: b | \"\""))]
#[case::half_an_empty_line(b"GET / HTTP/1.0\nA: b\n\r", Some("GET / HTTP/1.0 close | A: b | \"\""))]
#[case::half_a_name(b"GET / HTTP/1.0\nA: b\nCo", Some("GET / HTTP/1.0 close | A: b | \"\""))]
#[case::half_a_body(
    b"PUT / HTTP/1.0\nContent-Length: 3\n\nab",
    Some("400 the connection ended inside the body, of PUT / HTTP/1.0, after \"ab\"")
)]
#[case::no_body(
    b"PUT / HTTP/1.0\nContent-Length: 3",
    Some("400 the connection ended inside the body, of PUT / HTTP/1.0")
)]
fn at_the_end_of_the_input_what_there_is_counts(#[case] input: &[u8], #[case] expected: Option<&str>) {
    for protocol in [Version::Http10, Version::Http11] {
        check_in(protocol, input, Afterwards::Closed, expected.as_slice());
    }
}

const LATE: &str = "408 the request did not arrive in time (`.read_timeout(time)` of the builder)";

#[rstest]
#[case::nothing(b"", &[])]
#[case::half_a_line_end(b"\r", &[LATE])]
#[case::half_a_line(b"GET", &[LATE])]
#[case::half_a_head(
    b"GET / HTTP/1.1\r\nA: b\r\n",
    &["408 the request did not arrive in time (`.read_timeout(time)` of the builder), of GET / HTTP/1.1"]
)]
#[case::half_a_body(
    b"PUT / HTTP/1.1\r\nContent-Length: 2\r\n\r\na",
    &["408 the request did not arrive in time (`.read_timeout(time)` of the builder), of PUT / HTTP/1.1, after \"a\""]
)]
#[case::nothing_after_a_request(b"GET / HTTP/1.1\r\n\r\n", &["GET / HTTP/1.1 keep | \"\""])]
#[case::half_a_line_after_a_request(b"GET / HTTP/1.1\r\n\r\nGET", &["GET / HTTP/1.1 keep | \"\"", LATE])]
fn who_is_too_slow_is_written_down(#[case] input: &[u8], #[case] expected: &[&str]) {
    check_in(Version::Http11, input, Afterwards::Slow, expected);
}

#[test]
fn every_refusal_of_http_server_has_an_example_and_no_version_or_method_unless_understood() {
    let long = "x".repeat(65_536);
    let examples = [
        (Refusal::VersionWord, "GET / foo\n".to_owned(), ""),
        (Refusal::LaterVersion, "GET / HTTP/2.0\n".to_owned(), ""),
        (Refusal::WordCount, "GET a / HTTP/1.1\n".to_owned(), ""),
        (Refusal::OldMethod, "PUT /\n".to_owned(), ""),
        (Refusal::LineTooLong, format!("GET /{long}"), ""),
        (Refusal::FieldLineTooLong, format!("GET / HTTP/1.1\nA: {long}"), "HTTP/1.1"),
        (Refusal::TooManyFieldLines, format!("GET / HTTP/1.0\n{}\n", "a:\n".repeat(101)), "HTTP/1.0"),
    ];
    assert!(OF_HTTP_SERVER.iter().eq(examples.iter().map(|(refusal, ..)| refusal)));
    for (expected, input, version) in examples {
        let (used, step) =
            Decoder::default().feed(input.as_bytes(), &as_http_server(Version::Http11), &mut Recent::default());
        let Step::Refused { request, refusal, exchange } = step else { panic!("{step:?}") };
        assert_eq!((refusal, used), (expected, input.len()));
        assert_eq!((request.version(), request.method()), (version, if version.is_empty() { "" } else { "GET" }));
        assert!(!exchange.head_only && !exchange.bare && !exchange.persistent);
        assert!(input.as_bytes().starts_with(&request.head().raw), "{refusal:?}");
    }
}
