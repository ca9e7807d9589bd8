//! Bodies in motion: what a closure writes while it is sent, and what it reads while it arrives.

mod events;
mod pieces;
mod reader;
mod writer;

pub use events::{Event, EventWriter};
pub use reader::BodyReader;
pub(crate) use reader::arriving;
pub use writer::BodyWriter;
pub(crate) use writer::{Written, written_by};

/// Writes the body of a response; runs once for each time that it is sent.
pub(crate) type StreamFn = dyn Fn(&mut BodyWriter) -> std::io::Result<()> + Send + Sync;
