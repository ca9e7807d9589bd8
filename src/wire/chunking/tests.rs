use super::*;
use crate::plan::Left;
use crate::plan::tests::{Pieces, read_out};

fn chunking(pieces: &[&'static str]) -> Chunking {
    Chunking::new(Pieces::of(pieces), None)
}

#[test]
fn each_piece_is_a_chunk_whatever_the_reads() {
    let pieces = ["a", "hello", "0123456789abcdef"];
    for room in 1..40 {
        let sent = read_out(&mut chunking(&pieces), Left::All, room);
        assert_eq!(sent.escape_ascii().to_string(), r"1\r\na\r\n5\r\nhello\r\n10\r\n0123456789abcdef\r\n", "{room}");
    }
}

#[test]
fn a_read_ends_with_a_chunk_and_says_so() {
    let mut source = chunking(&["hello", "you"]);
    let mut buffer = [0; 100];
    assert!(!source.ends_chunk());
    assert_eq!((source.read(&mut buffer).unwrap(), source.ends_chunk()), (10, true));
    assert_eq!((source.read(&mut buffer).unwrap(), source.ends_chunk()), (8, true));
    source.step_back(1).unwrap();
    assert!(!source.ends_chunk());
    assert_eq!((source.read(&mut buffer).unwrap(), source.ends_chunk()), (1, true));
    assert_eq!((source.read(&mut buffer).unwrap(), source.ends_chunk()), (0, false));
    assert_eq!(source.read(&mut buffer).unwrap(), 0, "it has ended");
}

#[test]
fn it_knows_body_from_framing() {
    let mut source = chunking(&["hello"]);
    let mut buffer = [0; 100];
    source.read(&mut buffer).unwrap();
    let body: Vec<usize> = (0..=10).map(|consumed| source.body_of(consumed)).collect();
    assert_eq!(body, [0, 0, 0, 0, 1, 2, 3, 4, 5, 5, 5]);
    // Also of what is read again.
    source.step_back(5).unwrap();
    source.read(&mut buffer).unwrap();
    assert_eq!((&buffer[..5], [1, 3, 4, 5].map(|consumed| source.body_of(consumed))), (&b"llo\r\n"[..], [1, 3, 3, 3]));
}

#[test]
fn the_end_of_a_chunk_goes_with_its_last_byte() {
    for at in 1..8 {
        let mut source = chunking(&["hello", "you"]);
        for room in 1..20 {
            let mut sent = read_out(&mut source, Left::AtMost(at as u64), room);
            let expected: &[u8] = match at {
                5 => b"5\r\nhello\r\n",
                _ => &b"5\r\nhello\r\n3\r\nyou"[..at + if at < 5 { 3 } else { 8 }],
            };
            assert_eq!(sent.escape_ascii().to_string(), expected.escape_ascii().to_string(), "{at} in reads of {room}");
            sent.extend(read_out(&mut source, Left::All, room));
            assert_eq!(sent.escape_ascii().to_string(), r"5\r\nhello\r\n3\r\nyou\r\n", "{at} in reads of {room}");
            source = chunking(&["hello", "you"]);
        }
    }
}

#[test]
fn any_part_of_a_read_can_be_given_back() {
    for back in 0..=10 {
        let mut source = chunking(&["hello", "you"]);
        let mut sent = [0; 100];
        let got = source.read(&mut sent).unwrap();
        source.step_back(back).unwrap();
        let mut sent = sent[..got - usize::try_from(back).unwrap()].to_vec();
        sent.extend(read_out(&mut source, Left::All, 4));
        assert_eq!(sent.escape_ascii().to_string(), r"5\r\nhello\r\n3\r\nyou\r\n", "{back}");
    }
    let mut source = chunking(&["hello"]);
    source.read(&mut [0; 100]).unwrap();
    assert!(source.step_back(11).is_err());
}

#[test]
fn a_chunk_ends_at_a_border() {
    for (border, expected) in [
        (0, r"5\r\nhello\r\n3\r\nyou\r\n"),
        (2, r"2\r\nhe\r\n3\r\nllo\r\n3\r\nyou\r\n"),
        (5, r"5\r\nhello\r\n3\r\nyou\r\n"),
        (6, r"5\r\nhello\r\n1\r\ny\r\n2\r\nou\r\n"),
        (99, r"5\r\nhello\r\n3\r\nyou\r\n"),
    ] {
        let sent = read_out(&mut Chunking::new(Pieces::of(&["hello", "you"]), Some(border)), Left::All, 4);
        assert_eq!(sent.escape_ascii().to_string(), expected, "{border}");
    }
}

#[test]
fn the_longest_chunk_fits() {
    let piece: &'static str = "x".repeat(LONGEST + 1).leak();
    let sent = read_out(&mut chunking(&[piece]), Left::All, 100_000);
    assert!(sent.starts_with(b"10000\r\nxxx") && sent.ends_with(b"xxx\r\n1\r\nx\r\n"));
    assert_eq!(sent.len(), 7 + LONGEST + 2 + 6);
}

/// Has nothing yet, then something, then fails.
#[derive(Debug)]
struct Fitful(u8);

impl Source for Fitful {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0 += 1;
        match self.0 {
            1 => Err(io::ErrorKind::WouldBlock.into()),
            2 => io::Read::read(&mut &b"hello"[..], buf),
            _ => Err(io::Error::other("broken")),
        }
    }
    fn step_back(&mut self, _bytes: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[test]
fn what_the_source_cannot_give_is_passed_on() {
    let mut source = Chunking::new(Box::new(Fitful(0)), None);
    let mut buffer = [0; 100];
    assert_eq!(source.read(&mut buffer).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    assert_eq!(source.read(&mut buffer).unwrap(), 10);
    assert_eq!(source.read(&mut buffer).unwrap_err().to_string(), "broken");
}
