//! A request that patterns are compared with, and what comparing it has found out already.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;

use crate::message::credentials::scheme_and_rest;
use crate::message::decoded::{PlainPairs, cookie_pairs};
use crate::message::request::Request;
use crate::order::sort_by;

#[cfg(feature = "multipart")]
use super::parts::{Part, parts_of};
use super::path::{PathTemplate, RequestPath};
use super::value::Found;

/// A request under comparison. Lives for one selection or one assertion.
pub(crate) struct Subject<'a> {
    pub(crate) request: &'a Request,
    pub(crate) path: RequestPath<'a>,
    pub(crate) memo: &'a Memo,
    /// Which template gave the request its parameters; 0 for none. The answer of a closure holds for these alone.
    scope: usize,
}

/// What is worked out at most once per request; nothing at all for most.
#[derive(Debug, Default)]
pub(crate) struct Memo(OnceCell<Box<Findings>>);

/// The body as JSON, its parts, the answers of the author's closures.
#[derive(Debug, Default)]
struct Findings {
    #[cfg(feature = "json")]
    json: OnceCell<Result<serde_json::Value, String>>,
    #[cfg(feature = "multipart")]
    parts: OnceCell<Result<Vec<Part>, String>>,
    /// Where the pairs of a long query or form stand, by their names.
    query_order: OnceCell<Vec<usize>>,
    form_order: OnceCell<Vec<usize>>,
    /// By the number of the criterion that asked, and where the parameters came from.
    answers: RefCell<BTreeMap<(u64, usize), bool>>,
}

impl Memo {
    fn findings(&self) -> &Findings {
        self.0.get_or_init(Box::default)
    }
}

impl<'a> Subject<'a> {
    pub(crate) fn new(request: &'a Request, memo: &'a Memo) -> Subject<'a> {
        Subject { request, path: RequestPath::of(request), memo, scope: 0 }
    }

    /// A request with parameters, which are those of the template that lies there.
    pub(crate) fn with_params(request: &'a Request, memo: &'a Memo, template: &PathTemplate) -> Subject<'a> {
        Subject { scope: std::ptr::from_ref(template).addr(), ..Subject::new(request, memo) }
    }

    /// The body as JSON, or why it is none.
    #[cfg(feature = "json")]
    pub(crate) fn json(&self) -> Result<&'a serde_json::Value, &'a str> {
        let parsed = self.memo.findings().json.get_or_init(|| self.request.json().map_err(|error| error.to_string()));
        parsed.as_ref().map_err(String::as_str)
    }

    /// The parts of the body, or why there are none.
    #[cfg(feature = "multipart")]
    pub(crate) fn parts(&self) -> Result<&'a [Part], &'a str> {
        let parsed = self.memo.findings().parts.get_or_init(|| parts_of(self.request));
        parsed.as_ref().map(Vec::as_slice).map_err(String::as_str)
    }

    /// The values of a header field, as sent.
    pub(crate) fn fields(&self, name: &str) -> Several<'a> {
        let mut several = Several::default();
        let head = self.request.head();
        let mut at = 0;
        while at < head.fields.len() {
            let span = &head.fields[at];
            if head.slice(&span.name).eq_ignore_ascii_case(name.as_bytes()) {
                several.push(Found::Field(head.slice(&span.value)));
            }
            at += 1;
        }
        several
    }

    /// The values of a query parameter, decoded.
    pub(crate) fn query(&self, name: &str) -> Several<'a> {
        match self.request.query_bytes() {
            Some(query) => {
                pairs_named(name, query, || self.request.query_pairs(), || &self.memo.findings().query_order)
            }
            None => Several::default(),
        }
    }

    /// The whole query as sent, if the target has a `?`.
    pub(crate) fn raw_query(&self) -> Several<'a> {
        self.request.query_bytes().map(Found::Field).into()
    }

    /// The values of a field of a form, decoded. Whether the body is a form is not looked at.
    pub(crate) fn form(&self, name: &str) -> Several<'a> {
        pairs_named(name, self.request.body(), || self.request.form_pairs(), || &self.memo.findings().form_order)
    }

    /// The values of a cookie, as sent.
    pub(crate) fn cookies(&self, name: &str) -> Several<'a> {
        let mut several = Several::default();
        for field in self.fields("cookie").as_slice() {
            let Found::Field(field) = *field else { continue };
            for (key, value) in cookie_pairs(field) {
                if key == name.as_bytes() {
                    several.push(Found::Field(value));
                }
            }
        }
        several
    }

    /// The token of a bearer.
    pub(crate) fn bearer(&self) -> Several<'a> {
        let mut several = Several::default();
        if let Some(field) = self.request.field("authorization") {
            if let (scheme, Some(token)) = scheme_and_rest(field) {
                if scheme.eq_ignore_ascii_case(b"bearer") {
                    several.push(Found::Field(token));
                }
            }
        }
        several
    }

    /// What a criterion with a closure of the author's says, which is asked once for each request.
    pub(crate) fn once(&self, criterion: u64, ask: impl FnOnce() -> bool) -> bool {
        let question = (criterion, self.scope);
        let known = self.memo.findings().answers.borrow().get(&question).copied();
        known.unwrap_or_else(|| {
            let said = ask();
            self.memo.findings().answers.borrow_mut().insert(question, said);
            said
        })
    }
}

