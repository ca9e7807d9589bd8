//! Which part of a multipart body is meant (RFC 7578).

use std::borrow::Cow;
use std::fmt;

use super::comparing::{listed, shown_name, tell_values};
use super::difference::cut;
use super::parts::Part;
use super::subject::Several;
use super::value::{Found, IntoMatcher, Matcher};
use super::verdict::{Comparison, Outcome};

/// More of what differs would hide what matters.
const MOST_DETAILS: usize = 20;

/// A part of a multipart body, by name, for [`Pattern::multipart`](crate::Pattern::multipart).
///
/// ```
/// use fixture_server::prelude::*;
///
/// let body = "--x\r\nContent-Disposition: form-data; name=\"avatar\"; filename=\"me.png\"\r\n\
///             Content-Type: image/png\r\n\r\n\u{89}PNG\r\n--x--\r\n";
/// let upload = http::Request::post("/").header("content-type", "multipart/form-data; boundary=x").body(body)?;
/// let avatar = part("avatar").file_name(ends_with(".png")).content_type("image/png");
/// assert!(post("/").multipart(avatar).check(&upload.into()).fits());
/// # Ok::<(), http::Error>(())
/// ```
pub fn part(name: impl AsRef<str>) -> PartPattern {
    PartPattern { name: name.as_ref().to_owned(), file_name: None, content_type: None, body: None }
}

/// Which part of a multipart body: [`part`].
#[must_use = "give it to `.multipart(..)`"]
#[derive(Debug, Clone)]
pub struct PartPattern {
    pub(crate) name: String,
    pub(crate) file_name: Option<Matcher>,
    pub(crate) content_type: Option<Matcher>,
    pub(crate) body: Option<Matcher>,
}

impl PartPattern {
    /// The file name the client gave; a second call takes the place of the first. `absent()` for a part that is no file.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let pattern = post("/").multipart(part("avatar").file_name("me.png"));
    /// assert_eq!(format!("{pattern}"), r#"POST /, part avatar (file name: "me.png")"#);
    /// ```
    #[track_caller]
    pub fn file_name(mut self, value: impl IntoMatcher) -> PartPattern {
        self.file_name = Some(value.into_matcher());
        self
    }

    /// The content type of the part, as sent; a second call takes the place of the first.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let pattern = post("/").multipart(part("avatar").content_type(starts_with("image/")));
    /// assert_eq!(format!("{pattern}"), r#"POST /, part avatar (content type: text starting with "image/")"#);
    /// ```
    #[track_caller]
    pub fn content_type(mut self, value: impl IntoMatcher) -> PartPattern {
        self.content_type = Some(value.into_matcher());
        self
    }

    /// The content of the part, compared as [`Pattern::body`](crate::Pattern::body) is; a second call takes the place of the first.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let pattern = post("/").multipart(part("title").body("Hello"));
    /// assert_eq!(format!("{pattern}"), r#"POST /, part title (content: "Hello")"#);
    /// ```
    #[track_caller]
    pub fn body(mut self, value: impl IntoMatcher) -> PartPattern {
        self.body = Some(value.into_matcher());
        self
    }

