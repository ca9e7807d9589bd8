//! Options that concern what crosses the wire, and when.

use std::num::NonZeroUsize;

use super::Builder;

impl Builder {
    /// Each connection ends with its answer of this number, which says `Connection: close` (RFC 9112, section 9.6); what was
    /// sent after it is not answered. Without this connections stay open for any number of requests.
    ///
    /// ```
    /// use fixture_server::prelude::*;
    ///
    /// let server = TestServer::builder().max_requests_per_connection(2).start();
    /// server.on("GET", "/", |_| "hello");
    /// let client = ureq::Agent::new_with_defaults();
    /// let mut closes = Vec::new();
    /// for _ in 0..4 {
    ///     let mut answer = client.get(server.url("/")).call()?;
    ///     answer.body_mut().read_to_string()?;
    ///     closes.push(answer.headers().contains_key("connection"));
    /// }
    /// assert_eq!(closes, [false, true, false, true]);
    /// # Ok::<(), ureq::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If the number is 0.
    #[track_caller]
    pub fn max_requests_per_connection(mut self, requests: usize) -> Builder {
        let Some(requests) = NonZeroUsize::new(requests) else {
            panic!(
                "a server with `max_requests_per_connection(0)` would answer nothing: pass 1 for connections that end with their \
                 first answer, or refuse connections with `server.refuse_connections()`"
            );
        };
        self.settings.max_requests = Some(requests);
        self
    }

    /// So many connections may be open at a time. A client that connects beyond them is not refused: it waits, in the backlog of
    /// the system, until one of them ends; those who wait when [`refuse_connections`](crate::TestServer::refuse_connections) is called
    /// are let in all the same. 16,384 without this.
    ///
    /// ```
    /// use fixture_server::prelude::*;
    ///
    /// // A service that has room for one: whoever is second waits.
    /// let server = TestServer::builder().max_connections(1).start();
    /// server.on("GET", "/", |_| "hello");
    /// let first = std::net::TcpStream::connect(server.addr())?;
    /// while server.connections().is_empty() {
    ///     std::thread::yield_now(); // until it was accepted
    /// }
    /// std::thread::scope(|scope| {
    ///     let second = scope.spawn(|| ureq::get(server.url("/")).call());
    ///     server.assert_silence(ms(5));
    ///     drop(first);
    ///     assert!(second.join().unwrap().is_ok());
    /// });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If the number is 0.
    #[track_caller]
    pub fn max_connections(mut self, connections: usize) -> Builder {
        assert!(
            connections > 0,
            "a server with `max_connections(0)` would answer nobody: pass 1 or more, or refuse connections with \
             `server.refuse_connections()`"
        );
        self.settings.max_connections = connections;
        self
    }

    /// Reads requests slowly: so many bytes in a second from each connection, in portions of what 10 ms are worth (at least a
    /// byte). A client that sends more than the buffers between hold is held up. `read_timeout` does not strike while it is
    /// the server that is slow. Without this requests are read as fast as they come.
    ///
    /// ```
    /// use fixture_server::prelude::*;
    ///
    /// let server = TestServer::builder().throttle_requests(50_000).start();
    /// server.on("PUT", "/", |_| 204);
    /// let begin = std::time::Instant::now();
    /// ureq::put(server.url("/")).send(&[0; 2_000])?;
    /// assert!(begin.elapsed().as_millis() >= 30);
    /// # Ok::<(), ureq::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If the number is 0.
    #[doc(alias = "throttleBody")]
    #[track_caller]
    pub fn throttle_requests(mut self, bytes_per_second: usize) -> Builder {
        let Some(pace) = NonZeroUsize::new(bytes_per_second) else {
            panic!(
                "a server with `throttle_requests(0)` would never read a request: pass bytes a second, or answer nobody with \
                 `server.fault(Fault::Stall)`"
            );
        };
        self.settings.pace = Some(pace);
        self
    }

    /// Keeps every byte in both directions, with times, for [`RecordedRequest::transcript`](crate::RecordedRequest::transcript). Default: no.
    /// Each byte costs one of memory for as long as its connection is open, or is kept itself or by a request:
    /// [`journal_limit`](Builder::journal_limit) lets closed ones go, [`journal_bytes`](Builder::journal_bytes) does not count them.
    ///
    /// ```
    /// use fixture_server::prelude::*;
    ///
    /// let server = TestServer::builder().transcript(true).start();
    /// server.on("GET", "/", |_| "hello");
    /// ureq::get(server.url("/")).call()?;
    /// let transcript = server.requests()[0].transcript().expect("it was asked for");
    /// assert!(transcript.received().starts_with(b"GET / HTTP/1.1\r\n"));
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[doc(alias = "wiretap")]
    pub fn transcript(mut self, on: bool) -> Builder {
        self.transcript = on;
        self
    }
}
