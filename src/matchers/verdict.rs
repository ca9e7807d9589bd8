//! How a request fits a pattern, part by part.

use std::fmt;

use super::difference::Details;
use super::nearness::Nearness;

/// How a request fits a pattern, part by part: [`Pattern::check`](crate::Pattern::check). `Display` has a line for each part,
/// marked with `✓` if it fits, `✗` if it differs, `·` if a closure was not asked because something before it differs.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let request = http::Request::post("/login").header("accept", "text/html").body("")?;
/// let verdict = post("/login").header("accept", contains("json")).check(&request.into());
/// assert!(!verdict.fits());
/// assert_eq!(
///     verdict.to_string(),
///     "  ✓ method\n  ✓ path\n  ✗ header accept: expected text containing \"json\", got \"text/html\""
/// );
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Verdict {
    pub(crate) parts: Vec<Comparison>,
    pub(crate) nearness: Nearness,
}

/// One part of a verdict: what was compared, what was expected, what came.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let request = http::Request::get("/?page=2").body("")?;
/// let verdict = get("/").query("page", absent()).check(&request.into());
/// let page = verdict.parts().last().ok_or("no parts")?;
/// assert_eq!((page.what(), page.expected(), page.actual()), ("query page", "nothing", Some("\"2\"")));
/// assert_eq!((page.fits(), page.details().len()), (false, 0));
/// assert_eq!(page.to_string(), "✗ query page: expected nothing, got \"2\"");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Comparison {
    pub(crate) what: String,
    pub(crate) expected: String,
    pub(crate) actual: Option<String>,
    pub(crate) outcome: Outcome,
    /// Instead of "expected .., got ..", where that does not say it.
    pub(crate) summary: Option<String>,
    pub(crate) details: Vec<String>,
    /// How each of several patterns differs.
    pub(crate) alternatives: Vec<Verdict>,
}

/// What a comparison came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Fits,
    Differs,
    /// A closure is asked only when every part before it fits.
    NotAsked,
}

impl Verdict {
    /// Whether every part fits.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.parts.iter().all(Comparison::fits)
    }

    /// The parts in the order of the pattern: the method, the path, then what refines them.
    #[must_use]
    pub fn parts(&self) -> &[Comparison] {
        &self.parts
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, part) in self.parts.iter().enumerate() {
            let end = if at == 0 { "" } else { "\n" };
            write!(f, "{end}  {}", part.to_string().replace('\n', "\n  "))?;
        }
        Ok(())
    }
}

impl Comparison {
    /// One that fits, until something else is found out.
    pub(crate) fn new(what: impl Into<String>, expected: impl Into<String>) -> Comparison {
        Comparison {
            what: what.into(),
            expected: expected.into(),
            actual: None,
            outcome: Outcome::Fits,
            summary: None,
            details: Vec::new(),
            alternatives: Vec::new(),
        }
    }

    /// Says where the two differ.
    pub(crate) fn differs(&mut self, details: Option<Details>) {
        if let Some(Details { summary, lines }) = details {
            (self.summary, self.details) = (Some(summary), lines);
        }
    }

    /// What was compared: `header accept`.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// What the pattern asks for.
    #[must_use]
    pub fn expected(&self) -> &str {
        &self.expected
    }

    /// What the request has, if it has it.
    #[must_use]
    pub fn actual(&self) -> Option<&str> {
        self.actual.as_deref()
    }

    /// Whether the two agree. What was not asked does not.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.outcome == Outcome::Fits
    }

    /// Where the two differ, if that takes more than their values: for JSON a line for each member, with its pointer; for text
    /// the lines; for bytes the offset.
    #[must_use]
    pub fn details(&self) -> &[String] {
        &self.details
    }

    /// The mark and what there is to say in one line.
    pub(crate) fn headline(&self) -> String {
        let what = &self.what;
        match (self.outcome, &self.summary) {
            (Outcome::Fits, _) => format!("✓ {what}"),
            (Outcome::NotAsked, _) => format!("· {what}: not asked, as something before it differs"),
            (Outcome::Differs, None) => {
                let actual = self.actual.as_deref().unwrap_or("nothing");
                format!("✗ {what}: expected {}, got {actual}", self.expected)
            }
            (Outcome::Differs, Some(summary)) if summary.is_empty() => format!("✗ {what}"),
            // It goes on like a sentence: `json differs in 3 places`.
            (Outcome::Differs, Some(summary)) if summary.starts_with("differs ") => format!("✗ {what} {summary}"),
            (Outcome::Differs, Some(summary)) => format!("✗ {what}: {summary}"),
        }
    }
}

/// `✗ header accept: expected text containing "json", got "text/html"`, then the details, a line each.
impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.headline())?;
        if !self.details.is_empty() {
            f.write_str(":")?;
        }
        self.details.iter().try_for_each(|line| write!(f, "\n    {line}"))
    }
}
