//! What a request carries encoded: header fields as text, query, cookies, form.

use std::sync::OnceLock;

use percent_encoding::percent_decode_str;

use super::field::{Field, text_of};
use super::request::Request;

/// What accessors hand out by reference but the wire carries encoded; made on first use, since most requests
/// of a test are only counted.
#[derive(Clone, Default)]
pub(super) struct Decoded {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) path: String,
    raw_query: Option<String>,
    query: Vec<(String, String)>,
    fields: Vec<Field>,
    /// Unset while the body has not come.
    form: OnceLock<Vec<(String, String)>>,
}

impl Decoded {
    pub(super) fn of(request: &Request) -> Decoded {
        let head = request.head();
        let query = request.query_bytes();
        Decoded {
            method: text_of(head.method()).into_owned(),
            target: text_of(head.target()).into_owned(),
            path: match request.path_text() {
                Some(path) if request.has_plain_path() => path.into_owned(),
                Some(path) => percent_decode_str(&path).decode_utf8_lossy().into_owned(),
                None => String::new(),
            },
            raw_query: query.map(|query| text_of(query).into_owned()),
            query: query.map(pairs).unwrap_or_default(),
            fields: head.fields().map(|(name, value)| Field::new(name, value)).collect(),
            form: OnceLock::new(),
        }
    }
}

impl Request {
    /// The query as sent, without its `?`.
    pub(crate) fn query_bytes(&self) -> Option<&[u8]> {
        let head = self.head();
        head.parts.query().map(|range| head.slice(&range))
    }

    /// Whether the body says that it is a form.
    pub(crate) fn is_form(&self) -> bool {
        self.field("content-type").is_some_and(|kind| {
            let kind = kind.split(|&byte| byte == b';').next().unwrap_or_default();
            kind.trim_ascii().eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
        })
    }

    /// Names and values of the query, decoded.
    pub(crate) fn query_pairs(&self) -> &[(String, String)] {
        &self.decoded().query
    }

    /// Names and values of a form, decoded; none if the body is no form.
    pub(crate) fn form_pairs(&self) -> &[(String, String)] {
        if self.awaits_body() {
            return &[];
        }
        self.decoded().form.get_or_init(|| if self.is_form() { pairs(self.body()) } else { Vec::new() })
    }

    /// The first value of a query parameter, decoded (`+` is a space).
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        first(self.query_pairs(), name)
    }

    /// Every value of a query parameter, decoded, in order.
    #[must_use]
    pub fn query_all(&self, name: &str) -> Vec<&str> {
        every(self.query_pairs(), name)
    }

    /// The query as sent, without its `?`; `None` if the target has no `?`.
    #[must_use]
    pub fn raw_query(&self) -> Option<&str> {
        self.decoded().raw_query.as_deref()
    }

    /// The first value of a header field, as text (UTF-8, else Latin-1). The case of the name does not matter.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().iter().find(|field| field.name().eq_ignore_ascii_case(name)).map(Field::value)
    }

    /// Every value of a header field, as text, in order. A value that lists several with commas is one.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/", |request| request.header_all("accept").join(" + "));
    /// let mut answer = ureq::get(server.url("/")).header("accept", "text/css, text/html").header("accept", "*/*").call()?;
    /// assert_eq!(answer.body_mut().read_to_string()?, "text/css, text/html + */*");
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[must_use]
    pub fn header_all(&self, name: &str) -> Vec<&str> {
        self.headers().iter().filter(|field| field.name().eq_ignore_ascii_case(name)).map(Field::value).collect()
    }

    /// Every header field in order, spelled as sent, repeated as sent.
    #[must_use]
    pub fn headers(&self) -> &[Field] {
        &self.decoded().fields
    }

    /// The first value of a cookie (RFC 6265, section 4.2), as sent.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies(name).next()
    }

    /// Every value of a cookie, as sent, in order: a client may send cookies of several paths by the same name.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/", |request| request.cookie_all("sid").join(" + "));
    /// let mut answer = ureq::get(server.url("/")).header("cookie", "sid=1; lang=de; sid=2").call()?;
    /// assert_eq!(answer.body_mut().read_to_string()?, "1 + 2");
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[must_use]
    pub fn cookie_all(&self, name: &str) -> Vec<&str> {
        self.cookies(name).collect()
    }

    fn cookies<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.headers()
            .iter()
            .filter(|field| field.name().eq_ignore_ascii_case("cookie"))
            .flat_map(|field| cookie_pairs(field.value().as_bytes()))
            .filter(move |(key, _)| *key == name.as_bytes())
            .filter_map(|(_, value)| std::str::from_utf8(value).ok())
    }

    /// The first value of a field of an `application/x-www-form-urlencoded` body, decoded.
    #[must_use]
    pub fn form(&self, name: &str) -> Option<&str> {
        first(self.form_pairs(), name)
    }

    /// Every value of a field of an `application/x-www-form-urlencoded` body, decoded, in order.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("POST", "/", |request| request.form_all("tag").join(" + "));
    /// let mut answer = ureq::post(server.url("/")).send_form([("tag", "a"), ("tag", "b c")])?;
    /// assert_eq!(answer.body_mut().read_to_string()?, "a + b c");
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[must_use]
    pub fn form_all(&self, name: &str) -> Vec<&str> {
        every(self.form_pairs(), name)
    }
}

