//! TLS handshakes that failed: why, and how many.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Instant;

use parking_lot::{Condvar, Mutex};

use super::delivery::ClosedBy;

/// Why a handshake failed.
#[derive(Debug)]
pub(crate) struct TlsFailure {
    pub(crate) why: String,
    pub(crate) is_on_purpose: bool,
    /// Who closes the connection for it, if it does not stay open: told with the failure, so that nobody sees one without the other.
    pub(crate) closed_by: Option<ClosedBy>,
}

/// How many handshakes of a server failed, and who waits for that.
#[derive(Debug, Default)]
pub(crate) struct TlsFailures {
    count: Mutex<usize>,
    bell: Condvar,
}

impl TlsFailures {
    pub(super) fn add(&self) {
        *self.count.lock() += 1;
        self.bell.notify_all();
    }

    /// Waits until there are so many; how many there are then, or at that time.
    pub(crate) fn wait_for(&self, wanted: usize, until: Option<Instant>) -> usize {
        let mut count = self.count.lock();
        while *count < wanted {
            match until {
                None => self.bell.wait(&mut count),
                Some(until) => {
                    if self.bell.wait_until(&mut count, until).timed_out() {
                        break;
                    }
                }
            }
        }
        *count
    }
}

// Locks are never poisoned, and what stands behind this one is a number.
impl UnwindSafe for TlsFailures {}
impl RefUnwindSafe for TlsFailures {}
