//! What fuzzing calls. Each target takes any bytes, makes of them what a client or an author could say, and panics if a promise
//! is broken. `fuzz/` runs them for long; the unit tests run them over `fuzz/corpus` and, for a moment, over what a seed gives.

mod decoding;
mod exchange;
#[cfg(feature = "_tls")]
mod handshake;
mod matching;

pub use decoding::{chunked, dialects, head};
pub use exchange::{exchange, path};
#[cfg(feature = "_tls")]
pub use handshake::handshake;
#[cfg(feature = "multipart")]
pub use matching::multipart;
pub use matching::{template, values};

#[cfg(test)]
mod tests;

/// A number, and what is left: targets take their choices from the front of the input.
fn choice(data: &[u8]) -> (usize, &[u8]) {
    data.split_first().map_or((0, data), |(first, rest)| (usize::from(*first), rest))
}

/// Two pieces, cut at a place that the number chooses.
fn cut(data: &[u8], place: usize) -> [&[u8]; 2] {
    let (first, second) = data.split_at(if data.is_empty() { 0 } else { place * data.len() / 256 });
    [first, second]
}

/// The same without what would end a line.
fn one_line(data: &[u8]) -> Vec<u8> {
    data.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n' | 0)).collect()
}
