//! The parts of a multipart body (RFC 7578), read out of what a client sent.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_util::stream;
use multer::{Field, Multipart};

use crate::message::field::text_of;
use crate::message::request::Request;

/// What a client can make a test look at.
const MOST_PARTS: usize = 1_000;

/// One part, as sent.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) name: Option<String>,
    pub(crate) file_name: Option<String>,
    pub(crate) content_type: Option<Vec<u8>>,
    pub(crate) content: Bytes,
}

/// The parts of a body, in order, or why it has none.
pub(super) fn parts_of(request: &Request) -> Result<Vec<Part>, String> {
    let Some(kind) = request.field("content-type") else {
        return Err("the body has no content type, so it is not multipart/form-data".to_owned());
    };
    let kind = text_of(kind);
    let boundary = match multer::parse_boundary(&kind) {
        Ok(boundary) => boundary,
        Err(multer::Error::NoBoundary) => return Err(format!("the content type {kind:?} has no boundary")),
        Err(_) => return Err(format!("the body is {}, not multipart/form-data", super::comparing::media_type(&kind))),
    };
    let body = stream::iter([Ok::<Bytes, Infallible>(request.body_bytes())]);
    let mut multipart = Multipart::new(body, boundary);
    let mut parts = Vec::new();
    while let Some(field) = next_field(&mut multipart)? {
        if parts.len() == MOST_PARTS {
            return Err(format!("the body has more than {MOST_PARTS} parts"));
        }
        parts.push(part_of(field)?);
    }
    Ok(parts)
}

fn next_field<'r>(multipart: &mut Multipart<'r>) -> Result<Option<Field<'r>>, String> {
    ready(multipart.poll_next_field(&mut Context::from_waker(Waker::noop())))
}

fn part_of(field: Field<'_>) -> Result<Part, String> {
    let (name, file_name) = (field.name().map(str::to_owned), field.file_name().map(str::to_owned));
    let content_type = field.headers().get(http::header::CONTENT_TYPE).map(|value| value.as_bytes().to_vec());
    let content = pin!(field.bytes());
    let content = ready(poll_once(content))?;
    Ok(Part { name, file_name, content_type, content })
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// The whole body is there, so nothing has to be waited for.
fn ready<T>(polled: Poll<multer::Result<T>>) -> Result<T, String> {
    match polled {
        Poll::Ready(Ok(value)) => Ok(value),
        Poll::Ready(Err(error)) => {
            Err(format!("the body is not multipart/form-data as its content type says: {error}"))
        }
        Poll::Pending => Err("the body ends within a part".to_owned()),
    }
}
