//! What is written down of one exchange.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering::Relaxed};

use http::StatusCode;

use crate::message::delivery::{Arrival, Ended, Receipt};
use crate::message::request::{Content, Request};
use crate::rules::RuleCore;

/// Who answered a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Route {
    /// A rule: [`RecordedRequest::rule`](crate::RecordedRequest::rule) says which.
    Rule,
    /// The directory, be it with a file, a listing, a redirect or an error.
    Directory,
    /// Nothing fitted: a 404.
    Nothing,
    /// The request was not answered but refused: [`RecordedRequest::refusal`](crate::RecordedRequest::refusal) says why.
    Refused,
    /// The closure of [`Builder::on_expect`](crate::Builder::on_expect), before the body was sent.
    OnExpect,
    /// A fault of the whole server, in place of whatever would have answered: [`TestServer::fault`](crate::TestServer::fault).
    Fault,
}

/// What the journal keeps of one exchange.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) request: Request,
    #[expect(clippy::redundant_allocation, reason = "half the size: few requests are refused, and all are kept")]
    pub(crate) refusal: Option<Box<&'static str>>,
    pub(crate) arrival: Arrival,
    pub(crate) route: Route,
    pub(crate) rule: Option<Arc<RuleCore>>,
    pub(crate) delivery: Delivery,
}

impl Record {
    /// What it counts towards the limit in bytes.
    pub(super) fn weight(&self) -> usize {
        self.request.head().raw.len() + self.request.body().len()
    }

    /// Whether it met neither a rule nor a file: nothing fitted, it was refused, or the directory has nothing of that name or
    /// no such method.
    pub(crate) fn is_unmatched(&self) -> bool {
        match self.route {
            Route::Nothing | Route::Refused => true,
            Route::Directory => {
                let status = self.delivery.status().map(|status| status.as_u16());
                matches!(status, Some(404 | 405 | 501))
            }
            Route::Rule | Route::OnExpect | Route::Fault => false,
        }
    }
}

/// What is noted of an exchange after it was written down: what became of the response so far, and who has taken the request.
#[derive(Debug, Default)]
pub(crate) struct Delivery {
    /// 0 for none.
    status: AtomicU16,
    /// A `next_request` has returned it. In here because it costs nothing beside the status.
    claimed: AtomicBool,
    /// Bytes sent in the upper bits, how it ended in the lower: one value, so that they are always of the same moment.
    outcome: AtomicU64,
}

const ENDED_BITS: u32 = 4;

/// How an exchange ended, by the number it has in an outcome less one; 0 is "not yet".
const ENDED: [Ended; 6] =
    [Ended::KeptOpen, Ended::ClosedByServer, Ended::ClientGone, Ended::Fault, Ended::Refused, Ended::ServerStopped];

impl Delivery {
    pub(crate) fn set_status(&self, status: StatusCode) {
        self.status.store(status.as_u16(), Relaxed);
    }

    pub(crate) fn status(&self) -> Option<StatusCode> {
        StatusCode::from_u16(self.status.load(Relaxed)).ok()
    }

    pub(super) fn ended(&self) -> Option<Ended> {
        let number = self.outcome.load(Relaxed) & ((1 << ENDED_BITS) - 1);
        ENDED.get(usize::try_from(number).ok()?.checked_sub(1)?).copied()
    }

    pub(super) fn sent(&self) -> u64 {
        self.outcome.load(Relaxed) >> ENDED_BITS
    }

    /// Whether a `next_request` has returned it.
    pub(crate) fn is_claimed(&self) -> bool {
        self.claimed.load(Relaxed)
    }

    /// Takes it for a `next_request`: `false` if another was first.
    pub(crate) fn claim(&self) -> bool {
        !self.claimed.swap(true, Relaxed)
    }
}

impl Receipt for Record {
    fn sent(&self, bytes: u64, ended: Option<Ended>) {
        let mut number = 0;
        if let Some(ended) = ended {
            while number < ENDED.len() && ENDED[number] != ended {
                number += 1;
            }
            number += 1;
        }
        self.delivery.outcome.store(bytes << ENDED_BITS | number as u64, Relaxed);
    }

    fn received(&self, content: Content) {
        // A second time would be a body of which nobody knows where it comes from.
        let _ = self.request.complete(content);
    }
}
