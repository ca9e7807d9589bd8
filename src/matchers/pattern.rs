//! A pattern: which requests are meant.

use std::fmt;
use std::sync::Arc;

use http::Method;

use crate::message::convert::{IntoMethod, convert};
use crate::message::request::Request;

use super::criterion::{Criterion, Kind};
use super::path::PathTemplate;
use super::subject::{Memo, Subject};
use super::value::{IntoMatcher, Matcher, Test};
use super::verdict::Verdict;

/// Which requests: registers, finds, counts, orders, waits and asserts. Cheap to clone; a reference does everywhere.
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
#[must_use = "a pattern does nothing by itself: give it to `when`, `received`, `assert_received`, `wait_for` ..."]
#[derive(Clone)]
pub struct Pattern {
    pub(super) parts: Arc<Parts>,
}

#[derive(Clone, Default)]
pub(super) struct Parts {
    pub(super) method: Option<Method>,
    pub(super) path: Option<PathTemplate>,
    /// Everything else, in the order of the author.
    pub(super) more: Vec<Criterion>,
}

/// A pattern or a reference to one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a pattern",
    note = "a pattern begins with `get`, `post`, `put`, `patch`, `delete`, `head`, `options`, `method` or `any`: `get(\"/users\")`, `any().path(\"/users\")`"
)]
pub trait IntoPattern {
    /// The pattern.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// use fixture_server::IntoPattern;
    ///
    /// fn count(server: &TestServer, pattern: impl IntoPattern) -> usize {
    ///     server.received(pattern).len()
    /// }
    /// let (server, login) = (TestServer::empty(), post("/login"));
    /// assert_eq!(count(&server, &login) + count(&server, login), 0);
    /// ```
    fn into_pattern(self) -> Pattern;
}

convert!(IntoPattern::into_pattern -> Pattern;
    Pattern => |pattern| pattern,
    &Pattern => |pattern| pattern.clone(),
);

macro_rules! method_patterns {
    ($($name:ident $METHOD:ident),+) => {
        $(
            #[doc = concat!("`", stringify!($METHOD), "` requests for a path; a plain string may hold `{name}` and `{*rest}`.")]
            ///
            /// # Panics
            ///
            /// If a plain string does not begin with `/`, or holds a query.
            ///
            /// ```
            /// # use fixture_server::prelude::*;
            #[doc = concat!("let request = Request::new(\"", stringify!($METHOD), "\", \"/users/7\");")]
            #[doc = concat!("assert!(", stringify!($name), "(\"/users/{id}\").check(&request).fits());")]
            /// ```
            #[track_caller]
            pub fn $name(path: impl IntoMatcher) -> Pattern {
                Pattern::of_method(Method::$METHOD).path(path)
            }
        )+
    };
}

method_patterns!(get GET, post POST, put PUT, patch PATCH, delete DELETE, head HEAD, options OPTIONS);

/// Requests of any method of one's own for a path: `method("PURGE", "/cache/{*key}")`.
///
/// # Panics
///
/// If the method is no token, or a plain string as the path does not begin with `/` or holds a query.
///
/// ```
/// # use fixture_server::prelude::*;
/// let server = TestServer::empty();
/// server.when(method("PURGE", "/cache/{*key}")).respond(204);
/// # let request = http::Request::builder().method("PURGE").uri(server.url("/cache/a/b")).body(())?;
/// # assert_eq!(ureq::Agent::from(ureq::config::Config::builder().allow_non_standard_methods(true).build()).run(request)?.status(), 204);
/// # Ok::<(), ureq::Error>(())
/// ```
#[track_caller]
pub fn method(method: impl IntoMethod, path: impl IntoMatcher) -> Pattern {
    Pattern::of_method(method.into_method()).path(path)
}

/// Every request, of any method and path.
///
/// ```
/// # use fixture_server::prelude::*;
/// # let server = TestServer::empty();
/// # server.on("GET", "/a", |_| 200);
/// ureq::get(server.url("/a")).call()?;
/// server.assert_received(any(), 1);
/// server.assert_received(any().path("/admin"), 0);
/// # Ok::<(), ureq::Error>(())
/// ```
pub fn any() -> Pattern {
    Pattern { parts: Arc::default() }
}

