//! An error in the words of http.server, until somebody makes its page.

use bytes::Bytes;
use http::StatusCode;

use super::convert::IntoStatus;
use super::response::{Response, Style};

/// What an error says besides its status, where it is not the usual.
#[derive(Debug, Clone, Default)]
pub(crate) struct ErrorNote {
    pub(crate) message: Option<String>,
    pub(crate) explanation: Option<String>,
}

impl Response {
    /// An error as Python's http.server sends one (`send_error`): the phrase of the status, a page that explains it, and
    /// `Connection: close`; [`error_with`](Response::error_with) has words of one's own. A status without a body (1xx, 204, 205, 304) has no page.
    ///
    /// The page is made when the response is sent, from the template and the words of the server:
    /// [`error_page`](crate::Builder::error_page), [`status_text`](crate::Builder::status_text). Header fields follow those of
    /// the error or take their place; a body takes the place of the page. In a tuple it keeps its own status.
    ///
    /// # Panics
    ///
    /// If the status is out of range.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/old", |_| Response::error(410));
    /// # let client: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    /// let mut answer = client.get(server.url("/old")).call()?;
    /// assert_eq!(answer.headers()["content-type"], "text/html;charset=utf-8");
    /// assert!(answer.body_mut().read_to_string()?.contains("410 - URI no longer exists"));
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[track_caller]
    pub fn error(status: impl IntoStatus) -> Response {
        Response::noted(status.into_status(), ErrorNote::default())
    }

    /// [`error`](Response::error) with a message, which is the reason phrase as well, and an explanation. An empty one is the
    /// usual one of the status. Neither has to be escaped; a line end in the message is sent as a blank.
    ///
    /// # Panics
    ///
    /// If the status is out of range.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/users/{id}", |_| Response::error_with(404, "No such user", "Only <admin> is left"));
    /// # let client: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    /// let page = client.get(server.url("/users/7")).call()?.body_mut().read_to_string()?;
    /// assert!(page.contains("<p>Message: No such user.</p>"));
    /// assert!(page.contains("404 - Only &lt;admin&gt; is left."));
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[doc(alias = "send_error")]
    #[track_caller]
    pub fn error_with(status: impl IntoStatus, message: impl Into<String>, explanation: impl Into<String>) -> Response {
        let own = |text: String| (!text.is_empty()).then_some(text);
        let note = ErrorNote { message: own(message.into()), explanation: own(explanation.into()) };
        Response::noted(status.into_status(), note)
    }

    pub(crate) fn noted(status: StatusCode, note: ErrorNote) -> Response {
        let mut response = Response::new(status);
        response.style = Style::HttpServer;
        response.rare().error = Some(note);
        response.settled()
    }

    /// What the error says, once: whoever takes it makes the page.
    pub(crate) fn take_error(&mut self) -> Option<ErrorNote> {
        self.rare.as_mut()?.error.take()
    }

    /// Notes what the page of an error says, for the log.
    pub(crate) fn set_error_message(&mut self, message: String) {
        self.rare().error_message = Some(message);
    }

    /// What the page of an error says.
    pub(crate) fn error_message(&self) -> Option<&str> {
        self.rare.as_ref()?.error_message.as_deref()
    }

    pub(crate) fn set_reason(&mut self, reason: Bytes) {
        self.rare().reason = Some(reason);
    }
}
