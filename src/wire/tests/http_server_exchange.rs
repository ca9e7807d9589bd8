//! What http.server makes of a request: whether the connection stays, what is asked for, where the next one begins, and
//! how much of everything it reads.

use super::http_server::as_http_server;
use super::*;
use crate::message::request::Version;
use rstest::rstest;

use Afterwards::{Closed, Open};
use Version::{Http10, Http11};

#[track_caller]
fn seen(protocol: Version, input: impl AsRef<[u8]>) -> Vec<String> {
    check_as("", input.as_ref(), &as_http_server(protocol), Open)
}

#[rstest]
#[case::nothing_said("HTTP/1.1", "", true)]
#[case::close("HTTP/1.1", "Connection: close\n", false)]
#[case::close_in_any_case("HTTP/1.1", "connection:CLOSE\n", false)]
#[case::close_among_others("HTTP/1.1", "Connection: close, TE\n", true)]
#[case::close_and_a_blank("HTTP/1.1", "Connection: close \n", true)]
#[case::close_that_is_folded("HTTP/1.1", "Connection:\n close\n", false)]
#[case::only_the_first_counts("HTTP/1.1", "Connection: TE\nConnection: close\n", true)]
#[case::even_if_it_is_empty("HTTP/1.1", "Connection:\nConnection: close\n", true)]
#[case::behind_the_end_of_the_fields("HTTP/1.1", "X\nConnection: close\n", true)]
#[case::a_later_version("HTTP/1.2", "", true)]
#[case::a_later_version_of_two_digits("HTTP/1.10", "", true)]
#[case::a_later_version_with_zeros("HTTP/0001.01", "", true)]
#[case::an_earlier_version("HTTP/1.0", "", false)]
#[case::an_earlier_version_that_asks("HTTP/1.0", "Connection: keep-alive\n", true)]
#[case::an_earlier_version_that_asks_in_capitals("HTTP/1.0", "CONNECTION: Keep-Alive\n", true)]
#[case::an_earlier_version_that_asks_for_more("HTTP/1.0", "Connection: keep-alive, TE\n", false)]
#[case::an_earlier_version_that_asks_late("HTTP/1.0", "Connection: TE\nConnection: keep-alive\n", false)]
#[case::a_version_before_all_that_asks("HTTP/0.8", "Connection: keep-alive\n", true)]
#[case::a_bare_answer_has_no_other_end("HTTP/0.9", "Connection: keep-alive\n", false)]
fn a_connection_stays_if_server_and_client_say_so(#[case] version: &str, #[case] fields: &str, #[case] stays: bool) {
    let input = format!("GET / {version}\n{fields}\n");
    for (protocol, stays) in [(Http11, stays), (Http10, false)] {
        let seen = seen(protocol, &input);
        assert_eq!(seen.len(), 1);
        assert!(seen[0].contains(if stays { " keep |" } else { " close |" }), "{protocol:?}: {seen:?}");
    }
}

#[rstest]
#[case::usual("GET / HTTP/1.1\nExpect: 100-continue\n", true)]
#[case::in_any_case("PUT / HTTP/1.1\nEXPECT:100-Continue\n", true)]
#[case::a_later_version("GET / HTTP/1.10\nExpect: 100-continue\n", true)]
#[case::of_a_list("GET / HTTP/1.1\nExpect: 100-continue, x\n", false)]
#[case::and_a_blank("GET / HTTP/1.1\nExpect: 100-continue \n", false)]
#[case::another("GET / HTTP/1.1\nExpect: x\n", false)]
#[case::a_second_one("GET / HTTP/1.1\nExpect: x\nExpect: 100-continue\n", false)]
#[case::of_1_0("GET / HTTP/1.0\nExpect: 100-continue\n", false)]
#[case::of_0_9("GET / HTTP/0.9\nExpect: 100-continue\n", false)]
#[case::versions_are_compared_as_texts("GET / HTTP/01.1\nExpect: 100-continue\n", false)]
#[case::to_the_last_digit("GET / HTTP/1.09\nExpect: 100-continue\n", false)]
fn leave_to_go_on_is_given_if_server_and_client_know_it(#[case] head: &str, #[case] is_given: bool) {
    let input = format!("{head}\n");
    assert_eq!(seen(Http11, &input)[0] == "100 Continue", is_given);
    assert_eq!(seen(Http11, &input).len(), 1 + usize::from(is_given));
    assert_eq!(seen(Http10, &input).len(), 1);
    // The whole of the body may be there: unlike in the other dialect leave is given all the same.
    let input = format!("{head}Content-Length: 1\n\na");
    assert_eq!(seen(Http11, &input)[0] == "100 Continue", is_given);
}

