//! Responses as bytes, and what becomes of the connection after them.

use std::io;

use bytes::Bytes;
use rstest::rstest;

use crate::message::body::Source;
use crate::message::fault::Fault;
use crate::message::into_response::IntoResponse;
use crate::message::request::Version;
use crate::message::response::Response;
use crate::plan::{End, Left, Plan, Step};
use crate::wire::encode::{self, Circumstances};
use crate::wire::{Dialect, Exchange};

const DATE: &str = "Date: today\r\n";
const SERVER: &[u8] = b"Server: ours\r\n";

/// A client of HTTP/1.1 that keeps the connection.
pub(super) const KEEPS: Exchange =
    Exchange { persistent: true, http11: true, head_only: false, tunnels: false, bare: false };
pub(super) const CLOSES: Exchange = Exchange { persistent: false, ..KEEPS };
pub(super) const HEAD: Exchange = Exchange { head_only: true, ..KEEPS };
pub(super) const OLD: Exchange =
    Exchange { persistent: false, http11: false, head_only: false, tunnels: false, bare: false };
pub(super) const OLD_KEEPS: Exchange = Exchange { persistent: true, ..OLD };

pub(super) fn circumstances(exchange: Exchange) -> Circumstances<'static> {
    Circumstances {
        exchange,
        dialect: Dialect::Rfc9112,
        protocol: Version::Http11,
        keep_alive: true,
        server_line: SERVER,
        date_line: DATE,
        strike: None,
    }
}

/// All that the plan sends.
pub(super) fn bytes_of(plan: Plan) -> String {
    let mut sent = Vec::new();
    for step in plan.steps {
        match step {
            Step::Head(bytes) => sent.extend(bytes),
            Step::Interim(bytes) | Step::Framing(bytes) | Step::Bytes(bytes) => sent.extend(bytes),
            Step::Wait(_) | Step::Hold(_) => {}
            Step::Source { mut source, left, .. } => {
                let left = match left {
                    Left::Exactly(left) | Left::AtMost(left) => Some(left),
                    Left::All => None,
                };
                let start = sent.len();
                // Of one without a length a single read is all.
                sent.resize(start + left.map_or(1_000, |left| usize::try_from(left).unwrap()), 0);
                let got = source.read(&mut sent[start..]).unwrap();
                sent.truncate(start + left.map_or(got, |left| usize::try_from(left).unwrap()));
            }
        }
    }
    String::from_utf8_lossy(&sent).into_owned()
}

#[track_caller]
fn check(response: impl IntoResponse, exchange: Exchange, expected: &str, end: End) {
    let plan = encode::plan(response.into_response(), circumstances(exchange));
    assert_eq!(plan.end, end);
    assert!(!plan.faulty);
    assert_eq!(bytes_of(plan), expected);
}

