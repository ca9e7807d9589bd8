//! How much of everything is read, to the byte.

use super::*;
use rstest::rstest;

fn accepted(seen: &[String]) -> bool {
    seen.len() == 1 && seen[0].contains(" 1.1 ")
}

fn refused(seen: &[String], refusal: Refusal) -> bool {
    seen.len() == 1 && seen[0].starts_with(&format!("{refusal:?} "))
}

#[rstest]
#[case::by_one_long_field("X", 1)]
#[case::by_many_fields("Y", 20)]
fn a_head_of_just_the_limit_is_read_and_one_more_byte_is_refused(#[case] name: &str, #[case] fields: usize) {
    let mut head = b"GET / HTTP/1.1\r\nHost: a\r\n".to_vec();
    (0..fields).for_each(|_| head.extend(format!("{name}: {}\r\n", "v".repeat(400 / fields)).into_bytes()));
    head.extend(b"\r\n");
    let limits = Limits { head: head.len(), ..Limits::default() };
    assert!(accepted(&check("as large as allowed", &head, &limits, Afterwards::Open)));
    let limits = Limits { head: head.len() - 1, ..Limits::default() };
    assert!(refused(&check("too large", &head, &limits, Afterwards::Open), Refusal::HeadTooLarge));
}

#[rstest]
#[case::beside_a_larger_head(1 << 16)]
#[case::beside_a_head_of_the_same_limit(100)]
fn a_target_of_just_the_limit_is_read_and_one_more_byte_is_refused(#[case] head: usize) {
    let limits = Limits { target: 50, head, ..Limits::default() };
    for (length, fits) in [(50, true), (51, false), (120, false), (2_000, false)] {
        let input = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(length - 1));
        let seen = check("a target", input.as_bytes(), &limits, Afterwards::Open);
        assert!(if fits { accepted(&seen) } else { refused(&seen, Refusal::TargetTooLong) }, "{length}: {seen:?}");
    }
}

#[test]
fn the_default_limits_hold_for_heads_that_trickle_in() {
    let limits = Limits::default();
    for (length, refusal) in
        [(65_536, None), (65_537, Some(Refusal::TargetTooLong)), (90_000, Some(Refusal::TargetTooLong))]
    {
        let input = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(length - 1));
        let limits = Limits { head: 1 << 20, ..limits.clone() };
        for piece in [input.len(), 40_000, 65_000, 997] {
            let seen = read(input.as_bytes().chunks(piece), &limits, Afterwards::Open);
            assert!(refusal.map_or_else(|| accepted(&seen), |refusal| refused(&seen, refusal)), "{length} by {piece}");
        }
    }
    // In pieces of 40,000 bytes a parser that waits for twice as much would find the end before the limit.
    for (length, refusal) in
        [(65_000, None), (70_000, Some(Refusal::HeadTooLarge)), (79_000, Some(Refusal::HeadTooLarge))]
    {
        for end in ["\r\n\r\n", ""] {
            let input = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}{end}", "x".repeat(length));
            for piece in [input.len(), 40_000, 65_000, 997] {
                let seen = read(input.as_bytes().chunks(piece), &limits, Afterwards::Open);
                match refusal {
                    Some(refusal) => assert!(refused(&seen, refusal), "{length} by {piece}: {}", seen.len()),
                    None => {
                        assert!(if end.is_empty() { seen.is_empty() } else { accepted(&seen) }, "{length} by {piece}");
                    }
                }
            }
        }
    }
}

#[rstest]
#[case::fewer_than_usual(10)]
#[case::as_many_as_usual(48)]
#[case::more_than_usual(49)]
#[case::as_many_as_there_may_be(1_000)]
fn as_many_fields_as_allowed_are_read_and_one_more_is_refused(#[case] limit: usize) {
    let limits = Limits { fields: limit, ..Limits::default() };
    let with = |fields| format!("GET / HTTP/1.1\nHost: a\n{}\n", "a:\n".repeat(fields - 1));
    assert!(accepted(&check("as many as allowed", with(limit).as_bytes(), &limits, Afterwards::Open)));
    let seen = check("too many", with(limit + 1).as_bytes(), &limits, Afterwards::Open);
    assert!(refused(&seen, Refusal::TooManyFields), "{seen:?}");
}