#[test]
fn too_many_lines_are_refused_before_leave_is_given() {
    let input = format!("PUT / HTTP/1.1\nExpect: 100-continue\n{}\n", "a:\n".repeat(100));
    assert_eq!(seen(Http11, input), ["431 Too many headers (got more than 100 headers), of PUT / HTTP/1.1"]);
}

#[rstest]
#[case::no_length("", "", "ab")]
#[case::a_length("Content-Length: 2\n", "ab", "")]
#[case::a_length_of_nothing("Content-Length: 00\n", "", "ab")]
#[case::the_first_length("Content-Length: 1\nContent-Length: 2\n", "a", "b")]
#[case::a_length_with_a_sign("Content-Length: +2\n", "", "ab")]
#[case::a_length_with_a_blank("Content-Length: 2 \n", "", "ab")]
#[case::a_list_of_lengths("Content-Length: 2, 2\n", "", "ab")]
#[case::a_length_behind_one_that_is_none("Content-Length:\nContent-Length: 2\n", "", "ab")]
#[case::chunks("Transfer-Encoding: chunked\n", "1\r\na\r\n0\r\n\r\n", "b")]
#[case::chunks_in_capitals("transfer-encoding:CHUNKED\n", "1\r\na\r\n0\r\n\r\n", "b")]
#[case::chunks_win_over_a_length("Content-Length: 1\nTransfer-Encoding: chunked\n", "1\r\na\r\n0\r\n\r\n", "b")]
#[case::chunks_in_a_list("Transfer-Encoding: gzip, chunked\n", "", "ab")]
#[case::another_coding_beside_a_length("Transfer-Encoding: gzip\nContent-Length: 1\n", "a", "b")]
#[case::chunks_that_come_second("Transfer-Encoding: gzip\nTransfer-Encoding: chunked\n", "", "ab")]
fn the_body_ends_where_the_next_request_begins(#[case] fields: &str, #[case] body: &str, #[case] next: &str) {
    for method in ["GET", "HEAD", "PUT"] {
        let head = format!("{method} /1 HTTP/1.1\n{fields}\n");
        let input = format!("{head}{body}{next}GET /2 HTTP/1.1\n\n");
        let both = seen(Http11, &input);
        assert_eq!(both.len(), 2, "{both:?}");
        assert!(both[0].starts_with(&format!("{method} /1 ")), "{both:?}");
        assert!(both[0].ends_with(&format!("\"{}\"", &"a".repeat(body.len().min(1)))) || body == "ab", "{both:?}");
        assert_eq!(both[1], format!("{next}GET /2 HTTP/1.1 keep | \"\""));

        // The same if nobody wants the body.
        for size in 1..input.len() {
            let passed = passed_over(input.as_bytes().chunks(size));
            assert_eq!(passed, [format!("{method} /1"), format!("{next}GET /2")], "by {size}");
        }
    }
}

/// The requests of a connection on which no body is wanted.
fn passed_over<'i>(pieces: impl IntoIterator<Item = &'i [u8]>) -> Vec<String> {
    let (mut decoder, mut inbox, mut seen) = (Decoder::default(), Vec::new(), Vec::new());
    for piece in pieces {
        inbox.extend_from_slice(piece);
        loop {
            let (used, step) = decoder.feed(&inbox, &as_http_server(Http11), &mut Recent::default());
            inbox.drain(..used);
            match step {
                Step::NeedMore => break,
                Step::Request(request, _) => seen.push(format!("{} {}", request.method(), request.target())),
                Step::Head { request, .. } => {
                    seen.push(format!("{} {}", request.method(), request.target()));
                    decoder.pass_over();
                    // While it comes there is no request, and so nothing to wait or to apologise for.
                    assert!(!decoder.is_amid(&inbox));
                }
                Step::HangUp => {
                    seen.push("hang up".to_owned());
                    return seen;
                }
                Step::Refused { .. } => panic!("{step:?}"),
            }
        }
    }
    assert!(decoder.end(&inbox, &as_http_server(Http11)).is_none());
    seen
}

