//! A request: the head as it was sent, and what its accessors decode from it.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::decoded::{Decoded, first};
use super::delivery::Client;
use super::field::{Field, text_of};
use super::target::Target;
#[cfg(feature = "_tls")]
use super::tls_info::TlsInfo;

use late::Body;

mod late;

/// The head of a request: its bytes, and where the parts lie in them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Head {
    /// From the request line to the empty line, both included, as sent.
    pub(crate) raw: Box<[u8]>,
    pub(crate) method: Range<u32>,
    pub(crate) target: Range<u32>,
    pub(crate) parts: Target,
    pub(crate) fields: Box<[Span]>,
}

/// Where one header field lies in a head.
#[derive(Debug, Clone, Default)]
pub(crate) struct Span {
    pub(crate) name: Range<u32>,
    pub(crate) value: Range<u32>,
}

/// The version a request names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Version {
    Http10,
    #[default]
    Http11,
}

impl Head {
    pub(crate) fn slice(&self, range: &Range<u32>) -> &[u8] {
        self.raw.get(range.start as usize..range.end as usize).unwrap_or_default()
    }

    pub(crate) fn method(&self) -> &[u8] {
        self.slice(&self.method)
    }

    pub(crate) fn target(&self) -> &[u8] {
        self.slice(&self.target)
    }

    /// Names and raw values, in order.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.fields.iter().map(|span| (self.slice(&span.name), self.slice(&span.value)))
    }
}

/// The body of a request, decoded from its transfer coding.
#[derive(Debug, Clone, Default)]
pub(crate) struct Content {
    pub(crate) bytes: Bytes,
    pub(crate) chunked: Option<Box<Chunked>>,
}

/// What a chunked body had besides its bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chunked {
    /// The sizes of the chunks in order, without the last, empty one.
    pub(crate) sizes: Vec<usize>,
    pub(crate) trailers: Vec<Field>,
}

/// A request as a handler sees it, or one that was made with [`Request::new`]. Clones are the same request; nothing is copied.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let server = TestServer::empty();
/// server.on("POST", "/users/{id}", |request| {
///     assert_eq!(request.method(), "POST");
///     assert_eq!(request.path(), "/users/7");
///     assert_eq!(request.query("dry"), Some("yes"));
///     (201, format!("{}: {}", request.param("id"), request.body_text()))
/// });
/// let mut answer = ureq::post(server.url("/users/7?dry=yes")).send("Ada")?;
/// assert_eq!(answer.body_mut().read_to_string()?, "7: Ada");
/// # Ok::<(), ureq::Error>(())
/// ```
#[derive(Clone)]
pub struct Request {
    inner: Arc<Inner>,
}

#[derive(Clone)]
#[expect(clippy::box_collection, reason = "a third of the size, in each request that is kept")]
struct Inner {
    /// Shared with other requests that begin with the same bytes.
    head: Arc<Head>,
    body: Body,
    /// What `{name}`s of the matching rule stand for; boxed, because few requests have them and all are kept.
    params: Option<Box<Vec<(String, String)>>>,
    /// Before a rule was chosen: how far down the rules were asked already, if some were.
    hit: usize,
    /// Who sent it; `None` for one that did not come over a connection.
    client: Option<Arc<Client>>,
    decoded: OnceLock<Box<Decoded>>,
}

impl Request {
    pub(crate) fn of_parts(head: impl Into<Arc<Head>>, body: Content) -> Request {
        let head = head.into();
        let inner =
            Inner { head, body: Body::Whole(body), params: None, hit: 0, client: None, decoded: OnceLock::new() };
        Request { inner: Arc::new(inner) }
    }

    /// The same request, now that its body has arrived.
    pub(crate) fn with_content(mut self, body: Content) -> Request {
        // A copy, if who was asked about the head alone has kept it.
        let inner = Arc::make_mut(&mut self.inner);
        (inner.body, inner.decoded) = (Body::Whole(body), OnceLock::new());
        self
    }

    /// Notes that the rules from this rank on were asked.
    pub(crate) fn set_asked_down_to(&mut self, rank: usize) {
        Arc::make_mut(&mut self.inner).hit = rank;
    }

