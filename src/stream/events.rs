//! Server-sent events (the HTML standard, section 9.2).

use std::fmt::{Display, Write as _};
use std::io;
use std::time::Duration;

use super::BodyWriter;

/// Where the closure of [`Response::sse`](crate::Response::sse) writes. Each event leaves at once, as one chunk. Errors are those of a
/// [`BodyWriter`]: the client has gone, or the server was stopped.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let server = TestServer::empty();
/// server.when(get("/ticks")).respond(Response::sse(|events| {
///     events.comment("hello")?;
///     events.data("two\nlines")?;
///     events.send(Event::new("1").name("tick").id(7).retry(ms(250)))
/// }));
/// let mut answer = ureq::get(server.url("/ticks")).call()?;
/// assert_eq!(answer.headers()["content-type"], "text/event-stream");
/// assert_eq!(
///     answer.body_mut().read_to_string()?,
///     ": hello\n\ndata: two\ndata: lines\n\nevent: tick\nid: 7\nretry: 250\ndata: 1\n\n"
/// );
/// # Ok::<(), ureq::Error>(())
/// ```
#[derive(Debug)]
pub struct EventWriter<'w> {
    out: &'w mut BodyWriter,
}

impl<'w> EventWriter<'w> {
    pub(crate) fn new(out: &'w mut BodyWriter) -> EventWriter<'w> {
        EventWriter { out }
    }

    /// Sends an event with data only. Each line of it becomes a `data` field, so that it arrives as it is.
    ///
    /// # Errors
    ///
    /// `BrokenPipe` if the client has gone, or the server was stopped.
    pub fn data(&mut self, data: impl AsRef<str>) -> io::Result<()> {
        self.send(Event::new(data.as_ref()))
    }

    /// Sends an event.
    ///
    /// # Errors
    ///
    /// As [`data`](EventWriter::data).
    #[expect(clippy::needless_pass_by_value, reason = "an event is made to be sent")]
    pub fn send(&mut self, event: Event) -> io::Result<()> {
        self.out.write_all(event.text())
    }

    /// Sends a comment, which clients ignore: an empty one keeps a connection from looking dead.
    ///
    /// # Errors
    ///
    /// As [`data`](EventWriter::data).
    pub fn comment(&mut self, text: impl AsRef<str>) -> io::Result<()> {
        let mut lines = String::new();
        put_lines(&mut lines, "", text.as_ref());
        self.out.write_all(lines + "\n")
    }

    /// Whether the client has closed its end: [`BodyWriter::is_closed`].
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.out.is_closed()
    }
}

/// A server-sent event; [`EventWriter::send`] sends it.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let server = TestServer::empty();
/// server.when(get("/")).respond(Response::sse(|events| events.send(Event::new("50%").name("progress").id(3))));
/// assert_eq!(ureq::get(server.url("/")).call()?.body_mut().read_to_string()?, "event: progress\nid: 3\ndata: 50%\n\n");
/// # Ok::<(), ureq::Error>(())
/// ```
#[must_use = "an event is sent by `events.send(..)`"]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    data: String,
    name: Option<String>,
    id: Option<String>,
    retry: Option<Duration>,
}

impl Event {
    /// An event with data, of as many lines as it has.
    pub fn new(data: impl Into<String>) -> Event {
        Event { data: data.into(), name: None, id: None, retry: None }
    }

    /// Its type, `message` without one.
    ///
    /// # Panics
    ///
    /// If it holds a line break.
    #[track_caller]
    pub fn name(mut self, name: impl Into<String>) -> Event {
        self.name = Some(one_line("the name", name.into()));
        self
    }

    /// Its id, which a client that comes back sends as `Last-Event-ID`.
    ///
    /// # Panics
    ///
    /// If it holds a line break, or NUL, because of which clients ignore an id.
    #[track_caller]
    pub fn id(mut self, id: impl Display) -> Event {
        let id = one_line("the id", id.to_string());
        assert!(!id.contains('\0'), "the id {id:?} of an event holds NUL, and clients ignore it: leave that out");
        self.id = Some(id);
        self
    }

    /// After how long a client that lost its connection comes back, in whole milliseconds.
    pub fn retry(mut self, time: Duration) -> Event {
        self.retry = Some(time);
        self
    }

    fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a text does not fail.
        if let Some(name) = &self.name {
            let _ = writeln!(text, "event: {name}");
        }
        if let Some(id) = &self.id {
            let _ = writeln!(text, "id: {id}");
        }
        if let Some(time) = self.retry {
            let _ = writeln!(text, "retry: {}", time.as_millis());
        }
        put_lines(&mut text, "data", &self.data);
        text.push('\n');
        text
    }
}

#[track_caller]
fn one_line(what: &str, text: String) -> String {
    assert!(
        !text.contains(['\r', '\n']),
        "{what} {text:?} of an event holds a line break, which would begin another field: leave it out"
    );
    text
}

/// A field for each line; CR LF, CR and LF end lines.
fn put_lines(text: &mut String, field: &str, lines: &str) {
    let lines = lines.replace("\r\n", "\n").replace('\r', "\n");
    for line in lines.split('\n') {
        text.push_str(field);
        text.push(':');
        if !line.is_empty() {
            text.push(' ');
            text.push_str(line);
        }
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain(Event::new("a"), "data: a\n\n")]
    #[case::nothing(Event::new(""), "data:\n\n")]
    #[case::lines_of_all_kinds(Event::new("a\nb\r\nc\rd\n"), "data: a\ndata: b\ndata: c\ndata: d\ndata:\n\n")]
    #[case::blanks_stay(Event::new(" a "), "data:  a \n\n")]
    #[case::all_fields(
        Event::new("a").retry(Duration::from_millis(1_500)).id("x").name("n"),
        "event: n\nid: x\nretry: 1500\ndata: a\n\n"
    )]
    fn an_event_is_written_as_fields_and_an_empty_line(#[case] event: Event, #[case] expected: &str) {
        assert_eq!(event.text(), expected);
    }

    #[rstest]
    #[case::name(|| Event::new("").name("a\nb"), "the name \"a\\nb\" of an event holds a line break")]
    #[case::id(|| Event::new("").id("a\rb"), "the id \"a\\rb\" of an event holds a line break")]
    #[case::nul(|| Event::new("").id("\0"), "the id \"\\0\" of an event holds NUL")]
    fn what_would_begin_another_field_is_refused(#[case] make: fn() -> Event, #[case] expected: &str) {
        let panic = std::panic::catch_unwind(make).unwrap_err();
        let text = panic.downcast_ref::<String>().unwrap();
        assert!(text.starts_with(expected), "{text}");
    }
}