/// Names and values of one `Cookie` field, as sent.
pub(crate) fn cookie_pairs(field: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    field.split(|&byte| byte == b';').filter_map(|pair| {
        let equals = pair.iter().position(|&byte| byte == b'=')?;
        Some((pair[..equals].trim_ascii(), pair[equals + 1..].trim_ascii()))
    })
}

/// Names and values of a query or a form that means what is written: nothing in it has to be decoded, and so nothing copied.
pub(crate) struct PlainPairs<'a> {
    rest: &'a str,
}

impl<'a> PlainPairs<'a> {
    /// `None` if something has to be decoded.
    pub(crate) fn of(encoded: &'a [u8]) -> Option<PlainPairs<'a>> {
        let mut at = 0;
        while at < encoded.len() {
            if matches!(encoded[at], b'%' | b'+' | 0x80..) {
                return None;
            }
            at += 1;
        }
        Some(PlainPairs { rest: std::str::from_utf8(encoded).ok()? })
    }
}

impl<'a> Iterator for PlainPairs<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<(&'a str, &'a str)> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            let (pair, rest) = self.rest.split_once('&').unwrap_or((self.rest, ""));
            self.rest = rest;
            if !pair.is_empty() {
                return Some(pair.split_once('=').unwrap_or((pair, "")));
            }
        }
    }
}

fn pairs(encoded: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(encoded).into_owned().collect()
}

pub(super) fn first<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn every<'a>(pairs: &'a [(String, String)], name: &str) -> Vec<&'a str> {
    pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

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
    fn every_value_of_a_name_is_found_in_order() {
        let fields = [("x-a", "1, 2"), ("X-A", "3"), ("cookie", "a=1; flag; a = 2 "), ("cookie", "b=; a=3")];
        let request = request("/", &fields, "");
        assert_eq!(request.header_all("x-a"), ["1, 2", "3"]);
        assert_eq!(request.cookie_all("a"), ["1", "2", "3"]);
        assert_eq!((request.cookie("b"), request.cookie("flag")), (Some(""), None));
    }

    #[test]
    fn a_form_is_read_only_from_a_body_that_says_it_is_one() {
        let kind = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        let form = request("/", &kind, "user=Ada+L&x=%26&user=Bob");
        assert_eq!(form.form("user"), Some("Ada L"));
        assert_eq!(form.form_all("user"), ["Ada L", "Bob"]);
        assert_eq!(request("/", &[], "user=Ada").form("user"), None);
    }

    #[rstest]
    #[case::usual("a=1&b=2")]
    #[case::without_a_value("a&b=&=c&=")]
    #[case::empty("")]
    #[case::separators_alone("&&a=1&&")]
    #[case::further_equals_signs("a==b=&c=d=e")]
    #[case::what_separates_elsewhere("a=1;b=2?c=3#d")]
    fn what_needs_no_decoding_reads_the_same_without(#[case] encoded: &str) {
        let plain: Vec<(String, String)> = PlainPairs::of(encoded.as_bytes())
            .unwrap()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        assert_eq!(plain, pairs(encoded.as_bytes()));
    }

    #[rstest]
    #[case::percent(b"a=%31")]
    #[case::plus(b"a=1+1")]
    #[case::not_ascii("a=\u{e4}".as_bytes())]
    #[case::not_utf8(b"a=\xff")]
    fn what_needs_decoding_is_not_plain(#[case] encoded: &[u8]) {
        assert!(PlainPairs::of(encoded).is_none());
    }
}