#[derive(Debug)]
pub(super) struct Text(pub(super) &'static [u8]);

impl Source for Text {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        io::Read::read(&mut self.0, buf)
    }
    fn step_back(&mut self, _bytes: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

fn streamed(response: Response) -> Response {
    response.with_source(Box::new(Text(b"hello")), Some(5))
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nDate: today\r\nContent-Length: 5\r\n";

#[rstest]
#[case::to_a_client_that_keeps(KEEPS, "\r\nhello", End::Keep)]
#[case::to_a_client_that_closes(CLOSES, "Connection: close\r\n\r\nhello", End::Close)]
#[case::to_head(HEAD, "\r\n", End::Keep)]
#[case::to_an_old_client(OLD, "Connection: close\r\n\r\nhello", End::Close)]
#[case::to_an_old_client_that_keeps(OLD_KEEPS, "Connection: keep-alive\r\n\r\nhello", End::Keep)]
fn a_text_goes_out_whole(#[case] exchange: Exchange, #[case] rest: &str, #[case] end: End) {
    check("hello", exchange, &format!("{OK}{rest}"), end);
    check(streamed(Response::text("")), exchange, &format!("{OK}{rest}"), end);
}

#[test]
fn what_opens_a_tunnel_has_neither_body_nor_length() {
    let connect = Exchange { tunnels: true, ..KEEPS };
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nDate: today\r\n\r\n";
    check("hello", connect, head, End::Keep);
    let refused = "HTTP/1.1 403 Forbidden\r\nDate: today\r\nContent-Length: 0\r\n\r\n";
    check(403_u16, connect, refused, End::Keep);
}

#[rstest]
#[case::a_server_that_keeps_no_connections(false, Version::Http11, "HTTP/1.1")]
#[case::a_server_of_http_1_0(true, Version::Http10, "HTTP/1.0")]
fn a_server_that_closes_says_so(#[case] keep_alive: bool, #[case] protocol: Version, #[case] version: &str) {
    for exchange in [KEEPS, OLD_KEEPS] {
        let plan =
            encode::plan("hello".into_response(), Circumstances { protocol, keep_alive, ..circumstances(exchange) });
        assert_eq!(plan.end, End::Close);
        let expected = OK.replace("HTTP/1.1", version) + "Connection: close\r\n\r\nhello";
        assert_eq!(bytes_of(plan), expected);
    }
}

#[rstest]
#[case::a_standard_phrase(Response::new(404), "HTTP/1.1 404 Not Found\r\n")]
#[case::a_phrase_of_ones_own(Response::new(200).reason("Fine, caf\u{e9}"), "HTTP/1.1 200 Fine, caf\u{e9}\r\n")]
#[case::no_phrase(Response::new(200).reason(""), "HTTP/1.1 200 \r\n")]
#[case::a_status_nobody_knows(Response::new(799), "HTTP/1.1 799 \r\n")]
fn the_status_line_has_a_status_and_a_phrase(#[case] response: Response, #[case] line: &str) {
    check(response, KEEPS, &format!("{line}{DATE}Content-Length: 0\r\n\r\n"), End::Keep);
}

#[rstest]
#[case::in_order_spelled_and_repeated_as_given(
    Response::new(200).append_header("x-B", "2").append_header("X-a", "").append_header("X-b", "2"),
    "x-B: 2\r\nX-a: \r\nX-b: 2\r\nDate: today\r\nContent-Length: 0\r\n",
    End::Keep
)]
#[case::a_date_of_ones_own(Response::new(200).header("date", "never"), "date: never\r\nContent-Length: 0\r\n", End::Keep)]
#[case::no_date(Response::new(200).without_header("Date"), "Content-Length: 0\r\n", End::Keep)]
#[case::the_true_length(Response::new(200).header("CONTENT-LENGTH", 0), "CONTENT-LENGTH: 0\r\nDate: today\r\n", End::Keep)]
#[case::no_length(
    Response::new(200).without_header("content-length"),
    "Date: today\r\nConnection: close\r\n",
    End::Close
)]
#[case::no_length_and_no_connection(
    Response::new(200).without_header("content-length").without_header("connection"),
    "Date: today\r\n",
    End::Close
)]
#[case::a_close_by_field(
    Response::new(200).header("connection", "x, Close"),
    "connection: x, Close\r\nDate: today\r\nContent-Length: 0\r\n",
    End::Close
)]
#[case::a_close_by_call(
    Response::new(200).close(),
    "Date: today\r\nContent-Length: 0\r\nConnection: close\r\n",
    End::Close
)]
#[case::a_close_that_says_otherwise(
    Response::new(200).close().header("Connection", "keep-alive"),
    "Connection: keep-alive\r\nDate: today\r\nContent-Length: 0\r\n",
    End::Close
)]
fn fields_go_out_as_given_and_what_lacks_is_added(#[case] response: Response, #[case] fields: &str, #[case] end: End) {
    check(response, KEEPS, &format!("HTTP/1.1 200 OK\r\n{fields}\r\n"), end);
}

#[rstest]
#[case::too_long("7")]
#[case::too_short("3")]
#[case::no_number("five")]
#[case::negative("-5")]
fn a_length_that_is_not_true_goes_out_and_the_connection_closes(#[case] length: &str) {
    let lying = Response::new(200).header("Content-Length", length).body("hello");
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nDate: today\r\n");
    check(lying.clone(), KEEPS, &format!("{head}Connection: close\r\n\r\nhello"), End::Close);
    // Without a body there is nothing that it could be wrong about.
    check(lying, HEAD, &format!("{head}\r\n"), End::Keep);
}

#[test]
fn one_false_length_of_two_is_enough_to_close() {
    for lengths in [["7", "5"], ["5", "7"]] {
        let response = lengths.iter().fold(Response::new(200), |r, length| r.append_header("content-length", *length));
        assert_eq!(encode::plan(response.body("hello"), circumstances(KEEPS)).end, End::Close, "{lengths:?}");
    }
}

#[rstest]
#[case::switching(101)]
#[case::no_content(204)]
#[case::not_modified(304)]
fn some_statuses_end_with_their_head(#[case] status: u16) {
    for exchange in [KEEPS, HEAD] {
        let plan = encode::plan(Response::new(status).body("hello"), circumstances(exchange));
        assert_eq!(plan.end, End::Keep);
        let sent = bytes_of(plan);
        assert!(
            sent.starts_with(&format!("HTTP/1.1 {status} ")) && sent.ends_with("\r\nDate: today\r\n\r\n"),
            "{sent}"
        );
    }
}

#[test]
fn not_modified_may_tell_the_length_of_what_it_does_not_send() {
    let response = Response::new(304).header("Content-Length", 99);
    check(response, KEEPS, "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nDate: today\r\n\r\n", End::Keep);
}