#[test]
fn a_body_that_is_passed_over_has_no_limit_and_ends_the_connection_if_it_is_malformed() {
    let head = "GET /1 HTTP/1.1\nContent-Length:";
    let large = format!("{head} 100\n\n{}GET /2 HTTP/1.1\n\n", "x".repeat(100));
    assert_eq!(passed_over(large.as_bytes().chunks(9)), ["GET /1", "GET /2"]);
    let endless = format!("{head} 99999999999999999999999\n\nGET /2 HTTP/1.1\n\n");
    assert_eq!(passed_over(endless.as_bytes().chunks(9)), ["GET /1"]);
    let malformed = "GET /1 HTTP/1.1\nTransfer-Encoding: chunked\n\nx\r\nGET /2 HTTP/1.1\n\n";
    assert_eq!(passed_over(malformed.as_bytes().chunks(9)), ["GET /1", "hang up"]);
}

#[rstest]
#[case::a_length_above_the_limit(
    "PUT / HTTP/1.1\nContent-Length: 17\n\n",
    "413 the body is larger than the limit (`.max_body(bytes)` of the builder), of PUT / HTTP/1.1"
)]
#[case::a_chunk_that_is_none(
    "HEAD / HTTP/1.1\nTransfer-Encoding: chunked\n\n1\r\na\r\nx\r\n",
    "400 a chunk has no valid size, or does not end where its size says, to HEAD, of HEAD / HTTP/1.1, after \"a\""
)]
fn a_body_that_is_wanted_can_be_refused(#[case] input: &str, #[case] expected: &str) {
    assert_eq!(seen(Http11, input), [expected]);
}

#[test]
fn how_long_a_counted_body_is_is_known_before_it_comes() {
    let mut decoder = Decoder::default();
    let (_, step) =
        decoder.feed(b"PUT / HTTP/1.0\nContent-Length: 7\n\n", &as_http_server(Http10), &mut Recent::default());
    assert!(matches!(step, Step::Head { expects_continue: false, .. }) && decoder.announced() == 7);
}

#[test]
fn requests_may_be_pipelined_until_one_closes() {
    let input =
        b"GET /1 HTTP/1.1\n\nHEAD /2 HTTP/1.0\nConnection: keep-alive\n\nPUT /3 HTTP/1.1\nContent-Length: 2\n\n\
        \r\nGET /4 HTTP/1.1\nConnection: close\n\nGET /5 HTTP/1.1\n\n";
    let expected = [
        "GET /1 HTTP/1.1 keep | \"\"",
        "HEAD /2 HTTP/1.0 keep | Connection: keep-alive | \"\"",
        "PUT /3 HTTP/1.1 keep | Content-Length: 2 | \"\\r\\n\"",
        "GET /4 HTTP/1.1 close | Connection: close | \"\"",
    ];
    assert_eq!(seen(Http11, input), expected);
    assert_eq!(seen(Http10, input), ["GET /1 HTTP/1.1 close | \"\""]);
}

#[rstest]
#[case::an_empty_line("\r\n", "hang up")]
#[case::a_bad_line("a\r\n", "400 Bad request syntax ('a')")]
#[case::two_words("GET /\r\n", "GET / HTTP/0.9 bare close | \"\"")]
fn what_comes_second_is_read_as_what_comes_first(#[case] input: &str, #[case] expected: &str) {
    let seen = seen(Http11, format!("GET / HTTP/1.1\n\n{input}GET /2 HTTP/1.1\n\n"));
    assert_eq!(seen, ["GET / HTTP/1.1 keep | \"\"", expected]);
}

/// Whole, and in pieces of which no two are alike in where they end; every cut of so much takes too long.
fn in_pieces(input: &[u8], afterwards: Afterwards) -> Vec<String> {
    let reading = as_http_server(Http11);
    let whole = read_as([input], &reading, afterwards);
    for size in [40_000, 65_535, 65_536, 65_537, 997] {
        assert_eq!(read_as(input.chunks(size), &reading, afterwards), whole, "by {size}");
    }
    whole
}

