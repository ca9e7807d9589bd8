//! Bytes at random, as http.server reads them: nearly everything is a request or an answer, wherever it is cut.

use super::http_server::as_http_server;
use super::noise::{Numbers, check_noise_as};
use crate::message::request::Version;

#[test]
fn bytes_at_random_are_read_to_their_end() {
    let mut numbers = Numbers(0x1f83_d9ab_fb41_bd6b);
    for round in 0..4_000 {
        let reading = as_http_server(if round % 4 == 0 { Version::Http10 } else { Version::Http11 });
        let input: Vec<u8> = (0..numbers.below(120)).map(|_| numbers.byte()).collect();
        for head in ["", "GET /", "GET / HTTP/1.1\n", "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"] {
            check_noise_as(&[head.as_bytes(), &input].concat(), &reading, &mut numbers);
        }
    }
}

#[test]
fn requests_with_damage_are_read_to_their_end() {
    const EXAMPLES: &[&[u8]] = &[
        b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
        b"HEAD /a?b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        b"GET  /\tHTTP/0.9\nA: b\n\tc\n\n",
        b"GET /\r\n",
        b"PUT / HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
        b"PUT / HTTP/1.2\nTransfer-Encoding: chunked\n\n5\r\nhello\r\n0\r\n\r\nGET /2 HTTP/1.1\r\n\r\n",
        b"get /\xc3\xa0 HTTP/2.0\r\n",
        b"GET / HTTP/1.1\n A: b\n: c\nD : e\nConnection: close\n\n",
    ];
    let mut numbers = Numbers(0x5be0_cd19_137e_2179);
    for round in 0..12_000 {
        let reading = as_http_server(if round % 4 == 0 { Version::Http10 } else { Version::Http11 });
        let input = numbers.damaged(EXAMPLES);
        check_noise_as(&input, &reading, &mut numbers);
    }
}
