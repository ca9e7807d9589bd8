//! The directory that both servers serve.

use std::fs::{self, File, FileTimes, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

/// A copy of `fixtures/site`, and what cannot be kept in a repository: links, strange names, locked entries.
pub(crate) struct Site {
    pub(crate) temp: TempDir,
}

impl Site {
    pub(crate) fn new() -> Site {
        let site = Site { temp: tempfile::tempdir().expect("a temporary directory") };
        site.fill().expect("the site is written");
        site
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.temp.path().join("site")
    }

    fn fill(&self) -> io::Result<()> {
        let root = self.root();
        copy_folder(Path::new("fixtures/site"), &root)?;
        let dated = FileTimes::new().set_modified(SystemTime::UNIX_EPOCH + MODIFIED);
        for name in ["dated.txt", "dated-index/index.html", "old-index/old.txt"] {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap_or(&root))?;
            fs::write(&path, name)?;
            File::options().write(true).open(&path)?.set_times(dated)?;
        }
        fs::create_dir(root.join("empty-folder"))?;
        fs::create_dir(root.join("names"))?;
        let names = ["<b>&amp;.txt", "\"double\".txt", "line\nend.txt", "back\\slash.txt", "~tilde_-.txt", "%41.txt"];
        for name in names.into_iter().chain(["\u{1f980}.txt", "\u{c4}pfel", "\u{df}", "\u{130}", "tab\t", " ", "?x#y"])
        {
            fs::write(root.join("names").join(name), name)?;
        }
        fs::create_dir(root.join("links"))?;
        fs::write(self.temp.path().join("outside.txt"), "outside")?;
        let links = [
            ("../hello.txt", "links/file.txt"),
            ("../nested", "links/folder"),
            ("../../outside.txt", "links/outside.txt"),
            ("nowhere", "links/dangling"),
            ("circle", "links/circle"),
            ("nowhere", "dangling-index/index.html"),
            ("../hello.txt", "linked-index/index.htm"),
        ];
        for (to, from) in links {
            let from = root.join(from);
            fs::create_dir_all(from.parent().unwrap_or(&root))?;
            symlink(to, from)?;
        }
        fs::write(root.join("locked.txt"), "locked")?;
        fs::create_dir(root.join("locked-folder"))?;
        fs::write(root.join("locked-folder/x"), "x")?;
        self.lock(0o000)?;
        fs::create_dir(root.join("bytes"))?;
        // Other systems take only names in UTF-8.
        #[cfg(target_os = "linux")]
        for name in [&b"\xE9.bin"[..], b"mixed \xC3\xA9\xFF\x80.txt", b"\xED\xA0\x80", "\u{1f980}".as_bytes(), b"z"] {
            let name = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(name);
            fs::write(root.join("bytes").join(name), "bytes")?;
        }
        Ok(())
    }

    fn lock(&self, mode: u32) -> io::Result<()> {
        fs::set_permissions(self.root().join("locked.txt"), Permissions::from_mode(mode))?;
        fs::set_permissions(self.root().join("locked-folder"), Permissions::from_mode(mode))
    }
}

impl Drop for Site {
    /// A locked folder could not be removed.
    fn drop(&mut self) {
        let _ = self.lock(0o700);
    }
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

/// 2 January 2024, 03:04:05 UTC, and a bit: the bit is no part of a date.
const MODIFIED: Duration = Duration::from_millis(1_704_164_645_900);
