//! The scripts of one server.

use super::{Around, Cgi, Found, Host, Scripts};
use crate::files::Served;
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

    /// What a request means in a directory. By RFC 9112 the answer to `HEAD` has no body. A panic of `translate_path` is
    /// noted with the others of the directory.
    pub(crate) fn find(&self, request: &Request, served: &Served, by_rfc_9112: bool) -> Found {
        let client = request.peer();
        let around = Around { served, host: &self.host, client, scripts: &self.scripts, by_rfc_9112 };
        self.cgi.find(request, &around).unwrap_or_else(|panic| {
            let message = panic.text.clone();
            let target: String = request.target().chars().take(200).collect();
            served.panics.add(panic.during(&format!("answering {} {target}", request.method())));
            Found::Error { status: 500, message: None, explanation: Some(message) }
        })
    }

    /// From now on nobody is told how those scripts end that run.
    pub(crate) fn hush(&self) {
        self.scripts.hush();
    }

    /// Ends every script that runs; there may be new ones.
    pub(crate) fn end_scripts(&self) {
        self.scripts.dismiss();
    }

    /// Ends every script, also those that were asked for but have not begun.
    pub(crate) fn close(&self) {
        self.scripts.close();
    }
}
