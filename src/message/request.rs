//! A request: the head as it was sent, and what its accessors decode from it.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use percent_encoding::percent_decode_str;

use super::convert::IntoBody;
use super::delivery::Client;
use super::field::{Field, text_of};
use super::target::{Target, position};

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
    fn slice(&self, range: &Range<u32>) -> &[u8] {
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

/// A request as a handler sees it. Clones are the same request; nothing is copied.
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
    head: Head,
    body: Content,
    /// What `{name}`s of the matching rule stand for; boxed, because few requests have them and all are kept.
    params: Option<Box<Vec<(String, String)>>>,
    hit: usize,
    /// Who sent it; `None` for one that did not come over a connection.
    client: Option<Arc<Client>>,
    decoded: OnceLock<Box<Decoded>>,
}

/// What accessors hand out by reference but the wire carries encoded; made on first use, since most requests
/// of a test are only counted.
#[derive(Clone, Default)]
struct Decoded {
    method: String,
    target: String,
    path: String,
    raw_query: Option<String>,
    query: Vec<(String, String)>,
    fields: Vec<Field>,
    form: Vec<(String, String)>,
}

impl Request {
    pub(crate) fn new(head: Head, body: Content) -> Request {
        let inner = Inner { head, body, params: None, hit: 0, client: None, decoded: OnceLock::new() };
        Request { inner: Arc::new(inner) }
    }

    /// The same request, now that its body has arrived.
    pub(crate) fn with_body(mut self, body: Content) -> Request {
        // A copy, if who was asked about the head alone has kept it.
        let inner = Arc::make_mut(&mut self.inner);
        (inner.body, inner.decoded) = (body, OnceLock::new());
        self
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
        self.inner.body.chunked.as_deref()
    }

    /// Path and query as sent; without scheme and authority if the target is in absolute-form.
    pub(crate) fn raw_target(&self) -> &[u8] {
        let head = self.head();
        match head.slice(&head.parts.relative) {
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

    fn decoded(&self) -> &Decoded {
        self.inner.decoded.get_or_init(|| {
            let head = self.head();
            let query = head.parts.query.as_ref().map(|range| head.slice(range));
            let is_form = self.field("content-type").is_some_and(|kind| {
                let kind = kind.split(|&byte| byte == b';').next().unwrap_or_default();
                kind.trim_ascii().eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
            });
            Box::new(Decoded {
                method: text_of(head.method()).into_owned(),
                target: text_of(head.target()).into_owned(),
                path: match self.path_text() {
                    Some(path) if head.parts.plain => path.into_owned(),
                    Some(path) => percent_decode_str(&path).decode_utf8_lossy().into_owned(),
                    None => String::new(),
                },
                raw_query: query.map(|query| text_of(query).into_owned()),
                query: query.map(pairs).unwrap_or_default(),
                fields: head.fields().map(|(name, value)| Field::new(name, value)).collect(),
                form: if is_form { pairs(self.body()) } else { Vec::new() },
            })
        })
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

    /// The first value of a query parameter, decoded (`+` is a space).
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        first(&self.decoded().query, name)
    }

    /// Every value of a query parameter, decoded, in order.
    #[must_use]
    pub fn query_all(&self, name: &str) -> Vec<&str> {
        self.decoded().query.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The query as sent, without its `?`; `None` if the target has no `?`.
    #[must_use]
    pub fn raw_query(&self) -> Option<&str> {
        self.decoded().raw_query.as_deref()
    }

    /// What `{name}` of the rule's path stands for, percent-decoded.
    ///
    /// # Panics
    ///
    /// If the path of the rule has no such name. In a handler the panic is answered with 500 and fails the test.
    #[track_caller]
    #[must_use]
    pub fn param(&self, name: &str) -> &str {
        let params = self.inner.params.as_ref().map_or(&[][..], |params| params);
        if let Some((_, value)) = params.iter().find(|(key, _)| key == name) {
            return value;
        }
        assert!(self.inner.hit > 0, "no rule answered this request, so it has no `{{{name}}}` nor any other parameter");
        let names: Vec<String> = params.iter().map(|(key, _)| format!("`{{{key}}}`")).collect();
        match names.len() {
            0 => panic!("the path of the rule that answers has no `{{{name}}}`, nor any other parameter"),
            _ => panic!("the path of the rule that answers has no `{{{name}}}`; it has {}", names.join(", ")),
        }
    }

    /// The first value of a header field, as text (UTF-8, else Latin-1). The case of the name does not matter.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().iter().find(|field| field.name().eq_ignore_ascii_case(name)).map(Field::value)
    }

    /// Every header field in order, spelled as sent, repeated as sent.
    #[must_use]
    pub fn headers(&self) -> &[Field] {
        &self.decoded().fields
    }

    /// The value of a cookie (RFC 6265, section 4.2), as sent.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.headers()
            .iter()
            .filter(|field| field.name().eq_ignore_ascii_case("cookie"))
            .flat_map(|field| field.value().split(';'))
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| key.trim() == name)
            .map(|(_, value)| value.trim())
    }

