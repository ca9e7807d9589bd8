//! What is said when a handshake does not come about: to the client, and to the test.

use std::time::SystemTime;

use rustls::{AlertDescription, Error};

use crate::message::delivery::ClosedBy;
use crate::message::tls_failures::TlsFailure;

use super::super::fault::TlsFault;

/// An alert as a record: fatal, `handshake_failure`.
pub(super) const HANDSHAKE_FAILURE: &[u8] = &[21, 3, 3, 0, 2, 2, 40];

/// What a port without TLS says to a client that tries.
pub(super) const NO_TLS: &str = "a TLS handshake, where plain HTTP is spoken: use an http:// URL";

/// What a client is told that does not speak TLS.
pub(super) const TLS_ONLY: &str = "plain HTTP, where TLS is spoken: use an https:// URL";

/// Why a handshake does not come about.
pub(super) struct Reason {
    what: String,
    way_out: WayOut,
}

/// What the author of the test can do about it.
enum WayOut {
    None,
    Is(&'static str),
    /// The client refuses the certificate, perhaps only for the name that it asks for.
    Untrusted {
        or_name: bool,
    },
}

impl Reason {
    fn new(what: impl Into<String>, way_out: &'static str) -> Reason {
        Reason { what: what.into(), way_out: WayOut::Is(way_out) }
    }

    pub(super) fn of(error: &Error, alpn_offered: &[String]) -> Reason {
        let alert = |alert: &AlertDescription| format!("the client sent the alert {alert:?}");
        match error {
            Error::AlertReceived(what @ (AlertDescription::UnknownCA | AlertDescription::CertificateUnknown)) => {
                Reason { what: alert(what), way_out: WayOut::Untrusted { or_name: false } }
            }
            Error::AlertReceived(what @ AlertDescription::BadCertificate) => {
                Reason { what: alert(what), way_out: WayOut::Untrusted { or_name: true } }
            }
            Error::AlertReceived(what @ AlertDescription::CertificateExpired) => Reason::new(
                alert(what),
                ": by its clock the certificate is not valid now; those of the test CA are so from yesterday on, for 397 days",
            ),
            Error::AlertReceived(what) => alert(what).into(),
            Error::NoCertificatesPresented => Reason::new(
                "the client showed no certificate, and one is required",
                ": `server.client_certificate(name)` issues one",
            ),
            Error::InvalidCertificate(why) => Reason::new(
                format!("the client's certificate is not valid: {why}"),
                "; `server.client_certificate(name)` issues one that is, `Tls::client_authorities` names other CAs",
            ),
            Error::NoApplicationProtocol => Reason::new(
                format!("the client offers {} by ALPN, and none of that is spoken here", alpn_offered.join(", ")),
                ": let it speak http/1.1, or offer its protocol with `Tls::alpn`",
            ),
            error => format!("the handshake failed: {error}").into(),
        }
    }

    /// Where it is not on purpose, with a way out; `is_ours` if the test CA has issued what was shown.
    pub(super) fn told(&self, fault: Option<TlsFault>, is_ours: bool, closed_by: Option<ClosedBy>) -> TlsFailure {
        if let Some(fault) = fault {
            return TlsFailure {
                why: format!("{}; TlsFault::{fault:?} is on purpose", self.what),
                is_on_purpose: true,
                closed_by,
            };
        }
        let way_out = match self.way_out {
            WayOut::None => "",
            WayOut::Is(text) => text,
            WayOut::Untrusted { .. } if !is_ours => {
                ": it does not trust the certificate of `Tls::certificate` or the `ServerConfig`; give it the CA of that"
            }
            WayOut::Untrusted { or_name: false } => ": it does not trust the certificate; give it `server.ca_pem()`",
            WayOut::Untrusted { or_name: true } => {
                ": it does not trust the certificate (give it `server.ca_pem()`), or asks for a name or an address that is not \
                 in it (`Tls::names`)"
            }
        };
        TlsFailure { why: format!("{}{way_out}", self.what), is_on_purpose: false, closed_by }
    }
}

impl From<&str> for Reason {
    fn from(what: &str) -> Reason {
        what.to_owned().into()
    }
}

impl From<String> for Reason {
    fn from(what: String) -> Reason {
        Reason { what, way_out: WayOut::None }
    }
}

/// A client that hangs up without a word.
pub(super) fn hung_up() -> Reason {
    Reason::new(
        "the client closed the connection in the handshake",
        "; some do so when they do not trust the certificate: give them `server.ca_pem()`",
    )
}

/// Somebody has lost patience.
pub(super) fn unfinished() -> Reason {
    "the client did not complete the handshake within the `read_timeout`, or before the connection was closed".into()
}

/// An answer in the clear.
pub(super) fn bad_request(text: &str, date: SystemTime) -> String {
    let date = httpdate::fmt_http_date(date);
    format!(
        "HTTP/1.1 400 Bad Request\r\nDate: {date}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{text}\n",
        text.len() + 1
    )
}
