//! Serves a directory with the semantics of Python's http.server.
//!
//! [`resolve`] decides from the request and the file system what is to be answered, as an `Outcome`; this file
//! renders that as a response. `HEAD` is `GET` here: whoever encodes the response leaves the body out.

mod conditional;
mod decode;
mod listing;
pub(crate) mod page;
mod resolve;
mod type_table;
mod types;

#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use crate::message::body::Source;
use crate::message::date::http_date;
use crate::message::request::Request;
use crate::message::response::Response;

use resolve::{Asked, Found, Outcome};
use types::Beyond;

pub(crate) use page::{error, unsupported};

/// A directory that is served. Symbolic links in it are followed, wherever they lead; nothing else leaves it.
#[derive(Debug)]
pub(crate) struct Directory {
    root: PathBuf,
    /// Whether it was there at the start. The program may be told to serve a directory that is still to come.
    existed: bool,
    vanished: AtomicUsize,
    beyond: Beyond,
}

impl Directory {
    /// Serves a directory that is there; a relative path is one of the working directory as it is now.
    pub(crate) fn open(root: &Path) -> io::Result<Directory> {
        let absolute = std::path::absolute(root)?;
        // Reading it, if only its beginning, tells a file and a directory without permission from one to serve.
        drop(fs::read_dir(&absolute)?);
        Ok(Directory::new(absolute))
    }

    /// Serves what is below `root`, which need not be there. The path is absolute.
    pub(crate) fn new(root: PathBuf) -> Directory {
        // Names are appended to it, and an empty path would make them absolute.
        let root = if root.as_os_str().is_empty() { PathBuf::from(".") } else { root };
        let existed = fs::metadata(&root).is_ok_and(|metadata| metadata.is_dir());
        Directory { root, existed, vanished: AtomicUsize::new(0), beyond: Beyond::default() }
    }

    /// The served directory, as given.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// How many requests found that the directory itself is no longer there.
    pub(crate) fn vanished(&self) -> usize {
        self.vanished.load(Ordering::Relaxed)
    }

    /// The answer to a request. There is always one: what a client asks for and what the file system does is never
    /// worse than a 404.
    pub(crate) fn answer(&self, request: &Request) -> Response {
        let field = |name: &str| request.field(name);
        let asked = Asked { method: request.method(), target: request.raw_target(), field: &field };
        let outcome = resolve::resolve(self, &asked);
        if matches!(outcome, Outcome::Vanished) {
            self.vanished.fetch_add(1, Ordering::Relaxed);
        }
        self.render(outcome, &asked)
    }

    fn render(&self, outcome: Outcome, asked: &Asked<'_>) -> Response {
        match outcome {
            Outcome::Found(found) => found_response(found),
            Outcome::NotModified => Response::plain(304, "Not Modified"),
            Outcome::Redirect { location } => {
                Response::plain(301, "Moved Permanently").with("Location", location).with("Content-Length", "0")
            }
            Outcome::Listing { title, listing } => {
                let page = listing.page(&title);
                Response::plain(200, "OK")
                    .with("Content-type", "text/html; charset=utf-8")
                    .with("Content-Length", page.len().to_string())
                    .with_bytes(Bytes::from(page))
            }
            Outcome::NotFound => error(404, Some("File not found"), None),
            Outcome::Unlistable => error(404, Some("No permission to list directory"), None),
            Outcome::Vanished => error(404, Some("File not found"), Some(&self.vanished_text())),
            Outcome::Unsupported => unsupported(asked.method),
        }
    }

    fn vanished_text(&self) -> String {
        format!("The served directory {} has vanished since the server started", self.root.display())
    }

    /// Whether the served directory is no longer there, or no directory any more; looked at when something in it
    /// was not found.
    fn has_vanished(&self) -> bool {
        self.existed
            && match fs::metadata(&self.root) {
                Ok(metadata) => !metadata.is_dir(),
                Err(error) => matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
            }
    }
}

/// Opens a file that is to be sent: where to read it from, its length, and its content type by its name. Only regular
/// files can be opened; others are refused without being waited for.
pub(crate) fn open(path: &Path) -> io::Result<(Box<dyn Source>, u64, &'static str)> {
    let (file, metadata) = resolve::open_regular(path)?;
    Ok((Box::new(FileSource { file }), metadata.len(), types::content_type(path, Beyond::MimeGuess)))
}

/// Removes the file of a Unix socket that nobody listens on any more; that it is gone already is no error.
#[cfg(unix)]
pub(crate) fn remove_socket(path: &Path) {
    let _ = fs::remove_file(path);
}

fn found_response(found: Found) -> Response {
    let response = Response::plain(200, "OK")
        .with("Content-type", found.content_type)
        .with("Content-Length", found.length.to_string());
    let response = match found.modified {
        Some(seconds) => response.with("Last-Modified", http_date(seconds)),
        None => response,
    };
    response.with_source(Box::new(FileSource { file: found.file }), Some(found.length))
}

/// Reads a file piece by piece while it is sent, so that its size does not matter.
#[derive(Debug)]
struct FileSource {
    file: File,
}

impl Source for FileSource {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.file.read(buf)
    }

    fn step_back(&mut self, bytes: u64) -> io::Result<()> {
        let back = i64::try_from(bytes).map_err(io::Error::other)?;
        self.file.seek(SeekFrom::Current(-back)).map(drop)
    }
}
