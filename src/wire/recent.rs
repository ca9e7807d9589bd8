//! Heads that came lately. Clients repeat themselves, and a head that is the same to the byte is parsed, and kept, once.

use super::Limits;
use super::head::Parsed;

/// So many are known at a time: a client that goes round a few requests finds each of them again.
const PLACES: usize = 4;

/// A longer head is not worth the memory that it holds after everybody else has let go of it.
const LONGEST: usize = 2 << 10;

/// The heads that a thread has read lately, whoever sent them.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    heads: [Option<Known>; PLACES],
    /// Where the next one goes.
    next: usize,
}

#[derive(Debug)]
struct Known {
    parsed: Parsed,
    /// What it was found to be within.
    limits: Limits,
}

impl Recent {
    /// The head at the beginning of the input, if it is one of these. That it ends where it did then is certain: its empty
    /// line is the first there is.
    pub(super) fn find(&self, input: &[u8], limits: &Limits) -> Option<Parsed> {
        // An index and not an iterator: this runs for each request, and tests run without optimisation.
        let mut at = 0;
        while at < PLACES {
            if let Some(known) = &self.heads[at] {
                let length = known.parsed.length;
                if input.len() >= length && input[..length] == *known.parsed.head.raw && known.limits == *limits {
                    return Some(known.parsed.clone());
                }
            }
            at += 1;
        }
        None
    }

    /// Remembers a head that was parsed.
    pub(super) fn keep(&mut self, parsed: &Parsed, limits: &Limits) {
        // Empty lines before it are no part of it, and so it would not be found again.
        if parsed.length > LONGEST || parsed.head.raw.len() != parsed.length {
            return;
        }
        self.heads[self.next] = Some(Known { parsed: parsed.clone(), limits: limits.clone() });
        self.next = (self.next + 1) % PLACES;
    }
}

#[cfg(test)]
mod tests {
    use super::super::decoder::{Decoder, Step};
    use super::super::{Limits, Reading};
    use super::*;

    /// The request at the beginning of the input, or `None` if there is none.
    fn read(input: &[u8], recent: &mut Recent, limits: &Limits) -> Option<crate::message::request::Request> {
        let reading = Reading { limits: limits.clone(), ..Reading::default() };
        match Decoder::default().feed(input, &reading, recent).1 {
            Step::Request(request, _) | Step::Head { request, .. } => Some(request),
            _ => None,
        }
    }

    fn are_one(input: &[u8], other: &[u8], recent: &mut Recent) -> bool {
        let limits = Limits::default();
        let (one, other) = (read(input, recent, &limits).unwrap(), read(other, recent, &limits).unwrap());
        std::ptr::eq(one.head(), other.head())
    }

    const GET: &[u8] = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n";

    #[test]
    fn a_head_that_comes_again_is_kept_once_whatever_follows_it() {
        let mut recent = Recent::default();
        assert!(are_one(GET, GET, &mut recent));
        assert!(are_one(GET, &[GET, GET].concat(), &mut recent));
    }

    #[test]
    fn a_head_that_differs_in_one_byte_is_another() {
        for at in [5, 20, 23] {
            let mut other = GET.to_vec();
            other[at] = if at == 20 { b'T' } else { b'b' };
            assert!(!are_one(GET, &other, &mut Recent::default()), "{:?}", String::from_utf8_lossy(&other));
        }
    }

    #[test]
    fn what_is_known_is_found_among_the_last_few() {
        let mut recent = Recent::default();
        let head = |number: usize| format!("GET /{number} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes();
        let limits = Limits::default();
        let first = read(&head(0), &mut recent, &limits).unwrap();
        for number in 1..PLACES {
            read(&head(number), &mut recent, &limits);
        }
        assert!(std::ptr::eq(first.head(), read(&head(0), &mut recent, &limits).unwrap().head()));
        read(&head(PLACES), &mut recent, &limits);
        assert!(!std::ptr::eq(first.head(), read(&head(0), &mut recent, &limits).unwrap().head()));
    }

    #[test]
    fn a_server_with_other_limits_judges_for_itself() {
        let mut recent = Recent::default();
        assert!(read(GET, &mut recent, &Limits::default()).is_some());
        assert!(read(GET, &mut recent, &Limits { target: 1, ..Limits::default() }).is_none());
        assert!(read(GET, &mut recent, &Limits { head: 10, ..Limits::default() }).is_none());
    }

    #[test]
    fn half_a_head_is_none_although_all_of_it_is_known() {
        let mut recent = Recent::default();
        assert!(read(GET, &mut recent, &Limits::default()).is_some());
        for length in 0..GET.len() {
            assert!(read(&GET[..length], &mut recent, &Limits::default()).is_none(), "{length}");
        }
    }

    #[test]
    fn neither_long_heads_nor_empty_lines_are_remembered() {
        let long = [b"GET / HTTP/1.1\r\nHost: a\r\nX: ".to_vec(), vec![b'x'; LONGEST], b"\r\n\r\n".to_vec()].concat();
        assert!(!are_one(&long, &long, &mut Recent::default()));
        let padded = [b"\r\n", GET].concat();
        assert!(!are_one(&padded, &padded, &mut Recent::default()));
        assert!(!are_one(&padded, GET, &mut Recent::default()));
    }

    #[test]
    fn leave_to_send_a_body_is_needed_or_not_each_time_anew() {
        let head = b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
        let (mut recent, reading) = (Recent::default(), Reading::default());
        let mut expects = |input: &[u8]| match Decoder::default().feed(input, &reading, &mut recent).1 {
            Step::Head { expects_continue, .. } => expects_continue,
            step => panic!("{step:?}"),
        };
        let with_body = [&head[..], b"ab"].concat();
        assert_eq!(
            [expects(head), expects(&with_body), expects(head), expects(&with_body)],
            [true, false, true, false]
        );
    }
}
