//! Serves a directory with the semantics of Python's http.server.
//!
//! [`resolve`] decides from the request and the file system what is to be answered, as an `Outcome`; this file
//! renders that as a response. `HEAD` is `GET` here: whoever encodes the response leaves the body out.

#[cfg(unix)]
pub(crate) mod cgi;
#[cfg(not(unix))]
#[path = "no_cgi.rs"]
pub(crate) mod cgi;
mod conditional;
mod decode;
pub(crate) mod directory;
mod heads;
pub(crate) mod listing;
pub(crate) mod page;
mod reader;
mod resolve;
mod statuses;
#[cfg(feature = "_tls")]
pub(crate) mod temporary;
mod type_table;
mod types;

#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::StatusCode;

use crate::message::body::Source;
use crate::message::date::http_date;
use crate::message::request::Request;
use crate::message::response::{Response, Style};

use crate::hook::{HookPanic, Panics};
use directory::{Directory, Options};
use heads::{About, Heads};
use reader::{FileSource, WrappedSource, read_whole};
use resolve::{Asked, Found, Outcome};

pub(crate) use page::ErrorPages;
pub(crate) use types::Beyond;

/// A file of at most so many bytes is read before its head is sent, so that both go out as one.
const SMALL: u64 = 16 << 10;

/// A directory that is served. Symbolic links in it are followed, wherever they lead, unless its options forbid it; nothing
/// else leaves it.
#[derive(Debug)]
pub(crate) struct Served {
    root: PathBuf,
    options: Options,
    beyond: Beyond,
    /// Whether it was there at the start. The program may be told to serve a directory that is still to come.
    existed: bool,
    vanished: AtomicUsize,
    heads: Heads,
    panics: Arc<Panics>,
}

impl Served {
    /// Serves a directory; a relative path is one of the working directory as it is now. It is an error if the directory is
    /// not there and has to be.
    pub(crate) fn open(directory: &Directory, beyond: Beyond) -> io::Result<Served> {
        let Directory { path, may_be_missing, options } = directory;
        let absolute = match std::path::absolute(path) {
            Err(_) if *may_be_missing => path.clone(),
            absolute => absolute?,
        };
        if !may_be_missing {
            // Reading it, if only its beginning, tells a file and a directory without permission from one to serve.
            drop(fs::read_dir(&absolute)?);
        }
        Ok(Served::new(absolute, options.clone(), beyond))
    }

    /// Serves what is below `root`, which need not be there. The path is absolute.
    fn new(root: PathBuf, options: Options, beyond: Beyond) -> Served {
        // Names are appended to it, and an empty path would make them absolute.
        let root = if root.as_os_str().is_empty() { PathBuf::from(".") } else { root };
        let existed = fs::metadata(&root).is_ok_and(|metadata| metadata.is_dir());
        Served {
            root,
            options,
            beyond,
            existed,
            vanished: AtomicUsize::new(0),
            heads: Heads::default(),
            panics: Arc::default(),
        }
    }

    /// The served directory, as given.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// How many requests found that the directory itself is no longer there.
    pub(crate) fn vanished(&self) -> usize {
        self.vanished.load(Ordering::Relaxed)
    }

    /// Where the panics of the author's closures are put down.
    pub(crate) fn panics(&self) -> Arc<Panics> {
        self.panics.clone()
    }

    /// The answer to a request. There is always one: what a client asks for and what the file system does is never
    /// worse than a 404. A panic in a closure of the author's is a 500, and is [noted](Served::panics).
    pub(crate) fn answer(&self, request: &Request, pages: &ErrorPages) -> Response {
        let field = |name: &str| request.field(name);
        let asked = Asked { method: request.head().method(), target: request.raw_target(), field: &field };
        let outcome = resolve::resolve(self, &asked);
        if matches!(outcome, Ok(Outcome::Vanished)) {
            self.vanished.fetch_add(1, Ordering::Relaxed);
        }
        let answer = outcome.and_then(|outcome| self.render(outcome, &asked, pages));
        answer.unwrap_or_else(|panic| {
            let response = pages.error(500, None, Some(&panic.text));
            let target: String = request.target().chars().take(200).collect();
            self.panics.add(panic.during(&format!("answering {} {target}", request.method())));
            response
        })
    }

