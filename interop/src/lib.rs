//! What the tests of all clients share: a server with something of everything, and large bodies that can be checked
//! without being held in memory.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::PathBuf;
use std::sync::LazyLock;

use bytes::Bytes;
use fixture_server::prelude::*;
use tempfile::TempDir;

/// A size that does not fit any buffer.
pub const SMALL: usize = MIB;

/// A size that nobody should hold twice.
pub const LARGE: usize = 100 * MIB;

/// A server with a directory and rules for all that clients do.
#[derive(Debug)]
pub struct Service {
    /// The server: `/hello.txt`, `/nested/`, `GET /payload`, `/moved`, and `/upload` for `POST` and `PUT`.
    pub server: TestServer,
}

impl Service {
    /// Serves `fixtures/site`, and rules.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it starts a server, which nobody expects of a default")]
    pub fn new() -> Service {
        let server = TestServer::start(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/site"));
        server.on("GET", "/payload", |_| Payload::new(SMALL).whole());
        server.on("GET", "/moved", |_| Response::redirect("/hello.txt?from=moved"));
        for method in ["POST", "PUT"] {
            server.on(method, "/upload", |request| request.body().len().to_string());
        }
        Service { server }
    }

    /// The only upload so far, whose body must be a payload.
    ///
    /// # Panics
    ///
    /// If there are more, or none, or it has another body.
    #[track_caller]
    #[must_use]
    pub fn upload(&self, length: usize) -> RecordedRequest {
        let mut uploads = self.server.received(any());
        uploads.retain(|request| request.path() == "/upload");
        assert_eq!(uploads.len(), 1, "{uploads:?}");
        let mut check = Check::default();
        check.write_all(uploads[0].body()).expect("the body is the payload");
        assert_eq!(check.length(), length);
        uploads.remove(0)
    }

    /// Which connection each request came on, and as which of its requests.
    #[must_use]
    pub fn connections(&self) -> Vec<(usize, usize)> {
        let place = |request: &RecordedRequest| (request.connection(), request.number_on_connection());
        self.server.requests().iter().map(place).collect()
    }
}

/// A directory with the file `large.bin` that holds a payload, and room for others.
#[derive(Debug)]
pub struct LargeFile {
    dir: TempDir,
}

impl LargeFile {
    /// Writes the file.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn new(length: usize) -> io::Result<LargeFile> {
        let file = LargeFile { dir: tempfile::tempdir()? };
        let mut writer = BufWriter::new(File::create(file.path())?);
        io::copy(&mut Payload::new(length).reader(), &mut writer)?;
        writer.flush()?;
        Ok(file)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.dir.path().join("large.bin")
    }

    /// Serves the directory.
    pub fn serve(&self) -> TestServer {
        TestServer::start(&self.dir)
    }
}

/// Bytes that look random and do not repeat at any offset that a buffer may have: pieces that are lost, doubled or
/// exchanged are noticed.
#[derive(Debug)]
pub struct Payload {
    position: usize,
    length: usize,
}

/// A prime.
const PERIOD: usize = 1_048_573;

static BLOCK: LazyLock<Bytes> = LazyLock::new(|| {
    let mut state = 0x9e37_79b9_u32;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()
    };
    (0..=PERIOD / 4).flat_map(next).take(PERIOD).collect()
});

impl Payload {
    /// The first bytes of it.
    #[must_use]
    pub fn new(length: usize) -> Payload {
        Payload { position: 0, length }
    }

    /// All in one piece.
    #[must_use]
    pub fn whole(self) -> Bytes {
        self.collect::<Vec<_>>().concat().into()
    }

    /// To be read.
    #[must_use]
    pub fn reader(self) -> PayloadReader {
        PayloadReader { payload: self, piece: Bytes::new() }
    }
}

/// In pieces of up to 64 KiB, which are not copied.
impl Iterator for Payload {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let start = self.position % PERIOD;
        let end = PERIOD.min(start + 64 * 1024).min(start + self.length - self.position);
        self.position += end - start;
        (start < end).then(|| BLOCK.slice(start..end))
    }
}

/// A [`Payload`] for clients that read what they send.
#[derive(Debug)]
pub struct PayloadReader {
    payload: Payload,
    piece: Bytes,
}

impl Read for PayloadReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.piece.is_empty() {
            self.piece = self.payload.next().unwrap_or_default();
        }
        let taken = self.piece.split_to(self.piece.len().min(buf.len()));
        buf[..taken.len()].copy_from_slice(&taken);
        Ok(taken.len())
    }
}

/// Takes bytes as long as they are those of a payload.
#[derive(Debug, Default)]
pub struct Check {
    position: usize,
}

impl Check {
    /// How many it took.
    #[must_use]
    pub fn length(&self) -> usize {
        self.position
    }
}

impl Write for Check {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let start = self.position % PERIOD;
        let taken = bytes.len().min(PERIOD - start);
        if bytes[..taken] != BLOCK[start..start + taken] {
            return Err(io::Error::other(format!(
                "another byte than the payload's at {} or a little later",
                self.position
            )));
        }
        self.position += taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
