//! What a pattern can ask for besides its method: one method for each part of a request.

use std::sync::Arc;

use crate::message::request::Request;

use super::checked::{check_bearer, check_field_value, check_query_name, check_raw_query, check_token, check_user};
#[cfg(feature = "json")]
use super::checked::{check_pointer, json_of};
use super::criterion::Kind;
#[cfg(feature = "json")]
use super::json::Extent;
#[cfg(feature = "multipart")]
use super::multipart::PartPattern;
use super::pattern::{IntoPattern, Pattern};
use super::value::{IntoMatcher, Test};

/// Refined step by step; everything has to fit. A second call of the same method adds to the first and does not replace it.
impl Pattern {
    /// The path, compared segment by segment after percent-decoding; a plain string may hold `{name}` and `{*rest}`.
    ///
    /// # Panics
    ///
    /// If a plain string does not begin with `/`, or holds a query.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// # let server = TestServer::empty();
    /// # server.on("GET", "/users/7", |_| 200);
    /// ureq::get(server.url("/users/7")).call()?;
    /// server.assert_received(any().path("/users/{id}"), 1);
    /// server.assert_received(any().path(ends_with("/7")), 1);
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[track_caller]
    pub fn path(mut self, value: impl IntoMatcher) -> Pattern {
        let matcher = value.into_matcher().for_path();
        match (matcher.test(), &self.parts.path) {
            (Test::Path(template), None) => {
                let template = template.clone();
                Arc::make_mut(&mut self.parts).path = Some(template);
                self
            }
            _ => self.with(Kind::Path(matcher)),
        }
    }

    /// A query parameter; name and value are decoded (`+` is a space), and case matters. Of repeated ones, at least one fits.
    ///
    /// # Panics
    ///
    /// If the name begins with `?`.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// # let server = TestServer::empty();
    /// # server.on("GET", "/", |_| 200);
    /// ureq::get(server.url("/?q=red+shoes&tag=a&tag=b&page=2")).call()?;
    /// server.assert_received(get("/").query("q", "red shoes").query("tag", "b").query("page", gt(1)), 1);
    /// server.assert_received(get("/").query("sort", absent()), 1);
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[doc(alias = "query_param")]
    #[doc(alias = "query_param_is_missing")]
    #[doc(alias = "match_query")]
    #[track_caller]
    pub fn query(self, name: impl AsRef<str>, value: impl IntoMatcher) -> Pattern {
        let name = name.as_ref();
        check_query_name(name);
        self.with(Kind::Query(name.to_owned(), value.into_matcher()))
    }

    /// The whole query as sent, without its `?` and not decoded; [`absent`](crate::absent) where the target has no `?`.
    ///
    /// # Panics
    ///
    /// If a plain string begins with `?`.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// # let server = TestServer::empty();
    /// # server.on("GET", "/", |_| 200);
    /// ureq::get(server.url("/?a=1&b=2")).call()?;
    /// ureq::get(server.url("/")).call()?;
    /// server.assert_received(get("/").raw_query("a=1&b=2"), 1);
    /// server.assert_received(get("/").raw_query(absent()), 1);
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[track_caller]
    pub fn raw_query(self, value: impl IntoMatcher) -> Pattern {
        let value = value.into_matcher();
        check_raw_query(&value);
        self.with(Kind::RawQuery(value))
    }

    /// A header field; the case of its name does not matter. Of repeated ones, at least one fits; a value that lists several
    /// with commas is one.
    ///
    /// # Panics
    ///
    /// If it cannot be the name of a header field, or a plain string as the value holds CR, LF or NUL or has blanks around it,
    /// which are not part of a value. Bytes are taken as they are.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// # let server = TestServer::empty();
    /// # server.on("GET", "/", |_| 200);
    /// ureq::get(server.url("/")).header("X-Token", "abc").call()?;
    /// server.assert_received(get("/").header("x-token", "abc"), 1);
    /// server.assert_received(get("/").header("cookie", absent()), 1);
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[doc(alias = "header_exists")]
    #[doc(alias = "match_header")]
    #[track_caller]
    pub fn header(self, name: impl AsRef<str>, value: impl IntoMatcher) -> Pattern {
        let name = name.as_ref();
        check_token(name, "header name", ".header(\"accept\", contains(\"json\"))");
        let value = value.into_matcher();
        check_field_value(name, &value);
        self.with(Kind::Header(name.to_owned(), value))
    }

