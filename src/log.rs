//! What happens, told as it happens.

use std::fmt::{self, Write};

use http::StatusCode;

use crate::journal::RecordedRequest;

/// One answered request, or the end of its CGI script.
///
/// ```
/// use fixture_server::prelude::*;
/// use std::sync::mpsc;
///
/// let (sender, events) = mpsc::channel();
/// let server = TestServer::builder()
///     .log(move |event| sender.send(event.to_string()).unwrap())
///     .start();
/// server.on("GET", "/", |_| "hello");
/// ureq::get(server.url("/")).call()?;
/// assert_eq!(events.recv()?, r#""GET / HTTP/1.1" 200 -"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct LogEvent {
    request: RecordedRequest,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Answered { message: Option<String> },
    ScriptFailed { code: i32, error: Option<String> },
}

impl LogEvent {
    pub(crate) fn answered(request: RecordedRequest, message: Option<String>) -> LogEvent {
        LogEvent { request, what: What::Answered { message } }
    }

    pub(crate) fn script_failed(request: RecordedRequest, code: i32, error: Option<String>) -> LogEvent {
        LogEvent { request, what: What::ScriptFailed { code, error } }
    }

    /// The request, with the status it is answered with.
    #[must_use]
    pub fn request(&self) -> &RecordedRequest {
        &self.request
    }

    /// The status it is answered with; `None` if a fault or `Response::raw` answers. Of the end of a script it is that of the
    /// answer, once more.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.request.response_status()
    }

    /// Why the directory, the server itself or a handler with [`Response::error`](crate::Response::error) answers with an error:
    /// `File not found`.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        match &self.what {
            What::Answered { message } => message.as_deref(),
            What::ScriptFailed { .. } => None,
        }
    }

    /// The exit status of the CGI script that answered, if that is what the event tells of: its code, the negative number
    /// of the signal that ended it, or 127 if it could not be run. Such an event follows that of the answer, and only if
    /// the status is not 0. There is none for a script that ended because its server was stopped or dropped.
    #[must_use]
    pub fn script_exit(&self) -> Option<i32> {
        match self.what {
            What::Answered { .. } => None,
            What::ScriptFailed { code, .. } => Some(code),
        }
    }

    /// Why the CGI script could not be run at all, if that is what the event tells of: the script or its interpreter, and the
    /// reason of the system. For people: no part of what [`lines`](LogEvent::lines) returns, and its wording may change.
    #[must_use]
    pub fn script_error(&self) -> Option<&str> {
        match &self.what {
            What::Answered { .. } => None,
            What::ScriptFailed { error, .. } => error.as_deref(),
        }
    }

    /// The request line as received, read as ISO-8859-1, without its line end. Empty if its target was too long: nobody
    /// wants to read 64 KiB of it.
    #[must_use]
    pub fn request_line(&self) -> String {
        if self.status() == Some(StatusCode::URI_TOO_LONG) {
            return String::new();
        }
        self.request.request_line()
    }
}

impl LogEvent {
    /// What http.server writes to standard error: [`lines`](LogEvent::lines), each behind the client's address and a time, and
    /// with a line end. The time is as given; http.server has local time as `06/Nov/1994 08:49:37`.
    ///
    /// ```
    /// use fixture_server::prelude::*;
    ///
    /// let server = TestServer::builder()
    ///     .dir("fixtures/site")
    ///     .log(|event| eprint!("{}", event.log_lines("06/Nov/1994 08:49:37")))
    ///     .start();
    /// ureq::get(server.url("/hello.txt")).call()?;
    /// // 127.0.0.1 - - [06/Nov/1994 08:49:37] "GET /hello.txt HTTP/1.1" 200 -
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[must_use]
    pub fn log_lines(&self, time: impl fmt::Display) -> String {
        let client = self.request.peer().map_or_else(|| "-".to_owned(), |peer| peer.ip().to_string());
        self.lines().iter().fold(String::new(), |mut lines, text| {
            // Writing to a string cannot fail.
            let _ = writeln!(lines, "{client} - - [{time}] {text}");
            lines
        })
    }

    /// What http.server logs, without address and time: for an error `code 404, message File not found`, then the request
    /// line in quotes, the status, and a dash for the size. Control characters are escaped.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::with_capacity(2);
        match (self.status(), self.message()) {
            (Some(status), Some(message)) => {
                lines.push(format!("code {}, message {}", status.as_str(), escape_controls(message)));
            }
            // It got no answer, so that there is no line for one.
            (None, Some(message)) => return vec![escape_controls(message)],
            (_, None) => {}
        }
        lines.push(self.to_string());
        lines
    }
}

/// As http.server logs it: the request line in quotes, the status, a dash for the size; control characters escaped. Of a
/// script: `CGI script exit code 1`.
impl fmt::Display for LogEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let What::ScriptFailed { code, .. } = self.what {
            return write!(f, "CGI script exit code {code}");
        }
        let status = self.status().map_or_else(|| "-".to_owned(), |status| status.as_str().to_owned());
        write!(f, "\"{}\" {status} -", escape_controls(&self.request_line()))
    }
}

/// Control characters as `\x1b`, a backslash as two: what a log line may hold (http.server's `log_message`).
fn escape_controls(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\\' => escaped.push_str("\\\\"),
            '\0'..='\x1f' | '\x7f'..='\u{9f}' => {
                // Writing to a string cannot fail.
                let _ = write!(escaped, "\\x{:02x}", u32::from(char));
            }
            _ => escaped.push(char),
        }
    }
    escaped
}
