//! What the served directory holds for the program alone: scripts, special files, entries that only some may read.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use super::cases::TYPED;
use crate::site::Site;

impl Site {
    /// With all entries, and readable to every user.
    pub(crate) fn of_program() -> io::Result<Site> {
        let site = Site::new();
        fs::set_permissions(site.temp.path(), Permissions::from_mode(0o755))?;
        let root = site.root();
        files(&root)?;
        special(&root)?;
        scripts(&root)?;
        Ok(site)
    }
}

fn write(path: &Path, content: impl AsRef<[u8]>, mode: u32) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, content)?;
    fs::set_permissions(path, Permissions::from_mode(mode))
}

fn files(root: &Path) -> io::Result<()> {
    for name in TYPED {
        write(&root.join("types").join(name), name, 0o644)?;
    }
    let folders = [
        "dir x",
        "with:colon",
        "[brackets]",
        "semi;colon",
        "at@sign",
        "plus+sign",
        "http:/folder",
        "back\\slash",
        "high-\u{e9}",
        "deep/a/b/c/d",
        "sorted/B",
        "sorted/aa",
        "sorted/_",
        "INDEX",
        "index-htm-folder/index.htm",
        "cgi-binary",
        "CGI-BIN",
        "test:80",
    ];
    for folder in folders {
        fs::create_dir_all(root.join(folder))?;
    }
    // Sorted by lower case, which is not always one character. No two are the same in lower case: Python leaves the
    // order of these to the file system.
    for name in [
        "A",
        "C",
        "Z",
        "z1",
        "~",
        "-",
        "0",
        "10",
        "9",
        ".x",
        "\u{c4}",
        "\u{e5}",
        "\u{130}",
        "i",
        "j",
        "\u{3a3}",
        "\u{3c2}x",
        "\u{1e9e}",
        "\u{df}y",
        "\u{ff21}",
        "\u{10400}",
    ] {
        write(&root.join("sorted").join(name), name, 0o644)?;
    }
    write(&root.join("INDEX/INDEX.HTML"), "not an index", 0o644)?;
    write(&root.join("cgi-bin.txt"), "no script", 0o644)?;
    write(&root.join("CGI-BIN/hello"), "no script", 0o755)?;
    write(&root.join("unreadable-index/index.html"), "unreadable", 0o000)?;
    write(&root.join("large.bin"), (0..300_000_u32).map(|at| (at % 251) as u8).collect::<Vec<_>>(), 0o644)
}

fn special(root: &Path) -> io::Result<()> {
    for (to, from) in [(".", "loop"), ("/", "to-root"), ("/dev/null", "device")] {
        symlink(to, root.join(from))?;
    }
    fs::create_dir(root.join("fifo-in-folder"))?;
    fs::create_dir(root.join("fifo-index"))?;
    for fifo in ["fifo", "fifo-in-folder/fifo", "fifo-index/index.html"] {
        let made = Command::new("mkfifo").arg(root.join(fifo)).status()?;
        assert!(made.success(), "mkfifo {fifo}");
    }
    drop(UnixListener::bind(root.join("socket"))?);
    Ok(())
}

fn scripts(root: &Path) -> io::Result<()> {
    let cgi = root.join("cgi-bin");
    let script = |name: &str, body: &str| write(&cgi.join(name), format!("#!/bin/sh\n{body}\n"), 0o755);
    fs::create_dir(&cgi)?;
    for (name, body) in SCRIPTS {
        script(name, body)?;
    }
    for folder in ["folder/deeper", "../htbin", "../sub/cgi-bin", "locked"] {
        fs::create_dir_all(cgi.join(folder))?;
    }
    for name in SPEAKING {
        script(name, "printf 'Content-Type: text/plain\\r\\n\\r\\nfrom %s\\n' \"${0##*/}\"")?;
    }
    for name in ["env", "folder/env", "../htbin/env", "../sub/cgi-bin/env"] {
        script(name, ENV)?;
    }
    script("locked/x", "echo")?;
    fs::set_permissions(cgi.join("locked"), Permissions::from_mode(0o700))?;
    write(&cgi.join("owner-only"), "#!/bin/sh\nprintf '\\r\\n'", 0o700)?;
    write(&cgi.join("unreadable"), "#!/bin/sh\nprintf '\\r\\n'", 0o711)?;
    write(&cgi.join("plain"), "no script", 0o644)?;
    write(&cgi.join("plain.py"), "no script", 0o644)?;
    write(&cgi.join("no-interpreter"), "#!/no/such/interpreter\n", 0o755)?;
    write(&cgi.join("no-shebang"), "printf '\\r\\nwithout a first line'\n", 0o755)?;
    write(&cgi.join("empty"), "", 0o755)?;
    write(&cgi.join("bad-format"), b"\x7fELF and then nothing", 0o755)?;
    symlink("hello", cgi.join("link"))?;
    symlink("folder", cgi.join("link-to-folder"))?;
    symlink("nowhere", cgi.join("dangling"))?;
    symlink("../../outside.txt", cgi.join("outside"))
}

