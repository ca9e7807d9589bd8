//! A recorded request without what varies from run to run.

use std::fmt::{self, Write as _};

use crate::message::field::Field;
use crate::order::sort_by;

use super::RecordedRequest;
use super::authority::Authority;

/// What a client sent, without what varies from run to run: for snapshots. [`RecordedRequest::snapshot`] makes it.
///
/// It has method, target, header fields (names in lower case, sorted; repeated ones in the order in which they came), trailers,
/// the reason if it was refused, and the body. It has neither times nor the numbers of connections. Host and port of the server
/// become `[host]` wherever they stand, percent-encoded too, if the request's `Host` names a loopback address or `localhost`
/// with a port; [`host`](RequestSnapshot::host) chooses another text, [`without_header`](RequestSnapshot::without_header)
/// leaves out what else varies.
///
/// `Display` and `Debug` show it as text, the body as it was sent. With feature `serde` it serialises as a struct with the
/// fields `method`, `target`, `headers` (a map, in which a repeated field is a list), `body` (absent if empty), `trailers`
/// and `refusal` (absent if there are none). The body is text, or `{"hex": ".."}` if it is not UTF-8; with feature `json` it
/// is the JSON itself if the content type says so.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let server = TestServer::empty();
/// let callback = server.url("/done");
/// ureq::post(server.url("/jobs")).header("X-Trace", "7").content_type("text/plain").send(&callback).ok();
///
/// let snapshot = server.received_one(post("/jobs")).snapshot().without_header("user-agent");
/// assert_eq!(
///     snapshot.to_string(),
///     "POST /jobs\naccept: */*\ncontent-length: 27\ncontent-type: text/plain\nhost: [host]\nx-trace: 7\n\nhttp://[host]/done"
/// );
/// ```
#[must_use = "a snapshot is to be compared: `assert_eq!(snapshot.to_string(), ..)`, `insta::assert_yaml_snapshot!(snapshot)`"]
#[derive(Clone)]
pub struct RequestSnapshot {
    request: RecordedRequest,
    host: String,
    omitted: Vec<String>,
}

impl RecordedRequest {
    /// What was sent, without what varies from run to run: to be compared with a snapshot.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// ureq::get(server.url("/a?b=c")).call().ok();
    /// let snapshot = server.requests()[0].snapshot().without_header("user-agent");
    /// assert_eq!(snapshot.to_string(), "GET /a?b=c\naccept: */*\nhost: [host]");
    /// ```
    pub fn snapshot(&self) -> RequestSnapshot {
        RequestSnapshot { request: self.clone(), host: "[host]".to_owned(), omitted: Vec::new() }
    }
}

impl RequestSnapshot {
    /// What stands for host and port of the server; default `[host]`.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// ureq::get(server.url("/")).call().ok();
    /// let snapshot = server.requests()[0].snapshot().host("api.test");
    /// assert!(snapshot.to_string().contains("host: api.test"));
    /// ```
    pub fn host(mut self, text: impl Into<String>) -> RequestSnapshot {
        self.host = text.into();
        self
    }

    /// Leaves out the header fields and trailers of this name, in any case; default none.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// ureq::get(server.url("/")).call().ok();
    /// let snapshot = server.requests()[0].snapshot().without_header("User-Agent");
    /// assert!(!snapshot.to_string().contains("user-agent"));
    /// ```
    pub fn without_header(mut self, name: impl AsRef<str>) -> RequestSnapshot {
        self.omitted.push(name.as_ref().to_ascii_lowercase());
        self
    }

    /// What has to be replaced, if anything.
    fn authority(&self) -> Option<Authority> {
        self.request.header("host").and_then(Authority::local)
    }

    fn parts(&self) -> Parts {
        let request = &self.request;
        let authority = self.authority();
        let stable =
            |text: &str| authority.as_ref().map_or_else(|| text.to_owned(), |it| it.replaced(text, &self.host));
        let fields = |fields: &[Field]| {
            let mut grouped: Vec<(String, Vec<String>)> = Vec::new();
            for field in fields {
                let name = field.name().to_ascii_lowercase();
                match grouped.iter_mut().find(|(other, _)| *other == name) {
                    _ if self.omitted.contains(&name) => {}
                    Some((_, values)) => values.push(stable(field.value())),
                    None => grouped.push((name, vec![stable(field.value())])),
                }
            }
            sort_by(&mut grouped, |one, other| one.0.cmp(&other.0));
            Fields(grouped)
        };
        Parts {
            method: request.method().to_owned(),
            target: stable(request.target()),
            headers: fields(request.headers()),
            trailers: fields(request.trailers()),
            refusal: request.refusal().map(str::to_owned),
            body: match std::str::from_utf8(request.body()) {
                Ok("") => Content::Nothing,
                Ok(text) => Content::Text(stable(text)),
                Err(_) => Content::Hex(hex(request.body())),
            },
        }
    }
}

