//! Responses that do more than being sent: chunks, streams, trailers, interim responses, faults, waits; to the byte.

use std::io;
use std::time::Duration;

use rstest::rstest;

use super::encoding::{CLOSES, HEAD, KEEPS, OLD, OLD_KEEPS, circumstances};
use crate::message::body::Source;
use crate::message::fault::{Fault, Stage};
use crate::message::into_response::IntoResponse;
use crate::message::request::Version;
use crate::message::response::Response;
use crate::plan::tests::{Pieces, gate, shown};
use crate::wire::Exchange;
use crate::wire::encode::{self, Circumstances};

const BARE: Exchange = Exchange { bare: true, ..CLOSES };

/// The plan as text, without what all of these heads begin with.
fn planned(response: Response, circumstances: Circumstances<'_>) -> String {
    let text = shown(encode::plan(response, circumstances)).replace(r"\r\n", "~");
    text.replacen("HTTP/1.1 200 OK~Date: today~", "OK ", 1)
}

#[track_caller]
fn check(response: Response, exchange: Exchange, expected: &str) {
    assert_eq!(planned(response, circumstances(exchange)), expected);
}

fn chunks() -> Response {
    Response::new(200).chunks(["hello", "you"])
}

fn hello() -> Response {
    Response::new(200).body("hello")
}

fn stream() -> Response {
    Response::new(200).with_source(Pieces::of(&["hello", "you"]), None)
}

fn file() -> Response {
    Response::new(200).with_source(Pieces::of(&["hello"]), Some(5))
}

const MS: Duration = Duration::from_millis(1);

#[rstest]
#[case::to_a_client_that_keeps(KEEPS, "OK Transfer-Encoding: chunked~~|5~|hello|~|3~|you|~|0~~, keep")]
#[case::to_a_client_that_closes(
    CLOSES,
    "OK Transfer-Encoding: chunked~Connection: close~~|5~|hello|~|3~|you|~|0~~, close"
)]
#[case::to_head(HEAD, "OK Transfer-Encoding: chunked~~, keep")]
#[case::to_an_old_client(OLD, "OK Content-Length: 8~Connection: close~~|hello|you, close")]
#[case::to_an_old_client_that_keeps(OLD_KEEPS, "OK Content-Length: 8~Connection: keep-alive~~|hello|you, keep")]
#[case::to_one_that_knows_no_heads(BARE, "hello|you, close")]
fn chunks_go_out_as_they_were_given(#[case] exchange: Exchange, #[case] expected: &str) {
    check(chunks(), exchange, expected);
}

#[rstest]
#[case::to_a_client_that_keeps(KEEPS, "OK Transfer-Encoding: chunked~~|{5~hello~3~you~}|0~~, keep")]
#[case::to_head(HEAD, "OK Transfer-Encoding: chunked~~, keep")]
#[case::to_an_old_client(OLD_KEEPS, "OK Connection: close~~|{helloyou}, close")]
#[case::to_one_that_knows_no_heads(BARE, "{helloyou}, close")]
fn what_has_no_length_is_sent_in_chunks_as_it_comes(#[case] exchange: Exchange, #[case] expected: &str) {
    check(stream(), exchange, expected);
}

#[test]
fn a_server_of_http_1_0_sends_no_chunks() {
    let old = Circumstances { protocol: Version::Http10, ..circumstances(KEEPS) };
    let head = "HTTP/1.0 200 OK~Date: today~";
    assert_eq!(planned(chunks(), old), format!("{head}Content-Length: 8~Connection: close~~|hello|you, close"));
    assert_eq!(planned(stream(), old), format!("{head}Connection: close~~|{{helloyou}}, close"));
}

