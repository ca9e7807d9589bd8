//! Bytes that nobody meant as a request: none makes the decoder panic, hang, or answer to where the bytes were cut.

use super::golden::GOLDEN;
use super::refused::REFUSED;
use super::*;

/// Xorshift: the same numbers in each run, so that what fails once fails again.
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() >> 11).unwrap_or(usize::MAX) % limit.max(1)
    }

    /// Mostly bytes that mean something in HTTP.
    pub(super) fn byte(&mut self) -> u8 {
        const TELLING: &[u8] = b"\r\n\r\n\r\n  \t::;,//*?#%0127afxGH.\0\x16\x7f\x80\xff";
        if self.below(4) == 0 { self.next().to_le_bytes()[0] } else { TELLING[self.below(TELLING.len())] }
    }

    pub(super) fn pieces<'i>(&mut self, mut input: &'i [u8]) -> Vec<&'i [u8]> {
        let mut pieces = Vec::new();
        let most = 1 + self.below(input.len().max(1));
        while !input.is_empty() {
            let (piece, rest) = input.split_at((1 + self.below(most)).min(input.len()));
            pieces.push(piece);
            input = rest;
        }
        pieces
    }

    /// One of the examples, with some of it changed, gone or repeated.
    pub(super) fn damaged(&mut self, examples: &[&[u8]]) -> Vec<u8> {
        let mut input = examples[self.below(examples.len())].to_vec();
        for _ in 0..=self.below(3) {
            let (at, to) = (self.below(input.len()), self.below(input.len()));
            let (from, to) = (at.min(to), at.max(to));
            match self.below(6) {
                _ if input.is_empty() => input.push(self.byte()),
                0 | 1 => input[at] = self.byte(),
                2 => input.insert(at, self.byte()),
                3 => drop(input.drain(from..to.min(from + 5))),
                4 => input.extend_from_within(from..to),
                _ => {
                    let other = examples[self.below(examples.len())];
                    input.truncate(at);
                    input.extend_from_slice(&other[self.below(other.len())..]);
                }
            }
        }
        input
    }
}

#[track_caller]
fn check_noise(input: &[u8], numbers: &mut Numbers) {
    check_noise_as(input, &reading(&tight()), numbers);
}

#[track_caller]
pub(super) fn check_noise_as(input: &[u8], reading: &Reading, numbers: &mut Numbers) {
    let whole = read_as([input], reading, Afterwards::Closed);
    let pieces = numbers.pieces(input);
    let cut = read_as(pieces.iter().copied(), reading, Afterwards::Closed);
    assert_eq!(
        cut,
        whole,
        "\"{}\" cut into {:?}",
        input.escape_ascii(),
        pieces.iter().map(|p| p.len()).collect::<Vec<_>>()
    );
}

#[test]
fn bytes_at_random_are_read_to_their_end() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for _ in 0..4_000 {
        let input: Vec<u8> = (0..numbers.below(120)).map(|_| numbers.byte()).collect();
        check_noise(&input, &mut numbers);
        // Behind a head that is in order they are fields, a body, chunks or trailers.
        for head in [
            "GET / HTTP/1.1\r\nHost: a\r\n",
            "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        ] {
            check_noise(&[head.as_bytes(), &input].concat(), &mut numbers);
        }
    }
}

#[test]
fn requests_with_damage_are_read_to_their_end() {
    let mut numbers = Numbers(0x2545_f491_4f6c_dd1d);
    let examples: Vec<&[u8]> =
        GOLDEN.iter().map(|golden| golden.1).chain(REFUSED.iter().map(|refused| refused.1)).collect();
    for _ in 0..12_000 {
        let input = numbers.damaged(&examples);
        check_noise(&input, &mut numbers);
    }
}
