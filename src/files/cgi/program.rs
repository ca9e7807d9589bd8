//! Whether the system can execute a file itself.
//!
//! What it cannot, `execvp` of the C library, which starts the process, gives to a shell. Python never does, and a file
//! without a first line that says so was not meant as a program of the shell.

use std::io::Read;
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
        // The system may execute what cannot be read here, but never gives it to a shell.
        let Ok((file, _)) = open_regular(&path) else { return true };
        let mut beginning = Vec::new();
        if file.take(BEGINNING).read_to_end(&mut beginning).is_err() {
            return false;
        }
        match interpreter(&beginning) {
            Some(interpreter) => path = interpreter,
            None => return MAGIC.iter().any(|magic| beginning.starts_with(magic)),
        }
    }
    false
}

/// The program that a first line `#!program` names.
fn interpreter(beginning: &[u8]) -> Option<PathBuf> {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let line = beginning.strip_prefix(b"#!")?.split(|&byte| byte == b'\n').next()?;
    let mut words = line.split(|byte| matches!(byte, b' ' | b'\t' | 0)).filter(|word| !word.is_empty());
    words.next().map(|program| PathBuf::from(OsStr::from_bytes(program)))
}

/// How programs begin: ELF, and Mach-O of either width, order and number of architectures.
const MAGIC: [&[u8]; 6] = [
    b"\x7FELF",
    b"\xCF\xFA\xED\xFE",
    b"\xCE\xFA\xED\xFE",
    b"\xFE\xED\xFA\xCF",
    b"\xFE\xED\xFA\xCE",
    b"\xCA\xFE\xBA\xBE",
];

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
    #[case::elf(b"\x7FELF\x02", true)]
    #[case::other_binary(b"MZ\0\0", false)]
    fn a_program_is_known_by_its_beginning(#[case] content: &[u8], #[case] expected: bool) {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("script");
        std::fs::write(&path, content).unwrap();
        assert_eq!(is_program(&path), expected);
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