/// Requests that fit every one of the patterns; every request, if there is none.
///
/// ```
/// # use fixture_server::prelude::*;
/// # let server = TestServer::empty();
/// # server.on("GET", "/api/users", |_| 200);
/// let authorised = any().bearer("s3cret");
/// ureq::get(server.url("/api/users")).header("authorization", "Bearer s3cret").call()?;
/// server.assert_received(all_of([&authorised, &get("/api/{*rest}")]), 1);
/// # Ok::<(), ureq::Error>(())
/// ```
pub fn all_of(patterns: impl IntoIterator<Item: IntoPattern>) -> Pattern {
    patterns.into_iter().fold(any(), |all, pattern| all.and(&pattern.into_pattern()))
}

/// Requests that fit at least one of the patterns. A rule for several paths gets the parameters of the first that fits.
///
/// # Panics
///
/// If there is no pattern: no request would fit.
///
/// ```
/// # use fixture_server::prelude::*;
/// let server = TestServer::empty();
/// let either = any_of([get("/users/{id}"), get("/people/{id}")]);
/// server.when(either).respond_with(|request| request.param("id").to_owned());
/// assert_eq!(ureq::get(server.url("/people/7")).call()?.body_mut().read_to_string()?, "7");
/// # Ok::<(), ureq::Error>(())
/// ```
#[track_caller]
pub fn any_of(patterns: impl IntoIterator<Item: IntoPattern>) -> Pattern {
    let patterns: Vec<Pattern> = patterns.into_iter().map(IntoPattern::into_pattern).collect();
    assert!(!patterns.is_empty(), "no request fits any of no patterns: give `any_of` at least one, or write `any()`");
    any().with(Kind::AnyOf(patterns))
}

impl Pattern {
    fn of_method(method: Method) -> Pattern {
        Pattern { parts: Arc::new(Parts { method: Some(method), ..Parts::default() }) }
    }

    /// A method and a template: what `TestServer::on` registers.
    #[track_caller]
    pub(crate) fn on(method: Method, path: &str) -> Pattern {
        let path = Some(PathTemplate::parse(path));
        Pattern { parts: Arc::new(Parts { method: Some(method), path, more: Vec::new() }) }
    }

    pub(super) fn with(mut self, kind: Kind) -> Pattern {
        Arc::make_mut(&mut self.parts).more.push(Criterion::new(kind));
        self
    }

    /// Everything that either asks for.
    fn and(mut self, other: &Pattern) -> Pattern {
        let parts = Arc::make_mut(&mut self.parts);
        match (&parts.method, &other.parts.method) {
            (None, Some(method)) => parts.method = Some(method.clone()),
            (Some(one), Some(method)) if one != method => parts.more.push(Criterion::new(Kind::Method(method.clone()))),
            _ => (),
        }
        match (&parts.path, &other.parts.path) {
            (None, Some(path)) => parts.path = Some(path.clone()),
            (Some(one), Some(path)) if one.text() != path.text() => {
                parts.more.push(Criterion::new(Kind::Path(Matcher::new(Test::Path(path.clone())))));
            }
            _ => (),
        }
        parts.more.extend(other.parts.more.iter().cloned());
        self
    }

    /// Judges a request part by part. Closures are asked where everything before them fits, and their panics go on.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let request = Request::new("GET", "/users/7?page=2");
    /// assert!(get("/users/{id}").query("page", 2).check(&request).fits());
    /// ```
    #[must_use]
    pub fn check(&self, request: &Request) -> Verdict {
        self.verdict(&Subject::new(request, &Memo::default()))
    }

    /// The template that paths have to fit, if there is one: rules are found by it.
    pub(crate) fn template(&self) -> Option<&PathTemplate> {
        self.parts.path.as_ref()
    }

    pub(crate) fn fits(&self, request: &Request) -> bool {
        self.accepts(&Subject::new(request, &Memo::default()))
    }
}

/// In one line: `POST /login, header accept: text containing "json"`.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = &self.parts;
        // What says itself which paths are meant.
        let says_path = parts.more.iter().any(|criterion| matches!(&*criterion.kind, Kind::Path(_) | Kind::AnyOf(_)));
        let mut separator = ", ";
        match (&parts.method, &parts.path) {
            (Some(method), Some(path)) => write!(f, "{method} {path}")?,
            (Some(method), None) if says_path => write!(f, "{method}")?,
            (Some(method), None) => write!(f, "{method} of any path")?,
            (None, Some(path)) => write!(f, "any method {path}")?,
            (None, None) if says_path => separator = "",
            (None, None) => f.write_str("any request")?,
        }
        for criterion in &parts.more {
            write!(f, "{separator}{criterion}")?;
            separator = ", ";
        }
        Ok(())
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({self})")
    }
}