    /// How far down the rules were asked already, if some were; it is forgotten by that.
    pub(crate) fn take_asked_down_to(&mut self) -> Option<usize> {
        if self.inner.hit == 0 {
            return None;
        }
        Some(std::mem::take(&mut Arc::make_mut(&mut self.inner).hit))
    }

    /// Notes which rule will answer.
    pub(crate) fn set_match(&mut self, params: Option<Vec<(String, String)>>, hit: usize) {
        let inner = Arc::make_mut(&mut self.inner);
        inner.params = params.filter(|params| !params.is_empty()).map(Box::new);
        inner.hit = hit;
    }

    /// Notes who sent it.
    pub(crate) fn set_client(&mut self, client: Arc<Client>) {
        Arc::make_mut(&mut self.inner).client = Some(client);
    }

    pub(crate) fn client(&self) -> Option<&Client> {
        self.inner.client.as_deref()
    }

    pub(crate) fn head(&self) -> &Head {
        &self.inner.head
    }

    pub(crate) fn chunked(&self) -> Option<&Chunked> {
        self.content()?.chunked.as_deref()
    }

    /// Path and query as sent; without scheme and authority if the target is in absolute-form.
    pub(crate) fn raw_target(&self) -> &[u8] {
        let head = self.head();
        match head.slice(&(head.parts.path.start..head.target.end)) {
            b"" => b"/",
            relative => relative,
        }
    }

    /// The first field of this name, in any case: its value as sent.
    pub(crate) fn field(&self, name: &str) -> Option<&[u8]> {
        let mut fields = self.head().fields();
        fields.find(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// Whether the path holds nothing that would have to be decoded.
    pub(crate) fn has_plain_path(&self) -> bool {
        self.inner.head.parts.plain
    }

    /// The path as sent, still percent-encoded; `None` if the request could not be parsed that far.
    pub(crate) fn path_text(&self) -> Option<Cow<'_, str>> {
        let head = self.head();
        match head.slice(&head.parts.path) {
            b"" if head.target.is_empty() => None,
            // Of an absolute-form without a path (RFC 9112, section 3.2.2).
            b"" => Some(Cow::Borrowed("/")),
            path => Some(text_of(path)),
        }
    }

    pub(super) fn decoded(&self) -> &Decoded {
        self.inner.decoded.get_or_init(|| Box::new(Decoded::of(self)))
    }

    /// The method as sent, case kept. Empty if the request could not be parsed that far.
    #[must_use]
    pub fn method(&self) -> &str {
        match std::str::from_utf8(self.head().method()) {
            Ok(method) => method,
            Err(_) => &self.decoded().method,
        }
    }

    /// The request target as sent (RFC 9112, section 3.2): `/a%20b?c`, `http://host/a`, `*`, `host:443`.
    #[must_use]
    pub fn target(&self) -> &str {
        match std::str::from_utf8(self.head().target()) {
            Ok(target) => target,
            Err(_) => &self.decoded().target,
        }
    }

    /// The path, percent-decoded, invalid UTF-8 replaced; of an absolute-form too. `*` and `host:443` stay as they are.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.decoded().path
    }

    /// The client's address; `None` on a Unix socket, and of a request that was not received but made.
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddr> {
        self.client()?.peer
    }

    /// What was agreed upon when its connection was secured: version, cipher suite, the name that was asked for, the client's
    /// certificate. `None` without TLS.
    #[cfg(feature = "_tls")]
    #[must_use]
    pub fn tls(&self) -> Option<&TlsInfo> {
        self.client()?.tls()?.ok()
    }

    /// What `{name}` of the rule's path stands for, percent-decoded.
    ///
    /// # Panics
    ///
    /// If the path of the rule has no such name. In a handler the panic is answered with 500 and fails the test.
    #[track_caller]
    #[must_use]
    pub fn param(&self, name: &str) -> &str {
        if let Some(value) = self.try_param(name) {
            return value;
        }
        assert!(self.inner.hit > 0, "no rule answered this request, so it has no `{{{name}}}` nor any other parameter");
        let names: Vec<String> = self.params().iter().map(|(key, _)| format!("`{{{key}}}`")).collect();
        match names.len() {
            0 => panic!("the path of the rule that answers has no `{{{name}}}`, nor any other parameter"),
            _ => panic!("the path of the rule that answers has no `{{{name}}}`; it has {}", names.join(", ")),
        }
    }