#[test]
fn a_body_of_just_the_limit_is_read_and_one_more_byte_is_refused() {
    let limits = Limits { body: 10, ..Limits::default() };
    let counted =
        |length: usize| format!("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{}", "x".repeat(length));
    assert!(accepted(&check("as long as allowed", counted(10).as_bytes(), &limits, Afterwards::Open)));
    assert!(refused(&check("too long", counted(11).as_bytes(), &limits, Afterwards::Open), Refusal::BodyTooLarge));
    assert!(accepted(&chunked("6\r\n123456\r\n4\r\n7890\r\n0\r\n\r\n", &limits)));
    assert!(refused(&chunked("6\r\n123456\r\n5\r\n78901\r\n0\r\n\r\n", &limits), Refusal::BodyTooLarge));
    let nothing = Limits { body: 0, ..Limits::default() };
    assert!(accepted(&chunked("0\r\n\r\n", &nothing)));
    assert!(refused(&chunked("1\r\nx\r\n0\r\n\r\n", &nothing), Refusal::BodyTooLarge));
}

#[track_caller]
fn chunked(body: &str, limits: &Limits) -> Vec<String> {
    let input = format!("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
    check("chunks", input.as_bytes(), limits, Afterwards::Open)
}

#[test]
fn what_chunks_have_beside_their_bytes_is_limited() {
    let limits = Limits::default();
    let zeros = |count| format!("{}1\r\nx\r\n0\r\n\r\n", "0".repeat(count));
    assert!(accepted(&chunked(&zeros(15), &limits)));
    assert!(refused(&chunked(&zeros(16), &limits), Refusal::ChunkedOverhead));
    assert!(refused(&chunked(&"0".repeat(5_000), &limits), Refusal::ChunkedOverhead));

    let extension = |length| format!("1;{}\r\nx\r\n0\r\n\r\n", "e".repeat(length));
    assert!(accepted(&chunked(&extension(4_092), &limits)));
    assert!(refused(&chunked(&extension(4_093), &limits), Refusal::ChunkedOverhead));
    assert!(refused(&chunked(&extension(9_000), &limits), Refusal::ChunkedOverhead));

    let trailer = |length| format!("0\r\nX:{}\r\n\r\n", "t".repeat(length));
    assert!(accepted(&chunked(&trailer((16 << 10) - 6), &limits)));
    assert!(refused(&chunked(&trailer((16 << 10) - 5), &limits), Refusal::ChunkedOverhead));
    let trailers = |count| format!("0\r\n{}\r\n", "X:\r\n".repeat(count));
    assert!(accepted(&chunked(&trailers(128), &limits)));
    assert!(refused(&chunked(&trailers(129), &limits), Refusal::ChunkedOverhead));
}

#[test]
fn a_body_of_very_many_chunks_is_refused() {
    let mut input = b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let (mut decoder, limits) = (Decoder::default(), Limits::default());
    let (used, step) = decoder.feed(&input, &reading(&limits), &mut Recent::default());
    let Step::Head { request, exchange, .. } = step else { panic!("{step:?}") };
    assert!(matches!(decoder.collect(request, exchange, &limits), Step::NeedMore));
    assert_eq!(used, input.len());
    input = b"1\r\nx\r\n".repeat(1 << 10);
    for round in 0..=1 << 10 {
        let (used, step) = decoder.feed(&input, &reading(&limits), &mut Recent::default());
        match step {
            Step::NeedMore => assert_eq!(used, input.len(), "in round {round}"),
            Step::Refused { refusal, request, .. } => {
                assert_eq!((refusal, round, request.body().len()), (Refusal::ChunkedOverhead, 1 << 10, 1 << 20));
                return;
            }
            _ => panic!("{step:?} in round {round}"),
        }
    }
    panic!("not refused");
}

/// Nobody has so much memory: asking for it would panic.
#[rstest]
#[case::by_a_length("Content-Length: 9000000000000000000\r\n\r\n")]
#[case::by_a_chunk("Transfer-Encoding: chunked\r\n\r\n7000000000000000\r\n")]
fn nothing_is_allocated_because_a_length_was_announced(#[case] announced: &str) {
    let limits = Limits { body: usize::MAX, ..Limits::default() };
    let input = format!("PUT / HTTP/1.1\r\nHost: a\r\n{announced}hello");
    assert_eq!(check("a huge body", input.as_bytes(), &limits, Afterwards::Closed), ["BodyCutShort 400 \"hello\""]);
}

#[test]
fn of_a_refused_head_64_kib_are_kept() {
    let limits = Limits { target: 1 << 20, head: 1 << 20, ..Limits::default() };
    let input = vec![b'a'; 2 << 20];
    let (_, step) = Decoder::default().feed(&input, &reading(&limits), &mut Recent::default());
    let Step::Refused { request, refusal, .. } = step else { panic!("{step:?}") };
    assert_eq!((refusal, request.head().raw.len()), (Refusal::TargetTooLong, 64 << 10));
}
