//! Handlers as types of one's own.

use crate::message::request::Request;
use crate::message::response::Response;

/// A handler as a type of one's own. Closures go to [`on`](crate::TestServer::on), or to
/// [`when(any()).respond_with(..)`](crate::When::respond_with) for every request.
///
/// Handlers run in parallel, outside every lock of the crate, and may block for as long as they like.
///
/// ```
/// use fixture_server::{Handler, prelude::*};
///
/// struct Echo;
///
/// impl Handler for Echo {
///     fn handle(&self, request: &Request) -> Response {
///         Response::bytes(request.body())
///     }
/// }
///
/// let server = TestServer::empty();
/// server.handler(Echo);
/// let mut answer = ureq::post(server.url("/anywhere")).send("hello")?;
/// assert_eq!(answer.body_mut().read_to_string()?, "hello");
/// # Ok::<(), ureq::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler",
    note = "a handler is a type of your own that implements `Handler`",
    note = "a closure goes to `on(\"GET\", \"/\", |request| ..)`, for every request to `when(any()).respond_with(|request| ..)`"
)]
pub trait Handler: Send + Sync + 'static {
    /// Answers one request.
    fn handle(&self, request: &Request) -> Response;
}
