//! Requests that are accepted, and what is read from them.

use super::*;
use rstest::rstest;

/// Name, bytes, and what they are read as.
type Golden = (&'static str, &'static [u8], &'static [&'static str]);

pub(super) const GOLDEN: &[Golden] = &[
    ("a plain GET", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", &["GET / 1.1 keep | Host: a | \"\""]),
    ("a method is a token and keeps its case", b"geT!-x /a?b HTTP/1.1\r\nhost:a\r\n\r\n", &[
        "geT!-x /a?b 1.1 keep | host: a | \"\"",
    ]),
    ("spelling, order and repetition of fields are kept", b"GET / HTTP/1.1\r\nhOST: a\r\nX: 1\r\nx: 2\r\nX:\r\n\r\n", &[
        "GET / 1.1 keep | hOST: a | X: 1 | x: 2 | X:  | \"\"",
    ]),
    ("white space around values goes, within it stays", b"GET / HTTP/1.1\r\nHost: \t a \t\r\nX:a \t b\r\n\r\n", &[
        "GET / 1.1 keep | Host: a | X: a \\t b | \"\"",
    ]),
    ("bytes outside ASCII in values and targets are kept", b"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\nX: caf\xe9\r\n\r\n", &[
        "GET /\\xc3\\xa9 1.1 keep | Host: a | X: caf\\xe9 | \"\"",
    ]),
    ("a later minor version is read as 1.1", b"GET / HTTP/1.9\r\nHost: a\r\n\r\n", &["GET / 1.1 keep | Host: a | \"\""]),
    ("HEAD", b"HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n", &["HEAD /x 1.1 keep | Host: a | \"\""]),
    ("a length", b"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", &[
        "POST /p 1.1 keep | Host: a | Content-Length: 5 | \"hello\"",
    ]),
    ("a length of nothing", b"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", &[
        "POST /p 1.1 keep | Host: a | Content-Length: 0 | \"\"",
    ]),
    ("a GET may have a body", b"GET / HTTP/1.1\r\nHost: a\r\ncontent-length:2\r\n\r\n\r\n", &[
        "GET / 1.1 keep | Host: a | content-length: 2 | \"\\r\\n\"",
    ]),
    ("equal repeated lengths are one", b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2, 02\r\nContent-Length: 2\r\n\r\nok", &[
        "PUT / 1.1 keep | Host: a | Content-Length: 2, 02 | Content-Length: 2 | \"ok\"",
    ]),
    ("chunks", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", &[
        "POST / 1.1 keep | Host: a | Transfer-Encoding: chunked | \"hello world\" | chunks [5, 6]",
    ]),
    ("no chunks but the last", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n000\r\n\r\n", &[
        "POST / 1.1 keep | Host: a | Transfer-Encoding: CHUNKED | \"\" | chunks []",
    ]),
    ("empty members of the list of codings mean nothing", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: , chunked,\r\n\r\n1\r\n\n\r\n0\r\n\r\n", &[
        "POST / 1.1 keep | Host: a | Transfer-Encoding: , chunked, | \"\\n\" | chunks [1]",
    ]),
    (
        "chunks with extensions and trailers",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n00A;x=\"y;z\" ; n\r\n0123456789\r\n1 \t;\xe9\r\n\r\r\n0;last\r\nX-Sum: 1\r\nx-sum:\xff\r\n\r\n",
        &["POST / 1.1 keep | Host: a | Transfer-Encoding: chunked | \"0123456789\\r\" | chunks [10, 1] | trailer X-Sum: 1 | trailer x-sum: \\xff"],
    ),
    (
        "pipelined requests",
        b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcPOST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n\r\nGET /4 HTTP/1.0\r\n\r\n",
        &[
            "GET /1 1.1 keep | Host: a | \"\"",
            "POST /2 1.1 keep | Host: a | Content-Length: 3 | \"abc\"",
            "POST /3 1.1 keep | Host: a | Transfer-Encoding: chunked | \"x\" | chunks [1]",
            "GET /4 1.0 close | \"\"",
        ],
    ),
    ("empty lines before a request", b"\r\n\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", &["GET / 1.1 keep | Host: a | \"\""]),
    ("bare LF ends lines", b"GET / HTTP/1.1\nHost: a\nX: y\n\nGET /2 HTTP/1.1\r\nHost: a\n\r\n", &[
        "GET / 1.1 keep | Host: a | X: y | \"\"",
        "GET /2 1.1 keep | Host: a | \"\"",
    ]),
    ("absolute-form", b"GET http://a:80/x?y HTTP/1.1\r\nHost: a:80\r\n\r\n", &[
        "GET http://a:80/x?y 1.1 keep | Host: a:80 | \"\"",
    ]),
    ("absolute-form without a path", b"OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n", &[
        "OPTIONS http://a 1.1 keep | Host: a | \"\"",
    ]),
    ("asterisk-form", b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", &["OPTIONS * 1.1 keep | Host: a | \"\""]),
    ("authority-form", b"CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n", &[
        "CONNECT [::1]:443 1.1 keep | Host: [::1]:443 | \"\"",
    ]),
    ("HTTP/1.0 closes", b"GET / HTTP/1.0\r\n\r\n", &["GET / 1.0 close | \"\""]),
    ("HTTP/1.0 that keeps alive", b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", &[
        "GET / 1.0 keep | Connection: Keep-Alive | \"\"",
    ]),
    ("close outweighs keep-alive", b"GET / HTTP/1.0\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", &[
        "GET / 1.0 close | Connection: keep-alive | Connection: close | \"\"",
    ]),
    ("close among other tokens, in any case", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: TE,\tCLOSE , x\r\n\r\n", &[
        "GET / 1.1 close | Host: a | Connection: TE,\\tCLOSE , x | \"\"",
    ]),
    ("closed is not close", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: closed, disclose\r\n\r\n", &[
        "GET / 1.1 keep | Host: a | Connection: closed, disclose | \"\"",
    ]),
    ("an empty host", b"GET / HTTP/1.1\r\nHost:\r\n\r\n", &["GET / 1.1 keep | Host:  | \"\""]),
    ("an empty port", b"GET / HTTP/1.1\r\nHost: a_b.c%20:\r\n\r\n", &["GET / 1.1 keep | Host: a_b.c%20: | \"\""]),
    ("a head that looks like a body", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n", &[
        "POST / 1.1 keep | Host: a | Content-Length: 18 | \"GET / HTTP/1.1\\r\\n\\r\\n\"",
    ]),
    ("a client that waits for leave", b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\nx", &[
        "PUT / 1.1 keep | Host: a | Expect: 100-Continue | Content-Length: 1 | \"x\"",
    ]),
    ("other expectations are no matter", b"GET / HTTP/1.1\r\nHost: a\r\nExpect: the-worst\r\n\r\n", &[
        "GET / 1.1 keep | Host: a | Expect: the-worst | \"\"",
    ]),
];

