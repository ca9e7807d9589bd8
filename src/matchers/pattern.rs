//! A pattern: which requests are meant.

use std::fmt;
use std::sync::Arc;

use http::Method;

use crate::message::convert::{IntoMethod, convert};
use crate::message::request::Request;

use super::path::{Params, PathTemplate, RequestPath};

/// Which requests: finds, counts and asserts. Cheap to clone; a reference does everywhere.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let server = TestServer::empty();
/// server.on("GET", "/users/{id}", |_| "Ada");
/// ureq::get(server.url("/users/7")).call()?;
///
/// server.assert_received(get("/users/{id}"), 1);
/// server.assert_received(any().path("/admin"), 0);
/// # Ok::<(), ureq::Error>(())
/// ```
#[must_use = "a pattern does nothing by itself: give it to `received` or `assert_received`"]
#[derive(Clone)]
pub struct Pattern {
    parts: Arc<Parts>,
}

#[derive(Clone, Default)]
struct Parts {
    method: Option<Method>,
    path: Option<PathTemplate>,
}

/// A pattern or a reference to one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a pattern",
    note = "a pattern begins with `get`, `post`, `put`, `patch`, `delete`, `head`, `options`, `method` or `any`: `get(\"/users\")`, `any().path(\"/users\")`"
)]
pub trait IntoPattern {
    /// The pattern.
    fn into_pattern(self) -> Pattern;
}

convert!(IntoPattern::into_pattern -> Pattern;
    Pattern => |pattern| pattern,
    &Pattern => |pattern| pattern.clone(),
);

macro_rules! method_patterns {
    ($($name:ident $METHOD:ident),+) => {
        $(
            #[doc = concat!("`", stringify!($METHOD), "` requests for a path, which may hold `{name}` and `{*rest}`.")]
            ///
            /// # Panics
            ///
            /// If the path does not begin with `/`, or holds a query.
            #[track_caller]
            pub fn $name(path: impl AsRef<str>) -> Pattern {
                Pattern::new(Some(Method::$METHOD), Some(PathTemplate::parse(path.as_ref())))
            }
        )+
    };
}

method_patterns!(get GET, post POST, put PUT, patch PATCH, delete DELETE, head HEAD, options OPTIONS);

/// Requests of any method of one's own for a path: `method("PURGE", "/cache/{*key}")`.
///
/// # Panics
///
/// If the method is no token, the path does not begin with `/`, or holds a query.
#[track_caller]
pub fn method(method: impl IntoMethod, path: impl AsRef<str>) -> Pattern {
    Pattern::new(Some(method.into_method()), Some(PathTemplate::parse(path.as_ref())))
}

/// Every request.
pub fn any() -> Pattern {
    Pattern::new(None, None)
}

impl Pattern {
    pub(crate) fn new(method: Option<Method>, path: Option<PathTemplate>) -> Pattern {
        Pattern { parts: Arc::new(Parts { method, path }) }
    }

    /// The path, compared segment by segment after percent-decoding; it may hold `{name}` and `{*rest}`.
    ///
    /// # Panics
    ///
    /// If it does not begin with `/`, or holds a query.
    #[track_caller]
    pub fn path(self, path: impl AsRef<str>) -> Pattern {
        let path = PathTemplate::parse(path.as_ref());
        Pattern { parts: Arc::new(Parts { path: Some(path), ..(*self.parts).clone() }) }
    }

    /// The only path that fits, as a key.
    pub(crate) fn literal_path(&self) -> Option<&str> {
        self.parts.path.as_ref()?.literal()
    }

    pub(crate) fn fits(&self, request: &Request) -> bool {
        self.fits_method(request) && self.parts.path.as_ref().is_none_or(|path| path.fits(&RequestPath::of(request)))
    }

    pub(crate) fn fits_method(&self, request: &Request) -> bool {
        match &self.parts.method {
            Some(method) => method.as_str().as_bytes() == request.head().method(),
            None => true,
        }
    }

    /// What the names of the path stand for; `None` if the path does not fit.
    pub(crate) fn params(&self, path: &RequestPath<'_>) -> Option<Params> {
        match &self.parts.path {
            Some(template) => template.params(path),
            None => Some(Vec::new()),
        }
    }

    /// How near a request is that does not fit. A path that fits means more than any that does not; then each leading
    /// segment that agrees counts, and the method as much as one of them.
    pub(crate) fn nearness(&self, request: &Request) -> (bool, usize) {
        let path = RequestPath::of(request);
        let (fits, segments) = match &self.parts.path {
            Some(template) => (template.fits(&path), template.nearness(&path)),
            None => (true, 0),
        };
        (fits, segments + usize::from(self.fits_method(request)))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.parts.method, &self.parts.path) {
            (Some(method), Some(path)) => write!(f, "{method} {path}"),
            (Some(method), None) => write!(f, "{method} of any path"),
            (None, Some(path)) => write!(f, "any method {path}"),
            (None, None) => f.write_str("any request"),
        }
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({self})")
    }
}