#[rstest]
#[case::a_length_of_chunks(
    chunks().content_length(8),
    "HTTP/1.1 200 OK~Content-Length: 8~Date: today~Transfer-Encoding: chunked~Connection: close~~|5~|hello|~|3~|you|~|0~~, close"
)]
#[case::a_length_of_a_stream(
    stream().content_length(8),
    "HTTP/1.1 200 OK~Content-Length: 8~Date: today~Connection: close~~|{helloyou}, close"
)]
#[case::a_coding_of_chunks(
    chunks().header("Transfer-Encoding", "xchunked"),
    "HTTP/1.1 200 OK~Transfer-Encoding: xchunked~Date: today~Connection: close~~|5~|hello|~|3~|you|~|0~~, close"
)]
#[case::a_coding_of_a_stream(
    stream().header("Transfer-Encoding", "gzip"),
    "HTTP/1.1 200 OK~Transfer-Encoding: gzip~Date: today~Connection: close~~|{helloyou}, close"
)]
#[case::chunks_of_a_stream(
    stream().header("Transfer-Encoding", "chunked"),
    "HTTP/1.1 200 OK~Transfer-Encoding: chunked~Date: today~~|{5~hello~3~you~}|0~~, keep"
)]
#[case::no_coding_of_chunks(
    chunks().without_header("transfer-encoding"),
    "OK Connection: close~~|5~|hello|~|3~|you|~|0~~, close"
)]
#[case::no_coding_of_a_stream(
    stream().without_header("Transfer-Encoding"),
    "OK Connection: close~~|{helloyou}, close"
)]
#[case::chunks_of_a_file(
    file().header("Transfer-Encoding", "chunked"),
    "HTTP/1.1 200 OK~Transfer-Encoding: chunked~Date: today~~|5~|{hello}|~|0~~, keep"
)]
#[case::chunks_of_nothing(
    Response::new(200).chunks([""; 0]),
    "OK Transfer-Encoding: chunked~~|0~~, keep"
)]
fn the_author_has_the_last_word_on_framing(#[case] response: Response, #[case] expected: &str) {
    check(response, KEEPS, expected);
}

#[rstest]
#[case::of_a_text(hello().trailer("A", "1").trailer("b", "2").trailer("a", "3"), KEEPS,
    "OK Transfer-Encoding: chunked~Trailer: A, b~~|5~|hello|~|0~A: 1~b: 2~a: 3~~, keep")]
#[case::of_a_stream(stream().trailer("A", "1"), KEEPS,
    "OK Transfer-Encoding: chunked~Trailer: A~~|{5~hello~3~you~}|0~A: 1~~, keep")]
#[case::announced_otherwise(hello().header("trailer", "x").trailer("A", "1"), KEEPS,
    "HTTP/1.1 200 OK~trailer: x~Date: today~Transfer-Encoding: chunked~~|5~|hello|~|0~A: 1~~, keep")]
#[case::not_announced(hello().without_header("trailer").trailer("A", "1"), KEEPS,
    "OK Transfer-Encoding: chunked~~|5~|hello|~|0~A: 1~~, keep")]
#[case::to_head(hello().trailer("A", "1"), HEAD, "OK Transfer-Encoding: chunked~Trailer: A~~, keep")]
#[case::to_an_old_client(hello().trailer("A", "1"), OLD, "OK Content-Length: 5~Connection: close~~hello, close")]
#[case::of_no_body(hello().status(204).trailer("A", "1"), KEEPS, "HTTP/1.1 204 No Content~Date: today~~, keep")]
fn trailers_follow_the_last_chunk(#[case] response: Response, #[case] exchange: Exchange, #[case] expected: &str) {
    check(response, exchange, expected);
}

#[rstest]
#[case::to_a_client_that_keeps(KEEPS, "100~~|103 link: </a>~~, wait 1ms, OK Content-Length: 5~~|hello, keep")]
#[case::to_head(HEAD, "100~~|103 link: </a>~~, wait 1ms, OK Content-Length: 5~~, keep")]
#[case::to_an_old_client(OLD, "wait 1ms, OK Content-Length: 5~Connection: close~~|hello, close")]
#[case::to_one_that_knows_no_heads(BARE, "wait 1ms, hello, close")]
fn interim_responses_go_first_to_who_knows_them(#[case] exchange: Exchange, #[case] expected: &str) {
    let response = hello().delay(MS).informational(100, &[]).informational(103, &[("link", "</a>")]);
    let text = planned(response, circumstances(exchange));
    let text = text.replace("HTTP/1.1 100 Continue~", "100~").replace("HTTP/1.1 103 Early Hints~", "103 ");
    assert_eq!(text, expected);
}

#[test]
fn a_fault_in_place_of_the_head_comes_behind_interim_responses() {
    let response = hello().fault(Fault::Reset).informational(100, &[]);
    check(response, KEEPS, "HTTP/1.1 100 Continue~~, reset");
}

#[test]
fn a_status_line_goes_out_as_given() {
    check(
        hello().status_line("HTTP/3 2OO\tfine"),
        KEEPS,
        "HTTP/3 2OO\\tfine~Date: today~Content-Length: 5~~hello, keep",
    );
    check(hello().status_line(""), KEEPS, "~Date: today~Content-Length: 5~~hello, keep");
}

