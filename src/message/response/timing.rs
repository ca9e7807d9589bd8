//! When a response goes out, and how fast.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::gate::Gate;
use crate::message::shape::Shape;

use super::Response;

/// Ten years are beyond what anybody waits for, and within what the clock can tell: a later deadline would be a panic in the
/// wrong place.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);

/// Waits cost a timer and no thread, so that a thousand slow responses are as cheap as one. The order in which they are said
/// matters where they concern the same place of the response; said twice, both happen. A server that is stopped or dropped
/// waits for none of them.
impl Response {
    /// Waits before the head, as a slow service does. The handler has run by then.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/slow", |_| Response::text("at last").delay(ms(5)));
    /// let asked = std::time::Instant::now();
    /// ureq::get(server.url("/slow")).call()?;
    /// assert!(asked.elapsed() >= ms(5));
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[doc(alias = "set_delay")]
    #[doc(alias = "with_delay")]
    #[doc(alias = "withFixedDelay")]
    #[doc(alias = "headersDelay")]
    #[doc(alias = "setHeadersDelay")]
    pub fn delay(self, time: Duration) -> Response {
        self.shaped(Shape::Delay(time.min(LONGEST)))
    }

    /// Waits between head and body: clients have the status and the header fields long before the rest. Without a body it waits
    /// there before the response ends.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/", |_| Response::text("at last").delay_body(ms(5)));
    /// let asked = std::time::Instant::now();
    /// assert_eq!(ureq::get(server.url("/")).call()?.body_mut().read_to_string()?, "at last");
    /// assert!(asked.elapsed() >= ms(5));
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[doc(alias = "bodyDelay")]
    #[doc(alias = "setBodyDelay")]
    pub fn delay_body(self, time: Duration) -> Response {
        self.shaped(Shape::DelayBody(time.min(LONGEST)))
    }

    /// Waits between chunks: those of [`chunks`](Response::chunks), and the pieces that a [stream](Response::stream) writes. A body
    /// that is sent in one piece knows no pause.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/", |_| Response::new(200).chunks(["a", "b", "c"]).pause(ms(2)));
    /// let asked = std::time::Instant::now();
    /// assert_eq!(ureq::get(server.url("/")).call()?.body_mut().read_to_string()?, "abc");
    /// assert!(asked.elapsed() >= ms(4));
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[doc(alias = "withChunkedDribbleDelay")]
    pub fn pause(self, time: Duration) -> Response {
        self.shaped(Shape::Pause(time.min(LONGEST)))
    }

    /// Sends the body at this pace, in bytes a second, evenly: portions of what ten milliseconds are worth, one byte at
    /// least. The head and chunk framing are not held back, and an empty body has nothing to hold.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/", |_| Response::bytes([0; 1000]).throttle(50_000));
    /// let asked = std::time::Instant::now();
    /// assert_eq!(ureq::get(server.url("/")).call()?.body_mut().read_to_vec()?.len(), 1000);
    /// assert!(asked.elapsed() >= ms(9), "all but the first portion of 500 bytes, at 50 bytes a millisecond");
    /// # Ok::<(), ureq::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If it is zero.
    #[doc(alias = "throttleBody")]
    #[doc(alias = "slow")]
    #[track_caller]
    pub fn throttle(self, bytes_per_second: usize) -> Response {
        let Some(pace) = NonZeroUsize::new(bytes_per_second) else {
            panic!(
                "a response with `throttle(0)` would never be sent: pass bytes a second, or hold it back with `.hold(&gate)`"
            )
        };
        self.shaped(Shape::Throttle(pace))
    }

    /// Adds a random time, up to this, to each wait of the response: [`delay`](Response::delay),
    /// [`delay_body`](Response::delay_body), each [`pause`](Response::pause), wherever in the chain it is said; not to
    /// [`throttle`](Response::throttle), and a response without waits goes out at once. The seed and [`Request::hit`](crate::Request::hit) decide, so that the same test waits
    /// the same again; a failing test prints the seed.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/", |_| Response::text("hello").delay(ms(2)).jitter(ms(3), 42));
    /// let asked = std::time::Instant::now();
    /// ureq::get(server.url("/")).call()?;
    /// assert!(asked.elapsed() >= ms(2));
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[doc(alias = "withUniformRandomDelay")]
    #[doc(alias = "withLogNormalRandomDelay")]
    pub fn jitter(self, up_to: Duration, seed: u64) -> Response {
        self.shaped(Shape::Jitter { up_to: up_to.min(LONGEST), seed })
    }

    /// Waits at a gate before the head, until the test opens it. [Interim responses](Response::informational) go out before.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// let gate = Gate::new();
    /// server.when(get("/")).respond(Response::text("hello").hold(&gate));
    ///
    /// std::thread::scope(|scope| {
    ///     let client = scope.spawn(|| ureq::get(server.url("/")).call().is_ok());
    ///     gate.wait_held(1, secs(10));
    ///     gate.open();
    ///     assert!(client.join().unwrap());
    /// });
    /// ```
    #[doc(alias = "barrier")]
    #[doc(alias = "latch")]
    pub fn hold(self, gate: &Gate) -> Response {
        self.shaped(Shape::Hold(gate.clone()))
    }

    /// Waits at a gate after so many bytes of the body; framing does not count. With more bytes than it has, it waits at its end,
    /// before the last chunk of a chunked one; without a body (HEAD, 204, 304) behind the head.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// let gate = Gate::new();
    /// server.when(get("/")).respond(Response::text("hello").hold_body(2, &gate));
    ///
    /// let mut answer = ureq::get(server.url("/")).call()?;
    /// gate.wait_held(1, secs(10));
    /// gate.open();
    /// assert_eq!(answer.body_mut().read_to_string()?, "hello");
    /// # Ok::<(), ureq::Error>(())
    /// ```
    pub fn hold_body(self, bytes: usize, gate: &Gate) -> Response {
        self.shaped(Shape::HoldBody(bytes as u64, gate.clone()))
    }

    pub(super) fn shaped(mut self, shape: Shape) -> Response {
        self.rare().shapes.push(shape);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_wait_is_longer_than_the_clock_can_tell() {
        let max = Duration::MAX;
        let mut response = Response::new(200).delay(max).delay_body(max).pause(max).jitter(max, 1);
        let shapes = std::mem::take(response.shapes_mut().unwrap());
        for shape in &shapes {
            match shape {
                Shape::Delay(time) | Shape::DelayBody(time) | Shape::Pause(time) => assert_eq!(*time, LONGEST),
                Shape::Jitter { up_to, .. } => assert_eq!(*up_to, LONGEST),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(shapes.len(), 4);
    }
}
