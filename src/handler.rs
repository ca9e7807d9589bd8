//! Handlers as types of one's own.

use crate::message::into_response::HandlerReturn;
use crate::message::request::Request;
use crate::message::response::Response;

/// A handler as a type of one's own. A closure is one too if its parameter is annotated: `|request: &Request| ..`;
/// [`on`](crate::TestServer::on) needs no annotation.
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
    note = "a handler is a type that implements `Handler`; closures go to `on(..)`"
)]
pub trait Handler: Send + Sync + 'static {
    /// Answers one request.
    fn handle(&self, request: &Request) -> Response;
}

#[diagnostic::do_not_recommend]
impl<F, R> Handler for F
where
    F: Fn(&Request) -> R + Send + Sync + 'static,
    R: HandlerReturn,
{
    fn handle(&self, request: &Request) -> Response {
        self(request).into_return()
    }
}