#[rstest]
#[case::a_text(hello(), "wait 1ms, OK Content-Length: 5~~|he, hold, llo, keep")]
#[case::chunks(chunks(), "wait 1ms, OK Transfer-Encoding: chunked~~|5~|he, hold, llo|~|3~|you|~|0~~, keep")]
#[case::a_file(file(), "wait 1ms, OK Content-Length: 5~~|{he}, hold, {llo}, keep")]
#[case::a_stream(stream(), "wait 1ms, OK Transfer-Encoding: chunked~~|{5~he}, hold, {llo~3~you~}|0~~, keep")]
#[case::raw(Response::raw("HTTP/9"), "wait 1ms, HT, hold, TP/9, close")]
#[case::nothing(Response::new(304), "wait 1ms, HTTP/1.1 304 Not Modified~Date: today~~, hold, keep")]
fn wishes_apply_to_whatever_is_sent(#[case] response: Response, #[case] expected: &str) {
    check(response.hold_body(2, &gate()).delay(MS), KEEPS, expected);
}

#[test]
fn head_and_small_body_are_one_step_if_nothing_happens_between_them() {
    check(hello(), KEEPS, "OK Content-Length: 5~~hello, keep");
    check(hello().delay(MS), KEEPS, "wait 1ms, OK Content-Length: 5~~|hello, keep");
}

#[rstest]
#[case::a_text(hello(), "OK Transfer-Encoding: chunked~~|2~|he|~|ZZ~, close")]
#[case::chunks(chunks(), "OK Transfer-Encoding: chunked~~|2~|he|~|ZZ~, close")]
#[case::a_file(file(), "OK Transfer-Encoding: chunked~~|2~|{he}|~|ZZ~, close")]
#[case::a_stream(stream(), "OK Transfer-Encoding: chunked~~|{2~he~}|ZZ~, close")]
#[case::a_false_length(
    hello().content_length(3),
    "HTTP/1.1 200 OK~Content-Length: 3~Date: today~Transfer-Encoding: chunked~Connection: close~~|2~|he|~|ZZ~, close"
)]
#[case::a_page(
    Response::plain(200, "OK").with("Content-Length", "5").body("hello"),
    "HTTP/1.1 200 OK~Server: ours~Date: today~Transfer-Encoding: chunked~~|2~|he|~|ZZ~, close"
)]
#[case::raw(Response::raw("hello"), "he|ZZ~, close")]
#[case::nothing(Response::new(204), "HTTP/1.1 204 No Content~Date: today~~|ZZ~, close")]
fn a_bad_size_stands_where_a_chunk_ends(#[case] response: Response, #[case] expected: &str) {
    check(response.cut_after(2, Fault::BadChunkSize), KEEPS, expected);
}

#[rstest]
#[case::a_bad_size(hello().fault(Fault::BadChunkSize), KEEPS, "OK Transfer-Encoding: chunked~~|ZZ~, close")]
#[case::a_bad_size_at_a_border(chunks().cut_after(5, Fault::BadChunkSize), KEEPS, "OK Transfer-Encoding: chunked~~|5~|hello|~|ZZ~, close")]
#[case::a_bad_size_beyond_the_end(hello().cut_after(9, Fault::BadChunkSize), KEEPS, "OK Transfer-Encoding: chunked~~|5~|hello|~|ZZ~, close")]
#[case::no_end(hello().fault(Fault::NoLastChunk), KEEPS, "OK Transfer-Encoding: chunked~~|5~|hello|~, close")]
#[case::no_end_and_no_trailers(chunks().trailer("A", "1").fault(Fault::NoLastChunk), KEEPS,
    "OK Transfer-Encoding: chunked~Trailer: A~~|5~|hello|~|3~|you|~, close")]
#[case::no_end_of_a_part(hello().cut_after(2, Fault::NoLastChunk), KEEPS, "OK Transfer-Encoding: chunked~~|2~|he|~, close")]
#[case::no_end_of_a_stream(stream().fault(Fault::NoLastChunk), KEEPS, "OK Transfer-Encoding: chunked~~|{5~hello~3~you~}, close")]
#[case::to_an_old_client(hello().fault(Fault::NoLastChunk), OLD,
    "OK Transfer-Encoding: chunked~Connection: close~~|5~|hello|~, close")]
#[case::to_head(hello().fault(Fault::BadChunkSize), HEAD, "OK Transfer-Encoding: chunked~~|ZZ~, close")]
#[case::in_the_head(hello().fault(Fault::BadChunkSize.at(Stage::Head(6))), KEEPS, "HTTP/1|ZZ~, close")]
#[case::after_all(hello().fault(Fault::NoLastChunk.at(Stage::After)), KEEPS, "OK Content-Length: 5~~|hello, close")]
#[case::alone(Fault::NoLastChunk.into_response(), KEEPS,
    "HTTP/1.1 200 OK~Transfer-Encoding: chunked~Connection: close~~, close")]