#[rstest]
#[case::crlf("\r\n")]
#[case::lf("\n")]
#[case::the_end_of_the_input("")]
fn a_request_line_of_65536_bytes_is_read_and_one_more_is_refused(#[case] line_end: &str) {
    let line = |length: usize, words: &str| {
        let blanks = length - words.len() - line_end.len();
        format!("{words}{}{line_end}", " ".repeat(blanks))
    };
    for (words, expected) in [
        ("GET /", "GET / HTTP/0.9 bare close | \"\""),
        ("GET / HTTP/2.0", "505 Invalid HTTP version (2.0)"),
        ("", "hang up"),
    ] {
        assert_eq!(in_pieces(line(65_536, words).as_bytes(), Closed), [expected]);
        for rest in ["", "\n\n"] {
            let longer = line(65_537, words) + rest;
            assert_eq!(in_pieces(longer.as_bytes(), Closed), ["414 URI Too Long"], "{words}");
            assert_eq!(in_pieces(longer.as_bytes(), Open), ["414 URI Too Long"], "{words}");
        }
    }
    // Without its line end it may still get one.
    assert_eq!(in_pieces(&b"x".repeat(65_536), Open), [""; 0]);
}

#[rstest]
#[case::of_a_field("A:")]
#[case::of_a_continuation(" ")]
#[case::that_is_ignored("A")]
#[case::that_is_ignored_behind_the_fields("A\nB")]
fn a_line_of_65536_bytes_is_read_and_one_more_is_refused(#[case] begin: &str) {
    for (request_line, rest) in [
        ("GET / HTTP/1.1", ", of GET / HTTP/1.1"),
        ("HEAD / HTTP/1.1", ", to HEAD, of HEAD / HTTP/1.1"),
        ("GET / HTTP/0.9", ", bare, of GET / HTTP/0.9"),
        ("HEAD / HTTP/0.9", ", bare, to HEAD, of HEAD / HTTP/0.9"),
    ] {
        let last = begin.rsplit('\n').next().unwrap();
        let input = |length: usize| format!("{request_line}\n{begin}{}\r\n\r\n", "x".repeat(length - last.len() - 2));
        let read = in_pieces(input(65_536).as_bytes(), Open);
        assert!(read.len() == 1 && read[0].starts_with(request_line), "{}", read.len());
        let refused = format!("431 Line too long (got more than 65536 bytes when reading header line){rest}");
        assert_eq!(in_pieces(input(65_537).as_bytes(), Open), [&*refused]);
        assert_eq!(in_pieces(input(65_537).trim_end().as_bytes(), Closed).len(), 1);
        // It counts as too long before it counts as one too many.
        let many = format!("{request_line}\n{}{}", "b:\n".repeat(100), "x".repeat(65_537));
        assert_eq!(in_pieces(many.as_bytes(), Closed), [refused]);
    }
}

#[rstest]
#[case::fields("A: b\n", "")]
#[case::continuations(" \r\n", "")]
#[case::ignored_lines("A\n", "")]
#[case::the_last_without_its_line_end("A: b\n", "A: b")]
fn a_hundred_lines_are_read_and_one_more_is_refused(#[case] line: &str, #[case] last: &str) {
    let input = |lines: usize| {
        let lines = lines - usize::from(!last.is_empty());
        format!("GET / HTTP/1.1\n{}{last}", line.repeat(lines)) + if last.is_empty() { "\n" } else { "" }
    };
    let read = in_pieces(input(100).as_bytes(), Closed);
    assert!(read.len() == 1 && read[0].starts_with("GET / HTTP/1.1 keep |"), "{read:?}");
    let refused = in_pieces(input(101).as_bytes(), Closed);
    assert_eq!(refused, ["431 Too many headers (got more than 100 headers), of GET / HTTP/1.1"]);
}

#[test]
fn heads_have_no_limit_of_their_own() {
    let input =
        format!("GET /{} HTTP/1.1\n{}\n", "x".repeat(65_000), format!("A: {}\n", "y".repeat(65_000)).repeat(100));
    let (used, step) = Decoder::default().feed(input.as_bytes(), &as_http_server(Http11), &mut Recent::default());
    let Step::Request(request, exchange) = step else { panic!("{used} of {}", input.len()) };
    assert!(exchange.persistent && used == input.len());
    assert_eq!((request.headers().len(), request.headers()[99].value().len()), (100, 65_000));
}