/// Where nothing has to be decoded, nothing is copied.
fn pairs_named<'a>(
    name: &str,
    encoded: &'a [u8],
    decoded: impl FnOnce() -> &'a [(String, String)],
    order: impl FnOnce() -> &'a OnceCell<Vec<usize>>,
) -> Several<'a> {
    /// What is longer is decoded and sorted once rather than looked through by each rule.
    const SHORT: usize = 4096;
    let mut several = Several::default();
    if let Some(pairs) = Some(encoded).filter(|encoded| encoded.len() <= SHORT).and_then(PlainPairs::of) {
        for (key, value) in pairs {
            if key == name {
                several.push(Found::Text(value));
            }
        }
        return several;
    }
    let pairs = decoded();
    let order = order().get_or_init(|| {
        let mut order: Vec<usize> = (0..pairs.len()).collect();
        // Stable, so that values of one name stay in their order.
        sort_by(&mut order, |one, other| pairs[*one].0.cmp(&pairs[*other].0));
        order
    });
    let first = order.partition_point(|at| *pairs[*at].0 < *name);
    let named = order[first..].iter().map(|at| &pairs[*at]).take_while(|(key, _)| key == name);
    named.for_each(|(_, value)| several.push(Found::Text(value)));
    several
}

/// The values by one name. Few requests have more than a handful, and for those nothing is allocated.
#[derive(Debug)]
pub(crate) struct Several<'a> {
    few: [Found<'a>; FEW],
    count: usize,
    /// All of them, once they are more than a few.
    many: Vec<Found<'a>>,
}

const FEW: usize = 4;

impl Default for Several<'_> {
    fn default() -> Self {
        Several { few: [Found::Text(""); FEW], count: 0, many: Vec::new() }
    }
}

impl<'a> Several<'a> {
    pub(crate) fn push(&mut self, found: Found<'a>) {
        if self.count < FEW {
            self.few[self.count] = found;
        } else {
            if self.many.is_empty() {
                self.many.extend_from_slice(&self.few);
            }
            self.many.push(found);
        }
        self.count += 1;
    }

    pub(crate) fn as_slice(&self) -> &[Found<'a>] {
        if self.count <= FEW { &self.few[..self.count] } else { &self.many }
    }
}

impl<'a> From<Option<Found<'a>>> for Several<'a> {
    fn from(found: Option<Found<'a>>) -> Several<'a> {
        let mut several = Several::default();
        if let Some(found) = found {
            several.push(found);
        }
        several
    }
}
