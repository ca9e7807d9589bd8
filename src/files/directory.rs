//! The options of a served directory, as tests give them.

use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::listing::{IntoPage, Listing};
use super::reader::WrapReader;
use super::types::OwnTypes;
use crate::hook::Hook;
use crate::message::convert::{IntoFieldValue, checked_name, convert};
use crate::message::field_block::FieldBlock;
use crate::message::response::Response;

/// A directory to serve, with options: what `SimpleHTTPRequestHandler` is to http.server. Without options it is the same as
/// its path.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let site = Directory::new("fixtures/site").index_pages(["hello.txt"]).header("Cache-Control", "no-store");
/// let server = TestServer::builder().dir(site).start();
/// let mut page = ureq::get(server.url("/")).call()?;
/// assert_eq!(page.headers()["cache-control"], "no-store");
/// assert_eq!(page.body_mut().read_to_string()?, "Hello, fixture!\n");
/// # Ok::<(), ureq::Error>(())
/// ```
///
/// A closure runs on the thread that answers, in parallel with itself, and may take its time. If it panics, the answer is 500
/// (or ends early, if its head is sent already), and [`verify`](crate::TestServer::verify) and the end of the server fail the
/// test at the line that gave the closure.
#[derive(Debug, Clone)]
#[must_use = "a directory is served only if it is passed to `TestServer::start(..)` or `.dir(..)`"]
pub struct Directory {
    pub(super) path: PathBuf,
    pub(super) may_be_missing: bool,
    pub(super) options: Options,
}

/// Says which file a target means.
pub(super) type TranslatePath = dyn Fn(&str) -> Option<PathBuf> + Send + Sync;

/// Makes the page of a listing.
pub(super) type ListingPage = dyn Fn(&Listing) -> Response + Send + Sync;

/// All but where the directory is.
#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) index_pages: Vec<String>,
    pub(super) lists: bool,
    pub(super) listing_page: Option<Hook<ListingPage>>,
    pub(super) types: OwnTypes,
    pub(super) translate_path: Option<Hook<TranslatePath>>,
    pub(super) follows_links: bool,
    /// For every file and listing.
    pub(super) fields: FieldBlock,
    pub(super) file_reader: Option<Hook<WrapReader>>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            index_pages: vec!["index.html".to_owned(), "index.htm".to_owned()],
            lists: true,
            listing_page: None,
            types: OwnTypes::default(),
            translate_path: None,
            follows_links: true,
            fields: FieldBlock::default(),
            file_reader: None,
        }
    }
}

impl Directory {
    /// The directory of that path; a relative one begins at the current directory of the moment in which the server starts.
    ///
    /// Like everything that takes a directory, it takes `&dir` for a `TempDir`.
    pub fn new(path: impl IntoDir) -> Directory {
        path.into_dir()
    }

