//! Which requests: one pattern language for registering, finding, counting and asserting.

pub(crate) mod alike;
mod checked;
mod comparing;
pub(crate) mod criterion;
pub(crate) mod difference;
#[cfg(feature = "json")]
pub(crate) mod json;
mod judging;
#[cfg(feature = "multipart")]
pub(crate) mod multipart;
pub(crate) mod nearness;
pub(crate) mod number;
#[cfg(feature = "multipart")]
mod parts;
pub(crate) mod path;
pub(crate) mod pattern;
mod refine;
pub(crate) mod subject;
pub(crate) mod times;
pub(crate) mod value;
pub(crate) mod verdict;