    /// The token of `Authorization: Bearer ..` (RFC 6750, section 2.1).
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// The body, decoded from its transfer coding; empty if there is none.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.inner.body.bytes
    }

    /// The body, shared and not copied.
    #[must_use]
    pub fn body_bytes(&self) -> Bytes {
        self.inner.body.bytes.clone()
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

    /// The first value of a field of an `application/x-www-form-urlencoded` body, decoded.
    #[must_use]
    pub fn form(&self, name: &str) -> Option<&str> {
        first(&self.decoded().form, name)
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

impl<B: IntoBody> From<http::Request<B>> for Request {
    /// The request as a client would send it; names of fields are in lower case, as `http` keeps them.
    fn from(request: http::Request<B>) -> Request {
        let (parts, body) = request.into_parts();
        let (method, target) = (parts.method.as_str(), parts.uri.to_string());
        let mut raw = format!("{method} {target} HTTP/1.1\r\n").into_bytes();
        let (start, end) = (method.len() + 1, method.len() + 1 + target.len());
        let mut fields = Vec::with_capacity(parts.headers.len());
        for (name, value) in &parts.headers {
            let name_start = raw.len();
            raw.extend_from_slice(name.as_str().as_bytes());
            let name = position(name_start)..position(raw.len());
            raw.extend_from_slice(b": ");
            let value_start = raw.len();
            raw.extend_from_slice(value.as_bytes());
            fields.push(Span { name, value: position(value_start)..position(raw.len()) });
            raw.extend_from_slice(b"\r\n");
        }
        raw.extend_from_slice(b"\r\n");
        let head = Head {
            method: 0..position(method.len()),
            target: position(start)..position(end),
            parts: Target::locate(target.as_bytes(), start),
            fields: fields.into_boxed_slice(),
            raw: raw.into_boxed_slice(),
        };
        Request::new(head, Content { bytes: body.into_body(), chunked: None })
    }
}

/// The beginning of a body for people: a test that prints its requests must not print megabytes.
pub(crate) fn shown_body(body: &[u8]) -> String {
    const SHOWN: usize = 1 << 10;
    let text = String::from_utf8_lossy(&body[..body.len().min(SHOWN)]);
    if body.len() > SHOWN { format!("{text}.. ({} bytes)", body.len()) } else { text.into_owned() }
}

fn pairs(encoded: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(encoded).into_owned().collect()
}

fn first<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
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

    fn request(target: &str, fields: &[(&str, &str)], body: &'static str) -> Request {
        let mut request = http::Request::builder().method("POST").uri(target);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        Request::from(request.body(body).unwrap())
    }

    #[test]
    fn accessors_decode_what_the_wire_carries_encoded() {
        let request = request("/a%20b/%e4?q=1+2&q=%33&empty", &[("cookie", "a=1; sid=x=y"), ("host", "h")], "");
        assert_eq!((request.method(), request.target()), ("POST", "/a%20b/%e4?q=1+2&q=%33&empty"));
        assert_eq!(request.path(), "/a b/\u{fffd}");
        assert_eq!(request.raw_query(), Some("q=1+2&q=%33&empty"));
        assert_eq!(request.query("q"), Some("1 2"));
        assert_eq!(request.query_all("q"), ["1 2", "3"]);
        assert_eq!((request.query("empty"), request.query("none")), (Some(""), None));
        assert_eq!((request.cookie("sid"), request.cookie("b")), (Some("x=y"), None));
        assert_eq!(request.header("HOST"), Some("h"));
    }

    #[test]
    fn a_form_is_read_only_from_a_body_that_says_it_is_one() {
        let kind = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        assert_eq!(request("/", &kind, "user=Ada+L&x=%26").form("user"), Some("Ada L"));
        assert_eq!(request("/", &[], "user=Ada").form("user"), None);
    }

    #[test]
    fn a_bearer_token_is_found_whatever_the_case_of_its_scheme() {
        assert_eq!(request("/", &[("authorization", "bEARER abc")], "").bearer(), Some("abc"));
        assert_eq!(request("/", &[("authorization", "Basic abc")], "").bearer(), None);
    }

    #[test]
    fn a_parameter_that_the_path_does_not_have_panics_with_those_it_has() {
        let mut request = request("/", &[], "");
        request.set_match(Some(vec![("id".into(), "7".into())]), 1);
        assert_eq!(request.param("id"), "7");
        let panic = std::panic::catch_unwind(|| request.param("user").len()).unwrap_err();
        assert!(panic.downcast_ref::<String>().unwrap().contains("no `{user}`; it has `{id}`"));
    }
}