#[test]
fn golden_requests_are_read_the_same_however_they_are_cut() {
    for (name, input, expected) in GOLDEN {
        for afterwards in [Afterwards::Open, Afterwards::Closed] {
            assert_eq!(check(name, input, &Limits::default(), afterwards), *expected, "{name}");
        }
    }
}

#[test]
fn a_strict_prefix_of_a_golden_request_is_neither_a_request_nor_refused() {
    for (name, input, expected) in GOLDEN {
        for length in 0..input.len() {
            let seen = read([&input[..length]], &Limits::default(), Afterwards::Open);
            assert!(seen.len() < expected.len(), "{name}: complete after {length} bytes");
            assert_eq!(seen, expected[..seen.len()], "{name}: after {length} bytes");
        }
    }
}

#[rstest]
#[case::as_many_as_usual(48)]
#[case::one_more_than_usual(49)]
#[case::as_many_as_allowed(1_000)]
fn many_fields_are_all_there(#[case] count: usize) {
    let mut input = b"GET / HTTP/1.1\r\nHost: a\r\n".to_vec();
    let mut expected = "GET / 1.1 keep | Host: a".to_owned();
    for number in 1..count {
        input.extend(format!("X{number}:{number}\r\n").into_bytes());
        write!(expected, " | X{number}: {number}").unwrap();
    }
    input.extend(b"\r\n");
    assert_eq!(check("many fields", &input, &Limits::default(), Afterwards::Open), [expected + " | \"\""]);
}

#[rstest]
#[case::the_body_did_not_come_along(&b""[..], true)]
#[case::the_body_came_along(&b"he"[..], false)]
fn leave_to_send_a_body_is_needed_only_by_who_waits_for_it(#[case] along: &[u8], #[case] expected: bool) {
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
    let (used, step) =
        Decoder::default().feed(&[&head[..], along].concat(), &reading(&Limits::default()), &mut Recent::default());
    assert_eq!(used, head.len());
    assert!(matches!(step, Step::Head { expects_continue, .. } if expects_continue == expected), "{step:?}");
}

#[rstest]
#[case::of_http_1_0("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")]
#[case::without_a_body("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n")]
fn nobody_waits_for_leave_in_a_request(#[case] head: &str) {
    let (_, step) = Decoder::default().feed(head.as_bytes(), &reading(&Limits::default()), &mut Recent::default());
    assert!(!matches!(step, Step::Head { expects_continue: true, .. }), "{step:?}");
}

#[test]
fn the_raw_head_is_as_sent_from_the_request_line_to_the_empty_line() {
    let (_, step) = Decoder::default().feed(
        b"\r\n\r\nGET /  HTTP/1.1\r\nHost : a\r\n\r\nmore",
        &reading(&Limits::default()),
        &mut Recent::default(),
    );
    let Step::Refused { request, .. } = step else { panic!("{step:?}") };
    assert_eq!(request.head().raw.escape_ascii().to_string(), r"GET /  HTTP/1.1\r\nHost : a\r\n\r\n");

    let (_, step) = Decoder::default().feed(
        b"\r\n\r\nGET / HTTP/1.1\nHost: \ta\n\nmore",
        &reading(&Limits::default()),
        &mut Recent::default(),
    );
    let Step::Request(request, _) = step else { panic!("{step:?}") };
    assert_eq!(request.head().raw.escape_ascii().to_string(), r"GET / HTTP/1.1\nHost: \ta\n\n");
    assert_eq!((request.method(), request.target(), request.header("host")), ("GET", "/", Some("a")));
}

#[test]
fn only_a_request_that_has_begun_is_amid() {
    let mut decoder = Decoder::default();
    assert!(!decoder.is_amid(b"") && !decoder.is_amid(b"\r\n\r\n\n"));
    assert!(decoder.is_amid(b"\r\nG"));
    assert!(decoder.give_up(b"\r\n", Refusal::TooSlow).is_none());
    let (_, step) = decoder.feed(
        b"PUT / HTTP/1.0\r\nContent-Length: 1\r\n\r\n",
        &reading(&Limits::default()),
        &mut Recent::default(),
    );
    let Step::Head { request, exchange, .. } = step else { panic!("{step:?}") };
    assert!(matches!(decoder.collect(request, exchange, &Limits::default()), Step::NeedMore));
    assert!(decoder.is_in_body() && decoder.is_amid(b""));
}