/// Tells the environment in a known order.
const ENV: &str = "printf 'Content-Type: text/plain\\r\\n\\r\\n'; env | sort";

/// Scripts that only say their name.
const SPEAKING: &[&str] = &[
    "hello",
    "folder/inner",
    "folder/deeper/inner",
    "a b",
    "a%20b",
    "\u{fc}n\u{ef}",
    "it's",
    "x=y",
    "script.py",
    "script.PY",
    ".hidden",
    "..dots",
    "env;x",
    "../htbin/hello",
    "../sub/cgi-bin/hello",
];

const SCRIPTS: &[(&str, &str)] = &[
    ("arguments", "printf '\\r\\n%s:' $#; for one; do printf '[%s]' \"$one\"; done"),
    ("echo", "printf 'Content-Type: text/plain\\r\\n\\r\\n'; head -c \"$CONTENT_LENGTH\""),
    ("count", "printf '\\r\\n'; head -c \"$CONTENT_LENGTH\" | wc -c"),
    ("count-to-end", "printf '\\r\\n'; wc -c"),
    ("echo-to-end", "printf '\\r\\n'; cat"),
    ("part", "printf '\\r\\n'; head -c 4"),
    ("silent", ""),
    ("no-blank", "printf 'Content-Type: text/plain\\r\\nbut no end\\r\\n'"),
    ("no-fields", "printf 'just text'"),
    ("line-feeds", "printf 'Content-Type: text/plain\\nX: y\\n\\ntext\\n'"),
    ("status", "printf 'Status: 404 Not here\\r\\nContent-Type: text/plain\\r\\n\\r\\nnot here'"),
    ("redirect", "printf 'Location: /hello.txt\\r\\n\\r\\n'"),
    ("redirect-elsewhere", "printf 'Status: 302\\nLocation: http://example.test/\\n\\n'"),
    ("own-status-line", "printf 'HTTP/1.1 204 My own\\r\\nX: y\\r\\n\\r\\n'"),
    ("own-length", "printf 'Content-Length: 5\\r\\n\\r\\nhello'"),
    ("own-server", "printf 'Server: mine\\r\\nDate: never\\r\\nConnection: keep-alive\\r\\n\\r\\nhello'"),
    ("bytes", "printf '\\r\\n'; cat \"${0%/*}/../assets/all-bytes.bin\""),
    ("large", "printf '\\r\\n'; head -c 300000 /dev/zero | tr '\\0' x"),
    ("only-blank", "printf '\\r\\n'"),
    ("errors", "printf '\\r\\n'; echo said to nobody >&2"),
    ("errors-and-fails", "echo said to nobody >&2; exit 1"),
    ("fails", "printf '\\r\\noutput'; exit 3"),
    ("fails-255", "printf '\\r\\n'; exit 255"),
    ("fails-silently", "exit 1"),
    ("killed", "printf '\\r\\nand dies'; kill -KILL $$"),
    ("terminated", "kill -TERM $$"),
    ("working-directory", "printf '\\r\\n'; pwd"),
    ("who", "printf '\\r\\n'; id -u"),
    ("closes-output", "printf '\\r\\n'; exec >&-; exit 2"),
    ("name", "printf '\\r\\n%s' \"$0\""),
    ("slow", "printf 'X: y\\r\\n'; sleep 0.2; printf '\\r\\nlate'"),
];
