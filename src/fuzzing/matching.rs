//! What rules look at: templates of paths, and whatever stands in queries, fields and bodies.

use super::one_line;
use crate::matchers::path::{PathTemplate, RequestPath};
use crate::matchers::pattern::any;
use crate::matchers::value::{absent, contains, present};
use crate::message::request::Request;
use crate::wire::Reading;
use crate::wire::decoder::{Decoder, Step};
use crate::wire::recent::Recent;

/// The request that these bytes are, if they are one.
fn received(bytes: &[u8]) -> Option<Request> {
    match Decoder::default().feed(bytes, &Reading::default(), &mut Recent::default()).1 {
        Step::Request(request, _) => Some(request),
        _ => None,
    }
}

/// A template and a path: it fits exactly if there are parameters, there is one for each name, none for a segment is empty, and
/// put into the template they are the path.
pub fn template(data: &[u8]) {
    let line = one_line(data);
    let (written, path) = line.split_at(line.iter().position(|&byte| byte == b' ').unwrap_or(line.len() / 2));
    let mut segments: Vec<String> = Vec::new();
    for part in written.split(|&byte| byte == b'/') {
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
        let word: String = part.iter().filter(|byte| is_word(byte)).map(|&byte| char::from(byte)).collect();
        let number = segments.len();
        segments.push(match part.first() {
            Some(b'{') => format!("{{n{number}}}"),
            Some(b'*') => format!("{{*n{number}}}"),
            _ => word,
        });
        if part.first() == Some(&b'*') {
            break;
        }
    }
    let template = PathTemplate::parse(&format!("/{}", segments.join("/")));
    let path: Vec<u8> = path.iter().copied().filter(|byte| !matches!(byte, 0..=b' ' | 0x7f | b'?' | b'#')).collect();
    let Some(request) = received(&[b"GET /", &*path, b" HTTP/1.1\r\nHost: a\r\n\r\n"].concat()) else { return };
    let path = RequestPath::of(&request);
    let params = template.params(&path);
    assert_eq!(template.fits(&path), params.is_some());
    assert_eq!(any().path(template.text()).fits(&request), params.is_some());
    let Some(params) = params else { return };
    assert_eq!(params.len(), segments.iter().filter(|segment| segment.starts_with('{')).count());
    let mut filled = String::new();
    let mut values = params.iter();
    for segment in &segments {
        filled.push('/');
        match values.as_slice().first().filter(|_| segment.starts_with('{')) {
            Some((name, value)) => {
                assert!(segment.starts_with("{*") || !value.is_empty(), "{name} is empty");
                filled.push_str(value);
                values.next();
            }
            None => filled.push_str(segment),
        }
    }
    assert_eq!(filled, path.decoded(), "{template:?} of {params:?}");
}

/// Anything in a query, in fields and in a form: accessors agree with each other and with who else decodes, and a pattern says the
/// same whether it is asked or explains itself.
pub fn values(data: &[u8]) {
    let line = one_line(data);
    let query: Vec<u8> = line.iter().copied().filter(|byte| !matches!(byte, 0..=b' ' | 0x7f | b'#')).collect();
    let field: Vec<u8> = line.iter().copied().filter(|byte| *byte >= b' ' && *byte != 0x7f || *byte == b'\t').collect();
    let head = [
        b"GET /?",
        &*query,
        b" HTTP/1.1\r\nHost: a\r\nCookie: ",
        &*field,
        b"\r\nAuthorization: Basic ",
        &*field,
        b"\r\nIf-Modified-Since: ",
        &*field,
        b"\r\nContent-Type: ",
        &*field,
        b"\r\n\r\n",
    ];
    let Some(request) = received(&head.concat()) else { return };
    let request = request.with_body(data);
    let by_another: Vec<(String, String)> =
        form_urlencoded::parse(&query).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    assert_eq!(request.query_pairs(), by_another);
    for (name, value) in &by_another {
        assert!(request.query_all(name).contains(&&**value));
        // An author who writes that is told what it most likely is.
        if name.starts_with('?') {
            continue;
        }
        assert!(any().query(name, present()).fits(&request));
        assert!(any().query(name, &**value).fits(&request), "{name:?} = {value:?}");
        assert!(!any().query(name, absent()).fits(&request));
    }
    let form: Vec<(String, String)> =
        form_urlencoded::parse(data).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    assert_eq!(request.form_pairs(), if request.is_form() { form } else { Vec::new() });
    if let Some((user, _)) = request.basic_auth() {
        assert!(!user.contains(':'));
    }
    assert_eq!(request.bearer(), None);
    for name in ["a", "sid", ""] {
        assert_eq!(request.cookie(name), request.cookie_all(name).first().copied());
    }
    #[cfg(feature = "json")]
    assert_eq!(request.json::<serde_json::Value>().ok(), serde_json::from_slice::<serde_json::Value>(data).ok());
    let patterns = [
        any().cookie("a", contains("b")),
        any().basic_auth("ada", present()),
        any().header("content-type", contains("form")).form("a", "b"),
        any().body(contains("a")).not(any().query("x", present())),
    ];
    for pattern in patterns {
        let verdict = pattern.check(&request);
        assert_eq!(pattern.fits(&request), verdict.fits(), "{verdict}");
        assert!(!verdict.to_string().is_empty());
    }
    assert!(!format!("{request:?}").is_empty());
}

/// Any body under a multipart type: it is read or it is not, and a pattern says the same either way.
#[cfg(feature = "multipart")]
pub fn multipart(data: &[u8]) {
    use crate::matchers::multipart::part;

    let request =
        Request::new("POST", "/").with_header("Content-Type", "multipart/form-data; boundary=b").with_body(data);
    let patterns = [
        any().multipart(part("a")),
        any().multipart(part("a").body(contains("x"))),
        any().multipart(part("a").file_name(present()).content_type(contains("text"))),
    ];
    for pattern in patterns {
        let verdict = pattern.check(&request);
        assert_eq!(pattern.fits(&request), verdict.fits(), "{verdict}");
    }
}