    /// A cookie, its value as sent; the case of its name matters. Of repeated ones, at least one fits.
    ///
    /// # Panics
    ///
    /// If it cannot be the name of a cookie.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// # let server = TestServer::empty();
    /// # server.on("GET", "/", |_| 200);
    /// ureq::get(server.url("/")).header("cookie", "sid=1; lang=de").call()?;
    /// server.assert_received(get("/").cookie("lang", one_of(["de", "en"])), 1);
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[track_caller]
    pub fn cookie(self, name: impl AsRef<str>, value: impl IntoMatcher) -> Pattern {
        let name = name.as_ref();
        check_token(name, "cookie name", ".cookie(\"sid\", \"1\")");
        self.with(Kind::Cookie(name.to_owned(), value.into_matcher()))
    }

    /// User and password of `Authorization: Basic ..`, decoded: [`Request::basic_auth`].
    ///
    /// # Panics
    ///
    /// If a plain string as the user has a colon in it: there the password would begin.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// # let server = TestServer::empty();
    /// # server.on("GET", "/", |_| 200);
    /// let authorization = "Basic YWRhOnNlY3JldA==";
    /// ureq::get(server.url("/")).header("authorization", authorization).call()?;
    /// server.assert_received(get("/").basic_auth("ada", "secret"), 1);
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[track_caller]
    pub fn basic_auth(self, user: impl IntoMatcher, password: impl IntoMatcher) -> Pattern {
        let (user, password) = (user.into_matcher(), password.into_matcher());
        check_user(&user);
        self.with(Kind::BasicAuth(user, password))
    }

    /// The token of `Authorization: Bearer ..`.
    ///
    /// # Panics
    ///
    /// If a plain string is empty, or has a blank in it, as one that begins with the scheme does.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// # let server = TestServer::empty();
    /// # server.on("GET", "/", |_| 200);
    /// ureq::get(server.url("/")).header("authorization", "Bearer abc").call()?;
    /// server.assert_received(get("/").bearer("abc"), 1);
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[doc(alias = "bearer_token")]
    #[track_caller]
    pub fn bearer(self, token: impl IntoMatcher) -> Pattern {
        let token = token.into_matcher();
        check_bearer(&token);
        self.with(Kind::Bearer(token))
    }

    /// The body, decoded from its transfer coding, as text or bytes; equal means byte for byte. A request without a body has an
    /// empty one, which is `absent()` too.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// # let server = TestServer::empty();
    /// # server.on("POST", "/", |_| 200);
    /// ureq::post(server.url("/")).send("hello world")?;
    /// server.assert_received(post("/").body("hello world"), 1);
    /// server.assert_received(post("/").body(contains(b"lo w")), 1);
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[doc(alias = "match_body")]
    #[track_caller]
    pub fn body(self, value: impl IntoMatcher) -> Pattern {
        self.with(Kind::Body(value.into_matcher()))
    }

    /// The body is JSON equal to this: numbers by value, members in any order. The content type is not looked at. A float that
    /// is NaN or infinite is `null` in JSON, and so it is here.
    ///
    /// # Panics
    ///
    /// If the value cannot be written as JSON, or is a string that holds a JSON document, which is hardly meant.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// # let server = TestServer::empty();
    /// # server.on("POST", "/", |_| 200);
    /// ureq::post(server.url("/")).send(r#"{"age": 36, "name": "Ada"}"#)?;
    /// server.assert_received(post("/").json(json!({"name": "Ada", "age": 36})), 1);
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[doc(alias = "body_json")]
    #[doc(alias = "json_body")]
    #[doc(alias = "match_body")]
    #[cfg(feature = "json")]
    #[track_caller]
    pub fn json(self, value: impl serde_core::Serialize) -> Pattern {
        self.with(Kind::Json(json_of(&value), Extent::Equal))
    }

    /// The body is JSON that contains this: objects may have more members, on every level; arrays have to have the same length.
    ///
    /// # Panics
    ///
    /// As [`json`](Pattern::json) does.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// # let server = TestServer::empty();
    /// # server.on("POST", "/", |_| 200);
    /// ureq::post(server.url("/")).send(r#"{"user": {"name": "Ada", "age": 36}, "v": 2}"#)?;
    /// server.assert_received(post("/").json_partial(json!({"user": {"name": "Ada"}})), 1);
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[doc(alias = "body_partial_json")]
    #[doc(alias = "json_body_includes")]
    #[doc(alias = "json_body_partial")]
    #[cfg(feature = "json")]
    #[track_caller]
    pub fn json_partial(self, value: impl serde_core::Serialize) -> Pattern {
        self.with(Kind::Json(json_of(&value), Extent::Partial))
    }

