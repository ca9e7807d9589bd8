//! CGI where there is none: scripts are processes of Unix.

use bytes::Bytes;

use super::Served;
use crate::message::body::{Sink, Source};
use crate::message::request::Request;

/// There is no value of it.
#[derive(Debug)]
pub(crate) enum Gateway {}

/// There is no value of it.
#[derive(Debug)]
pub(crate) enum Script {}

#[derive(Debug)]
#[expect(dead_code, reason = "the same as where there are scripts")]
pub(crate) enum Found {
    NotCgi,
    Error { status: u16, message: Option<String>, explanation: Option<String> },
    Script(Script),
}

#[derive(Debug)]
#[expect(dead_code, reason = "the same as where there are scripts")]
pub(crate) enum Stdin {
    Nothing,
    Bytes(Bytes),
    Stream(u64),
}

#[derive(Debug)]
pub(crate) struct Exit {
    pub(crate) code: i32,
    pub(crate) error: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) output: Box<dyn Source>,
    pub(crate) input: Option<Box<dyn Sink>>,
}

impl Gateway {
    pub(crate) fn find(&self, _: &Request, _: &Served, _: bool) -> Found {
        match *self {}
    }

    pub(crate) fn hush(&self) {
        match *self {}
    }

    pub(crate) fn end_scripts(&self) {
        match *self {}
    }

    pub(crate) fn close(&self) {
        match *self {}
    }
}

impl Script {
    pub(crate) fn start(self, _: Stdin, _: Box<dyn FnOnce(Exit) + Send>) -> Running {
        match self {}
    }
}
