//! What people rely on in wiremock, httpmock, mockito, httptest, `MockWebServer` of `OkHttp` and `WireMock`, said again for this
//! crate: a behaviour a test, collected from their test suites and documentation. Where this crate decides otherwise (the
//! newest rule wins, a miss is 404), the behaviour is that of this crate.

#[path = "../raw/mod.rs"]
mod raw;

mod asking;

mod bodies;
mod closures;
mod combining;
mod connections;
mod cookies;
mod credentials;
mod expectations;
mod forms;
mod handles;
mod headers;
mod journal;
#[cfg(feature = "json")]
mod json;
mod limits;
mod made;
mod methods;
mod misses;
#[cfg(feature = "multipart")]
mod multipart;
mod order;
mod panicking;
mod paths;
mod priority;
mod query;
mod responses;
mod servers;
mod strict;
mod waiting;