    fn at(path: PathBuf) -> Directory {
        Directory { path, may_be_missing: false, options: Options::default() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// It need not be there when the server starts: until it is, everything in it is 404. Default: it must be there. This is
    /// how `python -m http.server --directory` takes it.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let work = tempfile::tempdir()?;
    /// let out = work.path().join("out");
    /// let server = TestServer::start(Directory::new(&out).may_be_missing());
    /// assert!(ureq::get(server.url("/report.txt")).call().is_err());
    ///
    /// std::fs::create_dir(&out)?;
    /// std::fs::write(out.join("report.txt"), "done")?;
    /// assert!(ureq::get(server.url("/report.txt")).call().is_ok());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn may_be_missing(mut self) -> Directory {
        self.may_be_missing = true;
        self
    }

    /// The files that stand for the directory they are in; the first that is there counts. Default: `index.html`,
    /// `index.htm`. None is `[] as [&str; 0]`. http.server: `index_pages`.
    ///
    /// # Panics
    ///
    /// If a name is no name of a file: empty, `.`, `..`, or with `/` or NUL in it.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::start(Directory::new("fixtures/site").index_pages(["home.html", "hello.txt"]));
    /// let mut page = ureq::get(server.url("/")).call()?;
    /// assert_eq!(page.body_mut().read_to_string()?, "Hello, fixture!\n");
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[track_caller]
    pub fn index_pages(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Directory {
        self.options.index_pages.clear();
        for name in names {
            let name = name.into();
            assert!(
                is_file_name(&name),
                "{name:?} is not the name of an index page: write a name in the directory that is asked for, such as \
                 \"index.html\""
            );
            self.options.index_pages.push(name);
        }
        self
    }

    /// Whether a directory without an index page is listed; if not, it is 404 `No permission to list directory`. Default:
    /// `true`. http.server: `list_directory`.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::start(Directory::new("fixtures/site").listing(false));
    /// assert!(ureq::get(server.url("/nested/")).call().is_err());
    /// ```
    pub fn listing(mut self, on: bool) -> Directory {
        self.options.lists = on;
        self
    }

    /// Makes the page of a listing. Text is sent as HTML in place of the usual page, with the usual header fields; a
    /// [`Response`] is sent as it stands, without the [fields](Directory::header) of the directory. http.server:
    /// `list_directory`.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let site = Directory::new("fixtures/site").listing_page(|listing| {
    ///     Response::json(listing.entries().iter().map(|entry| entry.href()).collect::<Vec<_>>())
    /// });
    /// let server = TestServer::start(site);
    /// let mut answer = ureq::get(server.url("/nested/one/two/three/")).call()?;
    /// assert_eq!(answer.body_mut().read_to_string()?, r#"["four.txt"]"#);
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[track_caller]
    pub fn listing_page<R: IntoPage>(mut self, page: impl Fn(&Listing) -> R + Send + Sync + 'static) -> Directory {
        let page = move |listing: &Listing| page(listing).into_page();
        self.options.listing_page = Some(Hook::new("listing_page", Arc::new(page)));
        self
    }

    /// The content type of an extension, written with or without its dot. It is compared as it stands, then in lower case, and
    /// comes before every type that is known; `""` is for names without one. http.server: `extensions_map`.
    ///
    /// # Panics
    ///
    /// If the type has no `/` or holds CR, LF or NUL, or no name can have the extension.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::start(Directory::new("fixtures/site").content_type("txt", "text/plain; charset=utf-8"));
    /// let page = ureq::get(server.url("/hello.txt")).call()?;
    /// assert_eq!(page.headers()["content-type"], "text/plain; charset=utf-8");
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[track_caller]
    pub fn content_type(mut self, extension: impl AsRef<str>, content_type: impl Into<String>) -> Directory {
        self.options.types.set(extension.as_ref(), content_type.into());
        self
    }

    /// The content type of what nobody knows. Default: `application/octet-stream`. http.server: `default_content_type`.
    ///
    /// # Panics
    ///
    /// If it has no `/` or holds CR, LF or NUL.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::start(Directory::new("fixtures/site").default_content_type("text/plain"));
    /// let page = ureq::get(server.url("/LICENSE")).call()?;
    /// assert_eq!(page.headers()["content-type"], "text/plain");
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[track_caller]
    pub fn default_content_type(mut self, content_type: impl Into<String>) -> Directory {
        self.options.types.set_default(content_type.into());
        self
    }

    /// Says the content type of a file; `None` leaves it to the usual way. http.server: `guess_type`.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let site = Directory::new("fixtures/site")
    ///     .guess_type(|path| path.ends_with("assets/data.json").then(|| "application/problem+json".to_owned()));
    /// let server = TestServer::start(site);
    /// let page = ureq::get(server.url("/assets/data.json")).call()?;
    /// assert_eq!(page.headers()["content-type"], "application/problem+json");
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[track_caller]
    pub fn guess_type(mut self, guess: impl Fn(&Path) -> Option<String> + Send + Sync + 'static) -> Directory {
        self.options.types.set_guess(Hook::new("guess_type", Arc::new(guess)));
        self
    }

    /// Says which file or directory a request target means; `None` leaves it to the usual way. The target is as sent, query
    /// included, but leading slashes are one; if it is not UTF-8 it is read as ISO-8859-1. A relative path begins at the
    /// served directory; an absolute one, or `..`, may lead anywhere, which is what this is for: the closure answers for what
    /// it lets clients reach, within what [`follow_links(false)`](Directory::follow_links) allows. http.server: `translate_path`.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let site = Directory::new("fixtures/site")
    ///     .translate_path(|target| Some(target.strip_prefix("/v2/")?.into()));
    /// let server = TestServer::start(site);
    /// assert!(ureq::get(server.url("/v2/hello.txt")).call().is_ok());
    /// assert!(ureq::get(server.url("/hello.txt")).call().is_ok());
    /// ```
    #[track_caller]
    pub fn translate_path(mut self, translate: impl Fn(&str) -> Option<PathBuf> + Send + Sync + 'static) -> Directory {
        self.options.translate_path = Some(Hook::new("translate_path", Arc::new(translate)));
        self
    }

    /// Whether symbolic links may lead out of the directory. Default: `true`, as with http.server. If not, what lies
    /// behind such a link is 404 `File not found`; links that stay inside are followed, and listings show both. An absolute path
    /// elsewhere that [`translate_path`](Directory::translate_path) gives is no link.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// # #[cfg(unix)] {
    /// let temp = tempfile::tempdir()?;
    /// std::os::unix::fs::symlink("/etc/passwd", temp.path().join("users"))?;
    /// let server = TestServer::start(Directory::new(&temp).follow_links(false));
    /// assert!(ureq::get(server.url("/users")).call().is_err());
    /// # }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn follow_links(mut self, on: bool) -> Directory {
        self.options.follows_links = on;
        self
    }

    /// Adds a header field to every file and listing that is sent with 200, and to nothing else: after all others, and only
    /// if no other field has the name (`Server`, `Date`, `Content-type`, `Content-Length`, for files `Last-Modified`). Given
    /// twice it is sent twice. http.server: `extra_response_headers`, `-H`.
    ///
    /// # Panics
    ///
    /// If the name is no token, or the value holds CR, LF or NUL.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::start(Directory::new("fixtures/site").header("Access-Control-Allow-Origin", "*"));
    /// let page = ureq::get(server.url("/hello.txt")).call()?;
    /// assert_eq!(page.headers()["access-control-allow-origin"], "*");
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[track_caller]
    pub fn header(mut self, name: impl AsRef<str>, value: impl IntoFieldValue) -> Directory {
        let value = value.into_field_value();
        self.options.fields.push(checked_name(name.as_ref()), &value);
        self
    }

    /// Wraps or replaces what is read while a file is sent: to delay, truncate or corrupt it. `Content-Length` stays that of
    /// the file: what is read beyond it is not sent, and if there is less, or reading fails, the connection ends early.
    /// http.server: `send_head`, `copyfile`.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// # use std::io::Read;
    /// let server = TestServer::start(Directory::new("fixtures/site").file_reader(|file, path| {
    ///     if path.ends_with("hello.txt") { Box::new(file.take(5)) } else { file }
    /// }));
    /// let error = ureq::get(server.url("/hello.txt")).call()?.body_mut().read_to_string();
    /// assert!(error.is_err());
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[track_caller]
    pub fn file_reader(
        mut self,
        wrap: impl Fn(Box<dyn Read + Send>, &Path) -> Box<dyn Read + Send> + Send + Sync + 'static,
    ) -> Directory {
        self.options.file_reader = Some(Hook::new("file_reader", Arc::new(wrap)));
        self
    }
}

/// Whether it is one name, and so cannot lead anywhere else.
fn is_file_name(name: &str) -> bool {
    let mut components = Path::new(name).components();
    let first = components.next();
    matches!(first, Some(Component::Normal(only)) if only == name)
        && components.next().is_none()
        && !name.contains('\0')
}

/// A directory to serve: `"site"`, `&path`, `path_buf`, `&tempdir`, or a [`Directory`] with options.
///
/// A `TempDir` by value would be deleted as soon as `start` returns, and does not compile:
///
/// ```compile_fail
/// let dir = tempfile::tempdir().unwrap();
/// let server = fixture_server::TestServer::start(dir);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` passed by value is not a directory to serve: pass a path, or `&dir` for a `TempDir`, which would be deleted when `start` returns",
    label = "neither a path nor a `Directory` nor a reference to what owns the directory"
)]
pub trait IntoDir {
    /// The directory with its options.
    fn into_dir(self) -> Directory;
}

impl<T: AsRef<Path> + ?Sized> IntoDir for &T {
    fn into_dir(self) -> Directory {
        Directory::at(self.as_ref().to_owned())
    }
}

convert!(IntoDir::into_dir -> Directory;
    PathBuf => |path| Directory::at(path),
    String => |path| Directory::at(path.into()),
    Directory => |directory| directory,
);