/// What a snapshot consists of.
#[derive(PartialEq, Eq)]
struct Parts {
    method: String,
    target: String,
    headers: Fields,
    trailers: Fields,
    refusal: Option<String>,
    body: Content,
}

/// Names, each with its values, sorted by name.
#[derive(PartialEq, Eq)]
struct Fields(Vec<(String, Vec<String>)>);

#[derive(PartialEq, Eq)]
enum Content {
    Nothing,
    Text(String),
    Hex(String),
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl PartialEq for RequestSnapshot {
    fn eq(&self, other: &RequestSnapshot) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for RequestSnapshot {}

/// Method and target, the fields a line each, an empty line and the body; without a line end behind it.
impl fmt::Display for RequestSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { method, target, headers, trailers, refusal, body } = self.parts();
        write!(f, "{method} {target}")?;
        for (name, values) in &headers.0 {
            values.iter().try_for_each(|value| write!(f, "\n{name}: {value}"))?;
        }
        for (name, values) in &trailers.0 {
            values.iter().try_for_each(|value| write!(f, "\n(trailer) {name}: {value}"))?;
        }
        if let Some(refusal) = refusal {
            write!(f, "\n(refused: {refusal})")?;
        }
        match body {
            Content::Nothing => Ok(()),
            Content::Text(text) => write!(f, "\n\n{text}"),
            Content::Hex(hex) => write!(f, "\n\n(hex) {hex}"),
        }
    }
}

impl fmt::Debug for RequestSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(feature = "serde")]
mod serialised {
    use serde_core::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};

    use super::{Content, Fields, Parts, RecordedRequest, RequestSnapshot};

    impl Serialize for RecordedRequest {
        /// As its [`snapshot`](RecordedRequest::snapshot).
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            self.snapshot().serialize(serializer)
        }
    }

    impl Serialize for RequestSnapshot {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let Parts { method, target, headers, trailers, refusal, body } = self.parts();
            let has_body = body != Content::Nothing;
            let (has_trailers, has_refusal) = (!trailers.0.is_empty(), refusal.is_some());
            let length = 3 + usize::from(has_body) + usize::from(has_trailers) + usize::from(has_refusal);
            let mut fields = serializer.serialize_struct("Request", length)?;
            fields.serialize_field("method", &method)?;
            fields.serialize_field("target", &target)?;
            fields.serialize_field("headers", &headers)?;
            match body {
                Content::Nothing => fields.skip_field("body")?,
                #[cfg(feature = "json")]
                Content::Text(text) => match super::json::body(self) {
                    Some(json) => fields.serialize_field("body", &json)?,
                    None => fields.serialize_field("body", &text)?,
                },
                #[cfg(not(feature = "json"))]
                Content::Text(text) => fields.serialize_field("body", &text)?,
                Content::Hex(hex) => fields.serialize_field("body", &Hex(hex))?,
            }
            if has_trailers {
                fields.serialize_field("trailers", &trailers)?;
            } else {
                fields.skip_field("trailers")?;
            }
            match refusal {
                Some(refusal) => fields.serialize_field("refusal", &refusal)?,
                None => fields.skip_field("refusal")?,
            }
            fields.end()
        }
    }

    impl Serialize for Fields {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(Some(self.0.len()))?;
            for (name, values) in &self.0 {
                match &values[..] {
                    [value] => map.serialize_entry(name, value)?,
                    values => map.serialize_entry(name, values)?,
                }
            }
            map.end()
        }
    }

    struct Hex(String);

    impl Serialize for Hex {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(Some(1))?;
            map.serialize_entry("hex", &self.0)?;
            map.end()
        }
    }
}

#[cfg(feature = "json")]
mod json {
    use serde_json::Value;

    use super::{Authority, RequestSnapshot};

    /// The body as JSON, if the content type says that it is, and it is.
    pub(super) fn body(snapshot: &RequestSnapshot) -> Option<Value> {
        let kind = snapshot.request.header("content-type")?;
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if !(kind.ends_with("/json") || kind.ends_with("+json")) {
            return None;
        }
        let mut json = snapshot.request.json().ok()?;
        if let Some(authority) = snapshot.authority() {
            replace(&mut json, &authority, &snapshot.host);
        }
        Some(json)
    }

    /// In all texts but the names of members. The parser has limited how deep it can be.
    fn replace(json: &mut Value, authority: &Authority, by: &str) {
        match json {
            Value::String(text) => *text = authority.replaced(text, by),
            Value::Array(items) => items.iter_mut().for_each(|item| replace(item, authority, by)),
            Value::Object(members) => members.values_mut().for_each(|value| replace(value, authority, by)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}
