//! Whether the system can execute a file itself.
//!
//! What it cannot, `execvp` of the C library, which starts the process, gives to a shell. Python never does, and a file
//! without a first line that says so was not meant as a program of the shell.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::files::resolve::open_regular;

/// The interpreter of an interpreter, and so on: the system does not go deeper.
const DEEPEST: usize = 5;

/// As much as the system looks at.
const BEGINNING: u64 = 256;

/// Whether a file begins as a program of the system does, or names an interpreter that does.
pub(super) fn is_program(path: &Path) -> bool {
    let mut path = path.to_owned();
    for _ in 0..DEEPEST {
        // What cannot be read here may be executed all the same. If it is a text, a shell gets it, which cannot read it
        // either.
        let Ok((file, _)) = open_regular(&path) else { return true };
        let Ok(beginning) = beginning_of(file) else { return false };
        match interpreter(&beginning) {
            Some(interpreter) => path = interpreter,
            None if beginning.starts_with(ELF) => return is_like_this_program(&beginning),
            None => return MACH_O.iter().any(|magic| beginning.starts_with(magic)),
        }
    }
    false
}

/// The program that a file names as its interpreter.
pub(super) fn interpreter_of(path: &Path) -> Option<PathBuf> {
    let (file, _) = open_regular(path).ok()?;
    interpreter(&beginning_of(file).ok()?)
}

fn beginning_of(file: File) -> io::Result<Vec<u8>> {
    let mut beginning = Vec::new();
    file.take(BEGINNING).read_to_end(&mut beginning).map(|_| beginning)
}

/// Whether the system would load an ELF file as a program: one of its own machine, whose header is whole. What it would
/// not load is given to a shell as well.
fn is_like_this_program(file: &[u8]) -> bool {
    let own = std::env::current_exe().and_then(File::open).and_then(beginning_of);
    let Some(own) = own.ok().filter(|own| own.starts_with(ELF)) else { return true };
    // The width decides where the size and the number of the segments' headers stand.
    let (size, number) = if own.get(4) == Some(&2) { (54..56, 56..58) } else { (42..44, 44..46) };
    let same = |range: Range<usize>| file.get(range.clone()).is_some_and(|part| own.get(range) == Some(part));
    let is_executable = matches!(file.get(16..18), Some([2 | 3, 0] | [0, 2 | 3]));
    let has_segments = file.get(number).is_some_and(|number| number != [0, 0]);
    // Width and byte order, machine, size of a segment's header.
    same(4..6) && same(18..20) && same(size) && is_executable && has_segments
}

/// The program that a first line `#!program` names.
fn interpreter(beginning: &[u8]) -> Option<PathBuf> {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let line = beginning.strip_prefix(b"#!")?.split(|&byte| byte == b'\n').next()?;
    let mut words = line.split(|byte| matches!(byte, b' ' | b'\t' | 0)).filter(|word| !word.is_empty());
    words.next().map(|program| PathBuf::from(OsStr::from_bytes(program)))
}

const ELF: &[u8] = b"\x7FELF";

/// Of either width, order and number of architectures.
const MACH_O: [&[u8]; 5] =
    [b"\xCF\xFA\xED\xFE", b"\xCE\xFA\xED\xFE", b"\xFE\xED\xFA\xCF", b"\xFE\xED\xFA\xCE", b"\xCA\xFE\xBA\xBE"];

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::shell(b"#!/bin/sh\necho", true)]
    #[case::blanks_and_arguments(b"#! \t/bin/sh -e\n", true)]
    #[case::no_line_end(b"#!/bin/sh", true)]
    #[case::interpreter_that_is_not_there(b"#!/nowhere/sh\n", true)]
    #[case::no_interpreter(b"#!\n/bin/sh", false)]
    #[case::text(b"echo hello\n", false)]
    #[case::empty(b"", false)]
    #[case::elf_that_is_none(
        b"\x7FELF and then nothing, at some length, so that there is something where the header has fields",
        false
    )]
    #[case::elf_cut_short(b"\x7FELF\x02", false)]
    #[case::other_binary(b"MZ\0\0", false)]
    fn a_program_is_known_by_its_beginning(#[case] content: &[u8], #[case] expected: bool) {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("script");
        std::fs::write(&path, content).unwrap();
        assert_eq!(is_program(&path), expected);
    }

    #[test]
    fn this_program_is_one_and_one_of_another_machine_is_not() {
        let own = std::env::current_exe().unwrap();
        assert!(is_program(&own));
        let mut other = beginning_of(File::open(own).unwrap()).unwrap();
        if other.starts_with(ELF) {
            other[18] ^= 0xff;
            assert!(!is_like_this_program(&other));
        }
    }

    #[test]
    fn an_interpreter_is_a_program_too() {
        let temp = tempfile::tempdir().unwrap();
        let (text, script, circle) = (temp.path().join("text"), temp.path().join("script"), temp.path().join("circle"));
        std::fs::write(&text, "echo").unwrap();
        std::fs::write(&script, format!("#!{}\n", text.display())).unwrap();
        std::fs::write(&circle, format!("#!{}\n", circle.display())).unwrap();
        assert!(!is_program(&script));
        assert!(!is_program(&circle));
    }
}
