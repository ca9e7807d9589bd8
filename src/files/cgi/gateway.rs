//! The scripts of one server.

use std::path::Path;

use super::{Around, Cgi, Found, Host, Scripts};
use crate::message::request::Request;

/// Finds the scripts of one server, and ends those that run when it is dropped.
#[derive(Debug)]
pub(crate) struct Gateway {
    cgi: Cgi,
    host: Host,
    scripts: Scripts,
}

impl Gateway {
    pub(crate) fn new(cgi: Cgi, host: Host) -> Gateway {
        Gateway { cgi, host, scripts: Scripts::default() }
    }

    /// What a request means, in the directory `root`.
    pub(crate) fn find(&self, request: &Request, root: &Path) -> Found {
        let around = Around { root, host: &self.host, client: request.peer(), scripts: &self.scripts };
        self.cgi.find(request, &around)
    }

    /// Ends every script that runs.
    pub(crate) fn close(&self) {
        self.scripts.kill_all();
    }
}