#[test]
fn to_head_the_length_is_that_of_the_body_that_is_not_sent() {
    let large = "x".repeat(1 << 20);
    let expected =
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nDate: today\r\nContent-Length: 1048576\r\n\r\n";
    check(large, HEAD, expected, End::Keep);
}

#[rstest]
#[case::bytes(Response::new(200).body("hello"), "5\r\nhello\r\n0\r\n\r\n")]
#[case::nothing(Response::new(200), "0\r\n\r\n")]
#[case::a_source(streamed(Response::new(200)), "5\r\nhello\r\n0\r\n\r\n")]
fn an_author_who_asks_for_chunks_gets_them(#[case] response: Response, #[case] body: &str) {
    let response = response.header("transfer-Encoding", "Chunked");
    let head = "HTTP/1.1 200 OK\r\ntransfer-Encoding: Chunked\r\nDate: today\r\n";
    check(response, KEEPS, &format!("{head}\r\n{body}"), End::Keep);
}

#[rstest]
#[case::to_head(HEAD, "chunked", "\r\n", End::Keep)]
#[case::to_an_old_client_which_knows_no_chunks(OLD_KEEPS, "chunked", "Connection: close\r\n\r\nhello", End::Close)]
#[case::with_a_coding_that_is_not_applied(KEEPS, "gzip", "Connection: close\r\n\r\nhello", End::Close)]
fn beside_a_coding_there_is_no_length(
    #[case] exchange: Exchange,
    #[case] coding: &str,
    #[case] rest: &str,
    #[case] end: End,
) {
    let response = Response::new(200).header("Transfer-Encoding", coding).body("hello");
    check(response, exchange, &format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {coding}\r\nDate: today\r\n{rest}"), end);
}

#[test]
fn large_bodies_are_shared_and_not_copied() {
    let body = Bytes::from(vec![b'x'; 1 << 20]);
    let plan = encode::plan(body.clone().into_response(), circumstances(KEEPS));
    let steps: Vec<&Step> = plan.steps.iter().collect();
    let [Step::Head(_), Step::Bytes(sent)] = steps[..] else { panic!("{plan:?}") };
    assert_eq!(sent.as_ptr(), body.as_ptr());
}

#[test]
fn a_small_body_lies_behind_its_head() {
    let plan = encode::plan(vec![b'x'; 16 << 10].into_response(), circumstances(KEEPS));
    assert!(matches!(plan.steps.iter().collect::<Vec<_>>()[..], [Step::Head(_)]), "{plan:?}");
}

#[test]
fn a_response_in_the_style_of_http_server_has_its_order_of_fields_and_no_others() {
    let server = "Server: ours\r\n";
    let plain = |reason: &'static str| Response::plain(404, reason).with("Content-Type", "a/b");
    let sized = plain("caf\u{e9}").with("Content-Length", "5").with_bytes(Bytes::from_static(b"hello"));
    let head = format!("HTTP/1.1 404 caf\u{e9}\r\n{server}Date: today\r\nContent-Type: a/b\r\nContent-Length: 5\r\n");
    check(sized, KEEPS, &format!("{head}\r\nhello"), End::Keep);

    // No length is added, so that only the end of the connection can end the body.
    for response in [plain("No").with_bytes(Bytes::from_static(b"hello")), Response::plain(404, "No")] {
        assert_eq!(encode::plan(response, circumstances(KEEPS)).end, End::Close);
    }
    check(Response::plain(304, "So"), KEEPS, &format!("HTTP/1.1 304 So\r\n{server}Date: today\r\n\r\n"), End::Keep);
}

#[test]
fn raw_bytes_are_all_that_is_sent_whatever_the_request() {
    for exchange in [KEEPS, CLOSES, HEAD, OLD] {
        check(Response::raw("HTTP/9.9 what\n").header("X", "y"), exchange, "HTTP/9.9 what\n", End::Close);
    }
}

#[rstest]
#[case::reset(Fault::Reset, "", End::Reset)]
#[case::close(Fault::Close, "", End::Close)]
#[case::half_close(Fault::HalfClose, "", End::HalfClose)]
#[case::stall(Fault::Stall, "", End::Stall)]
#[case::garbage(Fault::garbage("?!"), "?!", End::Close)]
fn a_fault_takes_the_place_of_the_response(#[case] fault: Fault, #[case] sent: &str, #[case] end: End) {
    let plan = encode::plan(fault.into_response(), circumstances(KEEPS));
    assert_eq!((plan.end, plan.faulty), (end, true));
    assert_eq!(bytes_of(plan), sent);
}

#[test]
fn numbers_of_any_length_are_written_out() {
    for length in [0, 9, 10, u64::MAX] {
        let response = Response::new(200).with_source(Box::new(Text(b"")), Some(length));
        let plan = encode::plan(response, circumstances(HEAD));
        assert!(bytes_of(plan).contains(&format!("\r\nContent-Length: {length}\r\n")), "{length}");
    }
}