    fn render(&self, outcome: Outcome, asked: &Asked<'_>, pages: &ErrorPages) -> Result<Response, HookPanic> {
        Ok(match outcome {
            Outcome::Found(found) => self.found(found, asked, pages)?,
            Outcome::NotModified => pages.plain(304),
            Outcome::Redirect { location } => pages.plain(301).with("Location", location).with("Content-Length", "0"),
            Outcome::Listing(listing) => {
                let page = match &self.options.listing_page {
                    Some(hook) => hook.call(|page| page(&listing))?,
                    None => listing::html(listing.page()),
                };
                self.with_own_fields(pages.finish(page))
            }
            Outcome::NotFound => pages.error(404, Some("File not found"), None),
            Outcome::Unlistable => pages.error(404, Some("No permission to list directory"), None),
            Outcome::Vanished => pages.error(404, Some("File not found"), Some(&self.vanished_text())),
            Outcome::Unsupported => pages.unsupported(asked.method),
        })
    }

    fn found(&self, found: Found, asked: &Asked<'_>, pages: &ErrorPages) -> Result<Response, HookPanic> {
        let Found { file, path, length, modified } = found;
        let response = self.with_head(pages.plain(200), &path, About { length, modified })?;
        let source: Box<dyn Source> = match &self.options.file_reader {
            // Of a file that is not sent nothing is read.
            _ if asked.method == b"HEAD" => Box::new(FileSource::new(file)),
            Some(hook) => Box::new(WrappedSource::new(hook, file, path, self.panics.clone())?),
            None if length <= SMALL => match read_whole(&file, length) {
                Some(bytes) => return Ok(response.with_bytes(bytes.into())),
                None => Box::new(FileSource::new(file)),
            },
            None => Box::new(FileSource::new(file)),
        };
        Ok(response.with_source(source, Some(length)))
    }

    /// Adds the fields of a file.
    fn with_head(&self, mut response: Response, path: &Path, about: About) -> Result<Response, HookPanic> {
        // A closure may say something else each time.
        if self.options.types.are_guessed() {
            return self.with_new_head(response, path, about);
        }
        if let Some(fields) = self.heads.find(path, about) {
            response.fields = fields;
            return Ok(response);
        }
        let response = self.with_new_head(response, path, about)?;
        self.heads.keep(path.to_owned(), about, response.fields.clone());
        Ok(response)
    }

    fn with_new_head(&self, response: Response, path: &Path, about: About) -> Result<Response, HookPanic> {
        let content_type = self.options.types.of(path, self.beyond)?;
        let mut response =
            response.with("Content-type", content_type.as_bytes()).with("Content-Length", about.length.to_string());
        if let Some(seconds) = about.modified {
            response = response.with("Last-Modified", http_date(seconds));
        }
        Ok(self.with_own_fields(response))
    }

    /// Adds the fields of the directory to a file or a listing (section 11, "Extra headers"), but to no answer that the author
    /// made.
    fn with_own_fields(&self, mut response: Response) -> Response {
        let is_usual = response.style == Style::HttpServer && response.error_message().is_none();
        if is_usual && response.status == StatusCode::OK && !self.options.fields.as_bytes().is_empty() {
            response.fields.push_missing(&self.options.fields);
        }
        response
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
    Ok((Box::new(FileSource::new(file)), metadata.len(), types::content_type(path, Beyond::MimeGuess)))
}

/// Removes the file of a Unix socket that nobody listens on any more; that it is gone already is no error.
pub(crate) fn remove_socket(path: &Path) {
    let _ = fs::remove_file(path);
}
