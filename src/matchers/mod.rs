//! Which requests: one pattern language for registering, finding, counting and asserting.

pub(crate) mod path;
pub(crate) mod pattern;
pub(crate) mod times;
