//! Requests that are refused, at least one for each reason.

use super::*;

/// Name, bytes, what becomes of the connection afterwards, and why they are refused.
type Refused = (&'static str, &'static [u8], Afterwards, Refusal);

macro_rules! every_refusal {
    ($($Variant:ident)+; $($OfHttpServer:ident)+) => {
        const EVERY: &[Refusal] = &[$(Refusal::$Variant),+];
        pub(super) const OF_HTTP_SERVER: &[Refusal] = &[$(Refusal::$OfHttpServer),+];

        /// Does not compile when a variant is missing above.
        const _: fn(Refusal) = |refusal| match refusal {
            $(Refusal::$Variant => {})+
            $(Refusal::$OfHttpServer => {})+
        };
    };
}

every_refusal! {
    TlsHandshake RequestLine Target TargetTooLong Version FoldedField BlankBeforeColon BareCr FieldName FieldValue
    HeadTooLarge TooManyFields NoHost BadHost BadLength LengthAndChunked ChunkedInHttp10 NotChunkedLast UnknownCoding
    BadChunk ChunkedOverhead BadTrailer BodyTooLarge HeadCutShort BodyCutShort TooSlow;
    VersionWord LaterVersion WordCount OldMethod LineTooLong FieldLineTooLong TooManyFieldLines
}

macro_rules! chunked {
    ($body:literal) => {
        concat!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", $body).as_bytes()
    };
}

macro_rules! fields {
    ($fields:literal) => {
        concat!("POST / HTTP/1.1\r\nHost: a\r\n", $fields, "\r\n\r\n").as_bytes()
    };
}

use Afterwards::{Closed, Open, Slow};