    /// What `{name}` of the rule's path stands for, if the path of the rule has that name: for handlers that several rules share.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// let shown = |request: &Request| format!("page {}", request.try_param("page").unwrap_or("1"));
    /// server.on("GET", "/books", shown);
    /// server.on("GET", "/books/{page}", shown);
    /// assert_eq!(ureq::get(server.url("/books")).call()?.body_mut().read_to_string()?, "page 1");
    /// assert_eq!(ureq::get(server.url("/books/2")).call()?.body_mut().read_to_string()?, "page 2");
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[must_use]
    pub fn try_param(&self, name: &str) -> Option<&str> {
        first(self.params(), name)
    }

    fn params(&self) -> &[(String, String)] {
        self.inner.params.as_ref().map_or(&[], |params| params)
    }

    /// The body, decoded from its transfer coding; empty if there is none.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.content().map_or(&[], |body| &body.bytes)
    }

    /// The body, shared and not copied.
    #[must_use]
    pub fn body_bytes(&self) -> Bytes {
        self.content().map(|body| body.bytes.clone()).unwrap_or_default()
    }

    /// The body as text of its own, invalid UTF-8 replaced.
    #[must_use]
    pub fn body_text(&self) -> String {
        String::from_utf8_lossy(self.body()).into_owned()
    }

    /// The body as JSON, typed.
    ///
    /// # Errors
    ///
    /// If the body is no JSON, or not of this type.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("POST", "/sum", |request| -> HandlerResult<_> {
    ///     let numbers: Vec<i64> = request.json()?;
    ///     Ok(numbers.iter().sum::<i64>().to_string())
    /// });
    /// let mut answer = ureq::post(server.url("/sum")).send("[1, 2, 3]")?;
    /// assert_eq!(answer.body_mut().read_to_string()?, "6");
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[cfg(feature = "json")]
    pub fn json<T: serde_core::de::DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(self.body())
    }

    /// The body as JSON; `Null` if it is none.
    #[cfg(feature = "json")]
    #[must_use]
    pub fn body_json(&self) -> serde_json::Value {
        self.json().unwrap_or_default()
    }

    /// The number of this request among those its rule answers, from 1: what a counter would need a `Mutex` for.
    /// 0 for a request that no rule answers.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/", |request| if request.hit() < 3 { (503, "busy") } else { (200, "done") });
    /// # for status in [503, 503, 200, 200] {
    /// #     let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    /// #     assert_eq!(agent.get(server.url("/")).call()?.status(), status);
    /// # }
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[must_use]
    pub fn hit(&self) -> usize {
        self.inner.hit
    }
}

/// The beginning of a body for people: a test that prints its requests must not print megabytes.
pub(crate) fn shown_body(body: &[u8]) -> String {
    const SHOWN: usize = 1 << 10;
    let text = String::from_utf8_lossy(&body[..body.len().min(SHOWN)]);
    if body.len() > SHOWN { format!("{text}.. ({} bytes)", body.len()) } else { text.into_owned() }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method())
            .field("target", &self.target())
            .field("headers", &self.headers())
            .field("body", &shown_body(self.body()))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_that_the_path_does_not_have_panics_with_those_it_has() {
        let mut request = Request::from(http::Request::new(()));
        request.set_match(Some(vec![("id".into(), "7".into())]), 1);
        assert_eq!(request.param("id"), "7");
        assert_eq!((request.try_param("id"), request.try_param("user")), (Some("7"), None));
        let panic = std::panic::catch_unwind(|| request.param("user").len()).unwrap_err();
        assert!(panic.downcast_ref::<String>().unwrap().contains("no `{user}`; it has `{id}`"));
    }
}