    fn matchers(&self) -> [(&'static str, Option<&Matcher>); 3] {
        [
            ("file name", self.file_name.as_ref()),
            ("content type", self.content_type.as_ref()),
            ("content", self.body.as_ref()),
        ]
    }

    pub(crate) fn asks_author(&self) -> bool {
        self.matchers().iter().any(|(_, matcher)| matcher.is_some_and(Matcher::asks_author))
    }

    /// Whether this part is meant.
    pub(crate) fn fits(&self, part: &Part) -> bool {
        part.name.as_deref() == Some(&*self.name)
            && self.matchers().iter().all(|(what, matcher)| {
                matcher.is_none_or(|matcher| match found(part, what) {
                    Some(found) => matcher.accepts(&[found]),
                    None => matcher.accepts(&[]),
                })
            })
    }

    /// What is asked for besides the name.
    pub(super) fn expected(&self) -> String {
        let asked = self.matchers().into_iter().filter_map(|(what, matcher)| Some(format!("{what}: {}", matcher?)));
        match asked.collect::<Vec<String>>().join(", ") {
            asked if asked.is_empty() => "anything".to_owned(),
            asked => asked,
        }
    }

    /// Says what came, and how it differs if it does.
    pub(super) fn tell(&self, parts: &[Part], comparison: &mut Comparison) {
        let named: Vec<&Part> = parts.iter().filter(|part| part.name.as_deref() == Some(&*self.name)).collect();
        let shown = |part: &&Part| {
            let shown = ["file name", "content type", "content"]
                .into_iter()
                .filter_map(|what| Some(format!("{what}: {}", found(part, what)?)));
            shown.collect::<Vec<String>>().join(", ")
        };
        comparison.actual = (!named.is_empty()).then(|| named.iter().map(shown).collect::<Vec<String>>().join(" and "));
        if comparison.fits() {
            return;
        }
        if named.is_empty() {
            let there =
                parts.iter().map(|part| part.name.as_deref().map_or(Cow::Borrowed("one without a name"), shown_name));
            let others = listed("the parts are", "the body has no parts", there);
            comparison.summary = Some(format!("expected {}, got nothing; {others}", comparison.expected));
            return;
        }
        let mut differing: Vec<&str> = Vec::new();
        for (at, part) in named.iter().enumerate() {
            let number = if named.len() == 1 { String::new() } else { format!("#{} ", at + 1) };
            for (what, matcher) in self.differing(part) {
                if !differing.contains(&what) {
                    differing.push(what);
                }
                let mut inner = Comparison::new(format!("{number}{what}"), matcher.to_string());
                inner.outcome = Outcome::Differs;
                tell_values(matcher, &found(part, what).into(), &mut inner, String::new);
                let text = inner.to_string();
                comparison.details.extend(text.trim_start_matches("✗ ").lines().map(str::to_owned));
            }
        }
        let more = comparison.details.len().saturating_sub(MOST_DETAILS);
        if more > 0 {
            comparison.details.truncate(MOST_DETAILS);
            comparison.details.push(format!("and {more} more"));
        }
        comparison.summary = Some(format!("differs in {}", differing.join(" and ")));
    }

    /// How much differs of the part that differs least; nothing if there is none of that name.
    pub(super) fn apart(&self, parts: &[Part]) -> Option<usize> {
        let named = parts.iter().filter(|part| part.name.as_deref() == Some(&*self.name));
        let asked = || self.matchers().into_iter().filter_map(|(what, matcher)| Some((what, matcher?)));
        let differs = |part: &Part| {
            let differing = asked().filter(|(what, matcher)| {
                !matcher.asks_author() && !matcher.accepts(Several::from(found(part, what)).as_slice())
            });
            differing.fold(0_usize, |sum, (what, matcher)| {
                sum.saturating_add(matcher.apart(Several::from(found(part, what)).as_slice()))
            })
        };
        named.map(differs).min()
    }

    /// What of a part differs that does not fit as a whole. Closures were asked already; they are named if nothing else differs.
    fn differing(&self, part: &Part) -> Vec<(&'static str, &Matcher)> {
        let asked = self.matchers().into_iter().filter_map(|(what, matcher)| Some((what, matcher?)));
        let (closures, others): (Vec<_>, Vec<_>) = asked.partition(|(_, matcher)| matcher.asks_author());
        let differing: Vec<_> =
            others.into_iter().filter(|(what, matcher)| !matcher.accepts(found(part, what).as_slice())).collect();
        if differing.is_empty() { closures } else { differing }
    }
}

fn found<'a>(part: &'a Part, what: &str) -> Option<Found<'a>> {
    match what {
        "file name" => part.file_name.as_deref().map(Found::Text),
        "content type" => part.content_type.as_deref().map(Found::Field),
        _ => Some(Found::Body(&part.content)),
    }
}

/// As a part of the name of a pattern: `part avatar (file name: "me.png")`.
impl fmt::Display for PartPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "part {}", shown_name(&self.name))?;
        let mut before = " (";
        for (what, matcher) in self.matchers() {
            if let Some(matcher) = matcher {
                write!(f, "{before}{what}: {}", cut(&matcher.to_string(), 80))?;
                before = ", ";
            }
        }
        if before == ", " { f.write_str(")") } else { Ok(()) }
    }
}

impl From<&str> for PartPattern {
    fn from(name: &str) -> PartPattern {
        part(name)
    }
}
