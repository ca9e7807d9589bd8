//! The targets over the corpus that is committed, and over a few inputs that a seed makes of it.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use rstest::rstest;

use crate::message::dice::dice;

/// Enough to notice what is plainly wrong, in a moment; the rest is for `fuzz/`.
const ROUNDS: usize = 400;

/// Another run than usual: `FUZZ_SEED=7 cargo test fuzzing`.
const SEED: &str = "FUZZ_SEED";

/// What grammars are made of.
const WORDS: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b" ",
    b"\t",
    b":",
    b"/",
    b"%",
    b"%2f",
    b"%2e%2e",
    b"..",
    b"//",
    b"?",
    b"#",
    b"&",
    b"=",
    b";",
    b",",
    b"GET ",
    b"PUT ",
    b" HTTP/1.1\r\n",
    b" HTTP/1.0\r\n",
    b"Host: a\r\n",
    b"Content-Length: 3\r\n",
    b"\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Expect: 100-continue\r\n",
    b"Connection: close\r\n",
    b"0\r\n\r\n",
    b"3\r\nabc\r\n",
    b"\0",
    b"\x80",
    b"\xff",
    b"{",
    b"*",
    b"--b",
    b"--b--",
    b"\r\n--b\r\n",
    b"Content-Disposition: form-data; name=\"a\"",
];

fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let entries = fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut inputs: Vec<(String, Vec<u8>)> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap())
        })
        .collect();
    inputs.sort();
    inputs
}

/// Draws numbers, one after the other.
struct Draw {
    seed: u64,
    drawn: u64,
}

impl Draw {
    fn below(&mut self, most: usize) -> usize {
        self.drawn += 1;
        usize::try_from(dice(self.seed, self.drawn) % most.max(1) as u64).unwrap_or(0)
    }
}

/// One input made of others: a part is taken out, put in, repeated, changed.
fn mutated(draw: &mut Draw, inputs: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut below = |most: usize| draw.below(most);
    let mut input = inputs[below(inputs.len())].1.clone();
    for _ in 0..=below(4) {
        let (at, other) = (below(input.len() + 1), &inputs[below(inputs.len())].1);
        match below(5) {
            0 if !input.is_empty() => {
                let at = at.min(input.len() - 1);
                input[at] ^= 1 << below(8);
            }
            1 => drop(input.splice(at..at, WORDS[below(WORDS.len())].iter().copied())),
            2 => input.truncate(at),
            3 => drop(input.splice(at.., other[below(other.len())..].iter().copied())),
            _ => {
                let end = (at + below(8)).min(input.len());
                drop(input.splice(at..end, []));
            }
        }
    }
    input
}

#[rstest]
#[case::head("head", crate::fuzzing::head)]
#[case::chunked("chunked", crate::fuzzing::chunked)]
#[case::dialects("dialects", crate::fuzzing::dialects)]
#[case::exchange("exchange", crate::fuzzing::exchange)]
#[case::path("path", crate::fuzzing::path)]
#[case::template("template", crate::fuzzing::template)]
#[case::values("values", crate::fuzzing::values)]
fn holds_for_the_corpus_and_for_what_a_seed_makes_of_it(#[case] name: &str, #[case] target: fn(&[u8])) {
    run(name, target);
}

#[cfg(feature = "_tls")]
#[test]
fn handshake_holds_for_the_same() {
    run("handshake", crate::fuzzing::handshake);
}

#[cfg(feature = "multipart")]
#[test]
fn multipart_holds_for_the_same() {
    run("multipart", crate::fuzzing::multipart);
}

fn run(name: &str, target: fn(&[u8])) {
    let inputs = corpus(name);
    for (file, input) in &inputs {
        let held = catch_unwind(AssertUnwindSafe(|| target(input)));
        assert!(held.is_ok(), "fuzz/corpus/{name}/{file} breaks what is said above");
    }
    let seed = std::env::var(SEED).ok().and_then(|seed| seed.parse().ok()).unwrap_or(9112);
    let mut draw = Draw { seed, drawn: 0 };
    for round in 0..ROUNDS {
        let input = mutated(&mut draw, &inputs);
        let held = catch_unwind(AssertUnwindSafe(|| target(&input)));
        assert!(
            held.is_ok(),
            "round {round} of {SEED}={seed} breaks what is said above, with b\"{}\"",
            input.escape_ascii()
        );
    }
}
