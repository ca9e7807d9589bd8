//! Requests that are written down before their body has come.

use std::sync::{Arc, OnceLock};

use super::{Content, Inner, Request};

/// The body of a request, which is nearly always there from the beginning.
#[derive(Clone)]
pub(super) enum Body {
    Whole(Content),
    /// Of a request that is written down before its body has come.
    Late(Box<OnceLock<Content>>),
}

impl Request {
    pub(super) fn content(&self) -> Option<&Content> {
        match &self.inner.body {
            Body::Whole(body) => Some(body),
            Body::Late(place) => place.get(),
        }
    }

    /// The same request, whose body will come later.
    pub(crate) fn without_content(mut self) -> Request {
        let inner = Arc::make_mut(&mut self.inner);
        (inner.body, inner.decoded) = (Body::Late(Box::default()), OnceLock::new());
        self
    }

    /// The body has come, of a request that was written down before: `false` if it had come already.
    pub(crate) fn complete(&self, body: Content) -> bool {
        match &self.inner.body {
            Body::Late(place) => place.set(body).is_ok(),
            Body::Whole(_) => false,
        }
    }

    /// Whether its body has not come yet.
    pub(crate) fn awaits_body(&self) -> bool {
        self.content().is_none()
    }

    /// Its body alone.
    pub(crate) fn into_content(self) -> Content {
        match Arc::try_unwrap(self.inner) {
            Ok(Inner { body: Body::Whole(body), .. }) => body,
            Ok(Inner { body: Body::Late(place), .. }) => place.into_inner().unwrap_or_default(),
            Err(inner) => Request { inner }.content().cloned().unwrap_or_default(),
        }
    }
}
