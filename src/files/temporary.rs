//! A text in a file, for other programs.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

/// A file in the directory for temporary ones; it goes when this is dropped.
#[derive(Debug)]
pub(crate) struct TemporaryFile {
    path: PathBuf,
}

impl TemporaryFile {
    pub(crate) fn new(name: &str, extension: &str, content: &[u8]) -> io::Result<TemporaryFile> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        loop {
            let count = COUNT.fetch_add(1, Relaxed);
            let path = std::env::temp_dir().join(format!("{name}-{}-{count}.{extension}", std::process::id()));
            // Never into what another has put there, be it a link.
            match File::create_new(&path) {
                Ok(mut file) => {
                    let created = TemporaryFile { path };
                    file.write_all(content)?;
                    return Ok(created);
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_its_place_is_left_alone() {
        let one = TemporaryFile::new("fixture-server-test", "txt", b"one").unwrap();
        let path = one.path().to_owned();
        let taken = std::env::temp_dir().join(path.file_name().unwrap());
        assert_eq!(std::fs::read(&taken).unwrap(), b"one");
        let other = TemporaryFile::new("fixture-server-test", "txt", b"other").unwrap();
        assert_ne!(one.path(), other.path());
        drop(one);
        assert!(!path.exists() && other.path().exists());
    }
}