/// Read under `tight` limits.
pub(super) const REFUSED: &[Refused] = &[
    ("a TLS handshake", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", Open, Refusal::TlsHandshake),
    ("binary", b"\x00\x01\x02", Open, Refusal::RequestLine),
    ("a byte of TLS and no more of it", b"\x16\x02", Open, Refusal::RequestLine),
    ("no version (HTTP/0.9)", b"GET /\r\n", Open, Refusal::RequestLine),
    ("one word", b"hello\n", Open, Refusal::RequestLine),
    ("a blank before the method", b" GET / HTTP/1.1\r\n", Open, Refusal::RequestLine),
    ("two blanks before the target", b"GET  / HTTP/1.1\r\n", Open, Refusal::RequestLine),
    ("two blanks before the version", b"GET /  HTTP/1.1\r\n", Open, Refusal::RequestLine),
    ("a blank after the version", b"GET / HTTP/1.1 \r\n", Open, Refusal::RequestLine),
    ("a blank in the target", b"GET /a b HTTP/1.1\r\n", Open, Refusal::RequestLine),
    ("a tab between the words", b"GET\t/\tHTTP/1.1\r\n", Open, Refusal::RequestLine),
    ("a method that is no token", b"G(T / HTTP/1.1\r\n", Open, Refusal::RequestLine),
    ("NUL in the target", b"GET /\0 HTTP/1.1\r\n", Open, Refusal::RequestLine),
    ("a version in lower case", b"GET / http/1.1\r\n", Open, Refusal::RequestLine),
    ("a version of three digits", b"GET / HTTP/1.10\r\n", Open, Refusal::RequestLine),
    ("a version that is cut short", b"GET / HTTP/1\r\n", Open, Refusal::RequestLine),
    ("a bad request line before bad fields", b"GET  / HTTP/1.1\r\nHost : a\r\n\r\n", Open, Refusal::RequestLine),
    ("a response", b"HTTP/1.1 200 OK\r\n", Open, Refusal::RequestLine),
    ("a path with CONNECT", b"CONNECT /a HTTP/1.1\r\nHost: a\r\n\r\n", Open, Refusal::Target),
    ("a URL with CONNECT", b"CONNECT http://a:1 HTTP/1.1\r\nHost: a\r\n\r\n", Open, Refusal::Target),
    ("CONNECT without a port", b"CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", Open, Refusal::Target),
    ("CONNECT with an empty port", b"CONNECT a: HTTP/1.1\r\nHost: a\r\n\r\n", Open, Refusal::Target),
    ("CONNECT with an empty host", b"CONNECT :80 HTTP/1.1\r\nHost: a\r\n\r\n", Open, Refusal::Target),
    ("CONNECT with a port beyond all", b"CONNECT a:65536 HTTP/1.1\r\nHost: a\r\n\r\n", Open, Refusal::Target),
    ("an asterisk with GET", b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", Open, Refusal::Target),
    ("a relative path", b"GET a/b HTTP/1.1\r\nHost: a\r\n\r\n", Open, Refusal::Target),
    ("an authority with GET", b"GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", Open, Refusal::Target),
    ("a URL without a scheme", b"GET ://a/ HTTP/1.1\r\nHost: a\r\n\r\n", Open, Refusal::Target),
    ("a URL without a host", b"GET http:///b HTTP/1.1\r\nHost: a\r\n\r\n", Open, Refusal::Target),
    ("a long target", b"GET /0123456789012345678901234567890123 HTTP/1.1\r\n", Open, Refusal::TargetTooLong),
    (
        "a target without end",
        b"GET /0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789",
        Open,
        Refusal::TargetTooLong,
    ),
    ("a later version", b"GET / HTTP/2.0\r\n", Open, Refusal::Version),
    ("the beginning of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Open, Refusal::Version),
    ("an earlier version", b"GET / HTTP/0.9\n", Open, Refusal::Version),
    ("a folded field", fields!("X: a\r\n b"), Open, Refusal::FoldedField),
    ("a folded field with a tab", fields!("X: a\r\n\tb"), Open, Refusal::FoldedField),
    ("a blank before the first field", b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", Open, Refusal::FoldedField),
    ("a line of blanks", fields!("X: a\r\n "), Open, Refusal::FoldedField),
    ("a blank before the colon", fields!("X : a"), Open, Refusal::BlankBeforeColon),
    ("a tab before the colon", fields!("Content-Length\t: 5"), Open, Refusal::BlankBeforeColon),
    ("CR in a value", fields!("X: a\rb"), Open, Refusal::BareCr),
    ("CR twice at the end of a line", fields!("X: a\r"), Open, Refusal::BareCr),
    ("CR in a name", fields!("X\rY: a"), Open, Refusal::BareCr),
    ("CR in the request line", b"GET / HTTP/1.1\rHost: a\r\n", Open, Refusal::BareCr),
    ("CR before the request", b"\r\n\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", Open, Refusal::BareCr),
    ("CR in place of the empty line", b"GET / HTTP/1.1\r\nHost: a\r\n\rX: b\r\n\r\n", Open, Refusal::BareCr),
    ("a name with a blank", fields!("X Y: a"), Open, Refusal::FieldName),
    ("no name", fields!(": a"), Open, Refusal::FieldName),
    ("no colon", fields!("X"), Open, Refusal::FieldName),
    ("a name outside ASCII", b"GET / HTTP/1.1\r\nHost: a\r\nX\xe9: a\r\n\r\n", Open, Refusal::FieldName),
    ("NUL in a value", fields!("X: a\0b"), Open, Refusal::FieldValue),
    ("DEL in a value", fields!("X: \x7f"), Open, Refusal::FieldValue),
    (
        "a head that goes on and on",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: 0123456789012345678901234567890123456789012345678901234567890123456789\r\nY: 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789",
        Open,
        Refusal::HeadTooLarge,
    ),
    (
        "a head that is too large, with a field that is malformed",
        b"GET / HTTP/1.1\r\nHost : a\r\nX: 0123456789012345678901234567890123456789012345678901234567890123456789\r\nY: 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\r\n\r\n",
        Open,
        Refusal::HeadTooLarge,
    ),
    ("a small bad head before much else", b"GET / HTTP/1.1\r\nHost : a\r\n\r\n0123456789012345678901234567890123456789012345678901234567890123456789\r\n0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789", Open, Refusal::BlankBeforeColon),
    ("empty lines without end", &[b'\n'; 201], Open, Refusal::HeadTooLarge),
    ("a field too many", b"GET / HTTP/1.1\r\nHost: a\r\nA:\r\nB:\r\nC:\r\nD:\r\n\r\n", Open, Refusal::TooManyFields),
    ("no Host", b"GET / HTTP/1.1\r\n\r\n", Open, Refusal::NoHost),
    ("no Host beside a URL", b"GET http://a/ HTTP/1.1\r\n\r\n", Open, Refusal::NoHost),
    ("no Host, and HEAD", b"HEAD / HTTP/1.1\r\nX: y\r\n\r\n", Open, Refusal::NoHost),
    ("two Hosts", fields!("host: a"), Open, Refusal::BadHost),
    ("two Hosts in HTTP/1.0", b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", Open, Refusal::BadHost),
    ("a Host with a path", b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", Open, Refusal::BadHost),
    ("a Host with a user", b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", Open, Refusal::BadHost),
    ("a list of Hosts", b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", Open, Refusal::BadHost),
    ("a Host whose port is a word", b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", Open, Refusal::BadHost),
    ("a Host with two ports", b"GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n", Open, Refusal::BadHost),
    ("a Host with an open bracket", b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", Open, Refusal::BadHost),
    ("a Host outside ASCII", b"GET / HTTP/1.1\r\nHost: \xc3\xa9\r\n\r\n", Open, Refusal::BadHost),
    ("two lengths", fields!("Content-Length: 1\r\nContent-Length: 2"), Open, Refusal::BadLength),
    ("two lengths in a list", fields!("Content-Length: 1, 2"), Open, Refusal::BadLength),
    ("a length with a sign", fields!("Content-Length: +1"), Open, Refusal::BadLength),
    ("a negative length", fields!("Content-Length: -1"), Open, Refusal::BadLength),
    ("a length in hexadecimal", fields!("Content-Length: 0x1"), Open, Refusal::BadLength),
    ("a length of two words", fields!("Content-Length: 1 2"), Open, Refusal::BadLength),
    ("an empty length", fields!("Content-Length:"), Open, Refusal::BadLength),
    ("an empty member of a list of lengths", fields!("Content-Length: 1,"), Open, Refusal::BadLength),
    ("length and chunks", fields!("Content-Length: 1\r\nTransfer-Encoding: chunked"), Open, Refusal::LengthAndChunked),
    ("chunks and length", fields!("Transfer-Encoding: chunked\r\nContent-Length: 1"), Open, Refusal::LengthAndChunked),
    (
        "chunks in HTTP/1.0",
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        Open,
        Refusal::ChunkedInHttp10,
    ),
    ("a coding after chunked", fields!("Transfer-Encoding: chunked, gzip"), Open, Refusal::NotChunkedLast),
    ("chunked twice", fields!("Transfer-Encoding: chunked, chunked"), Open, Refusal::NotChunkedLast),
    ("chunked in two fields", fields!("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), Open, Refusal::NotChunkedLast),
    ("no coding at all", fields!("Transfer-Encoding: ,"), Open, Refusal::NotChunkedLast),
    ("another coding", fields!("Transfer-Encoding: gzip, chunked"), Open, Refusal::UnknownCoding),
    ("no coding any more", fields!("Transfer-Encoding: identity"), Open, Refusal::UnknownCoding),
    ("chunked with a tail", fields!("Transfer-Encoding: chunked;q=1"), Open, Refusal::UnknownCoding),
    ("chunked with a head", fields!("Transfer-Encoding: xchunked"), Open, Refusal::UnknownCoding),
    ("no size", chunked!("\r\n"), Open, Refusal::BadChunk),
    ("a size that is no number", chunked!("x\r\n"), Open, Refusal::BadChunk),
    ("a size with a prefix", chunked!("0x1\r\n"), Open, Refusal::BadChunk),
    ("a size with a sign", chunked!("+1\r\n"), Open, Refusal::BadChunk),
    ("a blank before the size", chunked!(" 1\r\n"), Open, Refusal::BadChunk),
    ("a size and a word", chunked!("1 2\r\n"), Open, Refusal::BadChunk),
    ("a size with a bare LF", chunked!("1\nx\r\n"), Open, Refusal::BadChunk),
    ("CR in an extension", chunked!("1;a\rb\r\n"), Open, Refusal::BadChunk),
    ("CR before an extension", chunked!("1\r;a\r\n"), Open, Refusal::BadChunk),
    ("LF in an extension", chunked!("1;a\nb\r\n"), Open, Refusal::BadChunk),
    ("NUL in an extension", chunked!("1;\0\r\n"), Open, Refusal::BadChunk),
    ("a chunk longer than its size", chunked!("1\r\nxy\r\n"), Open, Refusal::BadChunk),
    ("a chunk that ends in a bare LF", chunked!("1\r\nx\n0\r\n\r\n"), Open, Refusal::BadChunk),
    ("a chunk that ends in a bare CR", chunked!("1\r\nx\rx"), Open, Refusal::BadChunk),
    ("a size with many zeros", chunked!("00000000000000001\r\n"), Open, Refusal::ChunkedOverhead),
    ("many digits before nonsense", chunked!("00000000000000000x\n"), Open, Refusal::ChunkedOverhead),
    ("a trailer without a name", chunked!("0\r\n: a\r\n\r\n"), Open, Refusal::BadTrailer),
    ("a trailer with a blank before its colon", chunked!("0\r\nX : a\r\n\r\n"), Open, Refusal::BadTrailer),
    ("a folded trailer", chunked!("0\r\nX: a\r\n b\r\n\r\n"), Open, Refusal::BadTrailer),
    ("a trailer that ends in a bare LF", chunked!("0\r\nX: a\n\r\n"), Open, Refusal::BadTrailer),
    ("an end of chunks that is a bare LF", chunked!("0\r\n\n"), Open, Refusal::BadTrailer),
    ("CR in a trailer", chunked!("0\r\nX: a\rb\r\n\r\n"), Open, Refusal::BadTrailer),
    ("a body too large", fields!("Content-Length: 17"), Open, Refusal::BodyTooLarge),
    ("a length beyond 64 bits", fields!("Content-Length: 18446744073709551617"), Open, Refusal::BodyTooLarge),
    ("a chunk too large", chunked!("11\r\n"), Open, Refusal::BodyTooLarge),
    ("chunks too large together", chunked!("8\r\n01234567\r\n9\r\n"), Open, Refusal::BodyTooLarge),
    ("a chunk size of 64 bits", chunked!("1\r\nx\r\nffffffffffffffff\r\n"), Open, Refusal::BodyTooLarge),
    ("an end within the request line", b"GE", Closed, Refusal::HeadCutShort),
    ("an end within the fields", b"\r\nHEAD / HTTP/1.1\r\nHost: a\r\n", Closed, Refusal::HeadCutShort),
    ("an end before the body", fields!("Content-Length: 5"), Closed, Refusal::BodyCutShort),
    ("an end within a chunk", chunked!("5\r\nhe"), Closed, Refusal::BodyCutShort),
    ("an end within the trailers", chunked!("1\r\nx\r\n0\r\nX: y\r\n"), Closed, Refusal::BodyCutShort),
    ("a head that takes too long", b"GET / HTTP/1.1\r\nHost: a\r\n", Slow, Refusal::TooSlow),
    ("a body that takes too long", fields!("Content-Length: 5"), Slow, Refusal::TooSlow),
];

/// The reason in what `read` returns.
fn reason(line: &str) -> &str {
    line.trim_start_matches("HEAD ").split(' ').next().unwrap_or_default()
}

#[test]
fn refused_requests_are_refused_for_the_same_reason_however_they_are_cut() {
    for &(name, input, afterwards, refusal) in REFUSED {
        let seen = check(name, input, &tight(), afterwards);
        assert_eq!(seen.len(), 1, "{name}: {seen:?}");
        assert_eq!(reason(&seen[0]), format!("{refusal:?}"), "{name}");
    }
}

#[test]
fn no_prefix_of_a_refused_request_is_a_request() {
    for &(name, input, ..) in REFUSED {
        for length in 0..input.len() {
            let seen = read([&input[..length]], &tight(), Open);
            assert!(seen.iter().all(|line| EVERY.iter().any(|r| reason(line) == format!("{r:?}"))), "{name}: {seen:?}");
        }
    }
}

#[test]
fn good_requests_before_a_bad_one_are_read() {
    for &(name, input, afterwards, refusal) in REFUSED {
        let input =
            [b"PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nxGET /2 HTTP/1.0\r\n\r\n", input].concat();
        let seen = check(name, &input, &tight(), afterwards);
        assert_eq!(seen.len(), 3, "{name}: {seen:?}");
        assert!(seen[0].starts_with("PUT /1 ") && seen[1].starts_with("GET /2 "), "{name}: {seen:?}");
        assert_eq!(reason(&seen[2]), format!("{refusal:?}"), "{name}");
    }
}

#[test]
fn every_refusal_has_an_example_here() {
    for refusal in EVERY {
        assert!(REFUSED.iter().any(|(.., example)| example == refusal), "{refusal:?}");
    }
}

#[test]
fn every_refusal_is_the_fault_of_the_client_and_says_what_it_is() {
    let all = || EVERY.iter().chain(OF_HTTP_SERVER);
    for &refusal in all() {
        let is_ours = matches!(refusal, Refusal::Version | Refusal::UnknownCoding | Refusal::LaterVersion);
        assert_eq!(refusal.status().is_client_error(), !is_ours, "{refusal:?}: {}", refusal.status());
        assert!(refusal.text().len() > 10 && !refusal.text().ends_with('.'), "{refusal:?}: {refusal}");
        let others = all().filter(|other| other.text() == refusal.text()).count();
        assert_eq!(others, 1, "another refusal says the same as {refusal:?}");
    }
}

#[test]
fn what_can_be_made_out_of_a_refused_head_is_recorded() {
    let (_, step) = Decoder::default().feed(
        b"\nHEAD /a?b HTTP/1.1\nHost: a\nHost: b\n\n",
        &reading(&tight()),
        &mut Recent::default(),
    );
    let Step::Refused { request, refusal, exchange } = step else { panic!("{step:?}") };
    assert_eq!((refusal, exchange.head_only, exchange.persistent), (Refusal::BadHost, true, false));
    assert_eq!((request.method(), request.path(), request.raw_query()), ("HEAD", "/a", Some("b")));
    assert_eq!(&*request.head().raw, b"HEAD /a?b HTTP/1.1\nHost: a\nHost: b\n\n");
}