fn faults_of_chunks_are_sent_in_chunks(#[case] response: Response, #[case] exchange: Exchange, #[case] expected: &str) {
    check(response, exchange, expected);
}

#[rstest]
#[case::reset(hello().cut_after(2, Fault::Reset), "OK Content-Length: 5~~|he, reset")]
#[case::close(chunks().cut_after(6, Fault::Close), "OK Transfer-Encoding: chunked~~|5~|hello|~|3~|y, close")]
#[case::stall(file().cut_after(0, Fault::Stall), "OK Content-Length: 5~~, stall")]
#[case::half_close(stream().cut_after(6, Fault::HalfClose), "OK Transfer-Encoding: chunked~~|{5~hello~3~y}, half-close")]
#[case::garbage(hello().cut_after(2, Fault::garbage("?!")), "OK Content-Length: 5~~|he|?!, close")]
#[case::raw(Response::raw("HTTP/9").cut_after(4, Fault::Reset), "HTTP, reset")]
#[case::in_the_head(hello().fault(Fault::Reset.at(Stage::Head(4))), "HTTP, reset")]
#[case::after(hello().fault(Fault::Reset.at(Stage::After)), "OK Content-Length: 5~~|hello, reset")]
fn a_response_breaks_off(#[case] response: Response, #[case] expected: &str) {
    check(response, KEEPS, expected);
}

#[rstest]
#[case::a_text(hello(), Stage::Body(2), Fault::Reset, "OK Content-Length: 5~~|he, reset")]
#[case::in_chunks(hello(), Stage::Body(2), Fault::BadChunkSize, "OK Transfer-Encoding: chunked~~|2~|he|~|ZZ~, close")]
#[case::in_the_head(hello(), Stage::Head(4), Fault::Close, "HTTP, close")]
#[case::what_is_cut_before(hello().cut_after(2, Fault::Close), Stage::Body(4), Fault::Reset, "OK Content-Length: 5~~|he, close")]
#[case::what_is_cut_behind(hello().cut_after(4, Fault::Close), Stage::Body(2), Fault::Reset, "OK Content-Length: 5~~|he, reset")]
#[case::a_file_of_a_directory(
    Response::plain(200, "OK").with("Content-Length", "5").with_source(Pieces::of(&["hello"]), Some(5)),
    Stage::Body(2),
    Fault::Reset,
    "HTTP/1.1 200 OK~Server: ours~Date: today~Content-Length: 5~~|{he}, reset"
)]
#[case::a_script(
    Response::of_script().with_source(Pieces::of(&["A: b\n\nhello"]), None),
    Stage::Body(2),
    Fault::Reset,
    "HTTP/1.1 200 Script output follows~Server: ours~Date: today~|{A:}, reset"
)]
fn what_strikes_from_outside_strikes_any_response(
    #[case] response: Response,
    #[case] stage: Stage,
    #[case] fault: Fault,
    #[case] expected: &str,
) {
    let circumstances = Circumstances { strike: Some((stage, &fault)), ..circumstances(KEEPS) };
    assert_eq!(planned(response, circumstances), expected);
}

/// Tells by failing that it was asked for something.
#[derive(Debug)]
struct Untouched;

impl Source for Untouched {
    fn read(&mut self, _buf: &mut [u8]) -> io::Result<usize> {
        panic!("read")
    }
    fn step_back(&mut self, _bytes: u64) -> io::Result<()> {
        panic!("stepped back")
    }
    fn work(&mut self) -> Option<crate::wake::Task> {
        panic!("run")
    }
}

#[rstest]
#[case::for_head(200, HEAD, None)]
#[case::for_a_status_without_a_body(204, KEEPS, None)]
#[case::for_a_status_that_tells_of_one(304, KEEPS, None)]
#[case::for_a_fault_in_place_of_the_head(200, KEEPS, Some(Stage::BeforeHead))]
#[case::for_a_fault_in_place_of_the_body(200, KEEPS, Some(Stage::Body(0)))]
fn a_body_that_is_not_sent_is_not_made(#[case] status: u16, #[case] exchange: Exchange, #[case] stage: Option<Stage>) {
    let response = Response::new(status).with_source(Box::new(Untouched), None);
    let circumstances = Circumstances { strike: stage.map(|stage| (stage, &Fault::Close)), ..circumstances(exchange) };
    let plan = encode::plan(response, circumstances);
    assert!(plan.steps.iter().all(|step| step.body_length().is_none()), "{plan:?}");
}
