//! What goes wrong for every request of a server, for a while.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use parking_lot::Mutex;

use crate::message::fault::{Fault, Stage};
use crate::message::fault_at::FaultAt;

/// The faults of a server that are in force.
#[derive(Debug, Default)]
pub(crate) struct Outage {
    /// How many there are, so that nearly every request need not take the lock.
    count: AtomicUsize,
    faults: Mutex<Vec<Arc<InForce>>>,
}

/// One fault that is in force.
#[derive(Debug)]
pub(crate) struct InForce {
    fault: FaultAt,
    /// Requests, or connections, that it has seen.
    seen: AtomicUsize,
}

/// What a request will meet, and when.
#[derive(Debug, Clone)]
pub(crate) struct Strike {
    pub(crate) stage: Stage,
    pub(crate) fault: Fault,
}

impl Outage {
    pub(crate) fn begin(&self, fault: FaultAt) -> Arc<InForce> {
        let fault = Arc::new(InForce { fault, seen: AtomicUsize::new(0) });
        let mut faults = self.faults.lock();
        faults.push(fault.clone());
        self.count.store(faults.len(), Relaxed);
        fault
    }

    /// Nothing happens if it has ended already.
    pub(crate) fn end(&self, fault: &Arc<InForce>) {
        let mut faults = self.faults.lock();
        faults.retain(|other| !Arc::ptr_eq(other, fault));
        self.count.store(faults.len(), Relaxed);
    }

    /// Whether no fault is in force.
    pub(crate) fn is_over(&self) -> bool {
        self.count.load(Relaxed) == 0
    }

    /// A connection was accepted: what it meets at once.
    pub(crate) fn on_accept(&self) -> Option<Fault> {
        if self.is_over() {
            return None;
        }
        self.draw(|stage| stage == Stage::Accept).map(|strike| strike.fault)
    }

    /// A request begins: what it will meet.
    pub(crate) fn on_request(&self) -> Option<Strike> {
        if self.is_over() {
            return None;
        }
        self.draw(|stage| stage != Stage::Accept)
    }

    /// Each fault counts what it sees, whichever strikes.
    fn draw(&self, concerns: impl Fn(Stage) -> bool) -> Option<Strike> {
        let faults = self.faults.lock();
        let mut newest = None;
        for InForce { fault, seen } in faults.iter().map(|fault| &**fault) {
            if concerns(fault.stage) && fault.chance.strikes(seen.fetch_add(1, Relaxed) + 1) {
                newest = Some(fault);
            }
        }
        newest.map(|fault| Strike { stage: place(fault), fault: fault.fault.clone() })
    }
}

/// When a fault strikes. One that is made of chunks concerns the body of the answer, unless it was said otherwise.
fn place(fault: &FaultAt) -> Stage {
    match (fault.stage, &fault.fault) {
        (Stage::BeforeHead, Fault::BadChunkSize) => Stage::Body(0),
        (Stage::BeforeHead, Fault::NoLastChunk) => Stage::Body(usize::MAX),
        (stage, _) => stage,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn met(outage: &Outage) -> Option<Fault> {
        outage.on_request().map(|strike| strike.fault)
    }

    #[test]
    fn a_fault_strikes_as_long_as_it_is_in_force() {
        let outage = Outage::default();
        assert!(outage.is_over() && met(&outage).is_none() && outage.on_accept().is_none());
        let fault = outage.begin(Fault::Reset.at(Stage::RequestBody(7)));
        let strike = outage.on_request().unwrap();
        assert_eq!((strike.stage, strike.fault), (Stage::RequestBody(7), Fault::Reset));
        outage.end(&fault);
        outage.end(&fault);
        assert!(outage.is_over() && met(&outage).is_none());
    }

    #[test]
    fn the_newest_fault_wins_and_the_older_one_is_back_when_it_ends() {
        let outage = Outage::default();
        let older = outage.begin(Fault::Reset.into());
        let newer = outage.begin(Fault::Close.into());
        assert_eq!(met(&outage), Some(Fault::Close));
        outage.end(&newer);
        assert_eq!(met(&outage), Some(Fault::Reset));
        outage.end(&older);
        assert_eq!(met(&outage), None);
    }

    #[test]
    fn faults_end_in_any_order() {
        let outage = Outage::default();
        let older = outage.begin(Fault::Reset.into());
        let _newer = outage.begin(Fault::Close.into());
        outage.end(&older);
        assert_eq!(met(&outage), Some(Fault::Close));
    }

    #[rstest]
    #[case::second(2, [false, true, false, true, false, true])]
    #[case::third(3, [false, false, true, false, false, true])]
    #[case::each(1, [true; 6])]
    fn every_nth_request_is_struck(#[case] nth: usize, #[case] expected: [bool; 6]) {
        let outage = Outage::default();
        let _fault = outage.begin(Fault::Reset.every(nth));
        assert_eq!(expected.map(|_| met(&outage).is_some()), expected);
    }

    #[test]
    fn each_fault_counts_the_requests_since_it_began_also_those_that_another_strikes() {
        let outage = Outage::default();
        let _third = outage.begin(Fault::Reset.every(3));
        assert_eq!(met(&outage), None);
        let _second = outage.begin(Fault::Close.every(2));
        let met: Vec<_> = (0..5).map(|_| met(&outage)).collect();
        assert_eq!(met, [None, Some(Fault::Close), None, Some(Fault::Close), Some(Fault::Reset)]);
    }

    #[test]
    fn connections_and_requests_are_counted_apart() {
        let outage = Outage::default();
        let _accepting = outage.begin(Fault::Reset.at(Stage::Accept).every(2));
        let _requests = outage.begin(Fault::Close.every(2));
        assert_eq!((met(&outage), outage.on_accept()), (None, None));
        assert_eq!((met(&outage), outage.on_accept()), (Some(Fault::Close), Some(Fault::Reset)));
    }

    #[rstest]
    #[case::a_bad_size(Fault::BadChunkSize.into(), Stage::Body(0))]
    #[case::no_end(Fault::NoLastChunk.into(), Stage::Body(usize::MAX))]
    #[case::elsewhere(Fault::NoLastChunk.at(Stage::Body(3)), Stage::Body(3))]
    #[case::a_reset(Fault::Reset.into(), Stage::BeforeHead)]
    fn what_is_made_of_chunks_concerns_the_body_of_the_answer(#[case] fault: FaultAt, #[case] expected: Stage) {
        let outage = Outage::default();
        let _fault = outage.begin(fault);
        assert_eq!(outage.on_request().map(|strike| strike.stage), Some(expected));
    }

    #[test]
    fn a_share_of_requests_is_the_same_with_the_same_seed() {
        let draw = |seed| {
            let outage = Outage::default();
            let _fault = outage.begin(Fault::Reset.share(0.5, seed));
            (0..64).map(|_| met(&outage).is_some()).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}