    /// The value at a JSON pointer (RFC 6901) of the body: `/user/age`, `/items/0`. `absent()` if the pointer leads nowhere;
    /// a body that is not JSON never fits.
    ///
    /// # Panics
    ///
    /// If the pointer is none, or the value is bytes, which no JSON is.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// # let server = TestServer::empty();
    /// # server.on("POST", "/", |_| 200);
    /// ureq::post(server.url("/")).send(r#"{"user": {"name": "Ada", "age": 36}}"#)?;
    /// server.assert_received(post("/").json_path("/user/age", gt(30)).json_path("/user/mail", absent()), 1);
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[cfg(feature = "json")]
    #[track_caller]
    pub fn json_path(self, pointer: impl AsRef<str>, value: impl IntoMatcher) -> Pattern {
        let pointer = pointer.as_ref();
        check_pointer(pointer);
        self.with(Kind::JsonPath(pointer.to_owned(), value.into_matcher().for_json()))
    }

    /// A field of an `application/x-www-form-urlencoded` body, decoded. Of repeated ones, at least one fits; a body of another
    /// content type never does.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// # let server = TestServer::empty();
    /// # server.on("POST", "/", |_| 200);
    /// ureq::post(server.url("/")).send_form([("user", "Ada L"), ("plan", "pro")])?;
    /// server.assert_received(post("/").form("user", "Ada L").form("plan", present()), 1);
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[doc(alias = "form_urlencoded")]
    #[doc(alias = "form_urlencoded_tuple")]
    #[track_caller]
    pub fn form(self, name: impl AsRef<str>, value: impl IntoMatcher) -> Pattern {
        self.with(Kind::Form(name.as_ref().to_owned(), value.into_matcher()))
    }

    /// A part of a `multipart/form-data` body: [`part("avatar").file_name("me.png")`](crate::part), or just its name. Of several
    /// by that name, at least one fits.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// # let server = TestServer::empty();
    /// # server.on("POST", "/", |_| 200);
    /// let body = "--x\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nHello\r\n--x--\r\n";
    /// ureq::post(server.url("/")).header("content-type", "multipart/form-data; boundary=x").send(body)?;
    /// server.assert_received(post("/").multipart("title"), 1);
    /// server.assert_received(post("/").multipart(part("title").body("Hello")), 1);
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[cfg(feature = "multipart")]
    #[track_caller]
    pub fn multipart(self, part: impl Into<PartPattern>) -> Pattern {
        self.with(Kind::Multipart(part.into()))
    }

    /// Whatever a closure says; the name stands in reports. While a rule is sought it is asked at most once for each request and
    /// rule, and only if everything before it fits; a report of a failure may ask it again. If it panics while a rule is sought, the request is answered with 500 and the test fails.
    /// [`Request::param`] has what the placeholders of this pattern's path stand for.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// # let server = TestServer::empty();
    /// # server.on("POST", "/", |_| 200);
    /// ureq::post(server.url("/")).send("abcd")?;
    /// server.assert_received(post("/").matching("an even body", |request| request.body().len() % 2 == 0), 1);
    /// server.when(get("/users/{id}").matching("a number", |request| request.param("id").parse::<u64>().is_ok())).respond(200);
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[track_caller]
    pub fn matching<F>(self, what: impl Into<String>, check: F) -> Pattern
    where
        F: Fn(&Request) -> bool + Send + Sync + 'static,
    {
        self.with(Kind::Matching(what.into(), Box::new(check)))
    }

    /// And does not fit this pattern.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// # let server = TestServer::empty();
    /// # server.on("GET", "/a", |_| 200);
    /// ureq::get(server.url("/a")).call()?;
    /// server.assert_received(any().not(any().path("/health")), 1);
    /// # Ok::<(), ureq::Error>(())
    /// ```
    pub fn not(self, pattern: impl IntoPattern) -> Pattern {
        self.with(Kind::Not(pattern.into_pattern()))
    }
}
