//! Faults with their moment, and which requests they strike.

use super::dice::dice;
use super::fault::{Fault, Stage};

/// A fault with its moment, and which requests it strikes: what [`Fault::at`], [`Fault::every`] and [`Fault::share`] make. Default:
/// in place of the response's head, and every request.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let server = TestServer::empty();
/// let third = Fault::Close.at(Stage::Body(2)).every(3);
/// server.when(get("/")).respond(Response::text("hello").fault(third));
///
/// let read = || ureq::get(server.url("/")).call()?.body_mut().read_to_string();
/// assert_eq!((read()?, read()?), ("hello".to_owned(), "hello".to_owned()));
/// assert!(read().is_err());
/// # Ok::<(), ureq::Error>(())
/// ```
#[must_use = "a fault happens only if a handler returns it, a rule responds with it, or `server.fault(..)` is given it"]
#[derive(Debug, Clone)]
pub struct FaultAt {
    pub(crate) fault: Fault,
    pub(crate) stage: Stage,
    pub(crate) chance: Chance,
}

/// Which requests a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Chance {
    Always,
    Every(usize),
    Share { share: f64, seed: u64 },
}

impl Chance {
    /// Whether it strikes the request of this number, counted from 1. The same for the same number, always.
    pub(crate) fn strikes(self, number: usize) -> bool {
        match self {
            Chance::Always => true,
            Chance::Every(nth) => number % nth == 0,
            Chance::Share { share, seed } => part_of_one(dice(seed, number as u64)) < share,
        }
    }

    /// Which requests, for people; `None` if it is all of them.
    pub(crate) fn shown(self) -> Option<String> {
        match self {
            Chance::Always | Chance::Every(1) => None,
            Chance::Every(nth) => Some(format!("every {nth}{} request", ordinal(nth))),
            Chance::Share { share, seed } => Some(format!("a share of {share:?} of requests, by seed {seed}")),
        }
    }

    pub(crate) fn seed(self) -> Option<u64> {
        match self {
            Chance::Share { seed, .. } => Some(seed),
            Chance::Always | Chance::Every(_) => None,
        }
    }
}

/// What follows a number: 1st, 2nd, 3rd, 4th, 11th.
fn ordinal(number: usize) -> &'static str {
    match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}

/// A draw as a number from 0 to 1, which it never reaches: of the bits, those that a float holds exactly.
#[expect(clippy::cast_precision_loss, reason = "53 bits are what an `f64` holds")]
fn part_of_one(draw: u64) -> f64 {
    (draw >> 11) as f64 / (1_u64 << 53) as f64
}

impl From<Fault> for FaultAt {
    fn from(fault: Fault) -> FaultAt {
        FaultAt { fault, stage: Stage::BeforeHead, chance: Chance::Always }
    }
}

impl FaultAt {
    /// At this moment. Said twice, the last counts.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// let fault = Fault::Reset.every(1).at(Stage::Head(9));
    /// server.on("GET", "/", move |_| Response::text("hello").fault(fault.clone()));
    /// assert!(ureq::get(server.url("/")).call().is_err());
    /// ```
    pub fn at(self, stage: Stage) -> FaultAt {
        FaultAt { stage, ..self }
    }

    /// For every nth request only, as [`Fault::every`]. Of `every` and `share` the last counts.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.when(get("/")).respond(Response::text("hello").fault(Fault::Reset.at(Stage::Head(9)).every(2)));
    /// assert!(ureq::get(server.url("/")).call().is_ok());
    /// assert!(ureq::get(server.url("/")).call().is_err());
    /// ```
    ///
    /// # Panics
    ///
    /// If it is zero.
    #[track_caller]
    pub fn every(self, nth: usize) -> FaultAt {
        assert!(
            nth > 0,
            "a fault with `every(0)` never strikes: write `every(1)` for each request, or leave the fault out"
        );
        FaultAt { chance: Chance::Every(nth), ..self }
    }

    /// For a share of the requests, as [`Fault::share`]. Of `every` and `share` the last counts.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.when(get("/")).respond(Response::text("hello").fault(Fault::Reset.at(Stage::Head(9)).share(1.0, 42)));
    /// assert!(ureq::get(server.url("/")).call().is_err());
    /// ```
    ///
    /// # Panics
    ///
    /// If the share is NaN or not within 0.0 to 1.0.
    #[track_caller]
    pub fn share(self, share: f64, seed: u64) -> FaultAt {
        assert!(
            (0.0..=1.0).contains(&share),
            "{share} is not a share of requests: pass one from 0.0 (none) to 1.0 (all), such as 0.1 for one in ten"
        );
        FaultAt { chance: Chance::Share { share, seed }, ..self }
    }

    /// As it is written in a test.
    pub(crate) fn in_code(&self) -> String {
        let at = match self.stage {
            Stage::BeforeHead => String::new(),
            stage => format!(".at(Stage::{stage:?})"),
        };
        let chance = match self.chance {
            Chance::Always => String::new(),
            Chance::Every(nth) => format!(".every({nth})"),
            Chance::Share { share, seed } => format!(".share({share:?}, {seed})"),
        };
        format!("{}{at}{chance}", self.fault.in_code())
    }

    /// Where to say it instead, if it stands for a whole answer but not in place of the head.
    pub(crate) fn belongs(&self) -> Option<String> {
        let shown = self.in_code();
        match self.stage {
            Stage::BeforeHead => None,
            Stage::Accept | Stage::RequestHead(_) => {
                Some(format!("which happens before there is a rule: write `server.fault({shown})`"))
            }
            Stage::RequestBody(_) => {
                Some(format!("which happens before the request is complete: write `server.when(..).respond({shown})`"))
            }
            Stage::Head(_) | Stage::Body(_) | Stage::After => Some(format!(
                "which happens in a response, but there is none: write `Response::text(\"..\").fault({shown})`"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::each(Chance::Always, &[1, 2, 3, 4, 5, 6])]
    #[case::every_one(Chance::Every(1), &[1, 2, 3, 4, 5, 6])]
    #[case::every_second(Chance::Every(2), &[2, 4, 6])]
    #[case::every_third(Chance::Every(3), &[3, 6])]
    #[case::none(Chance::Share { share: 0.0, seed: 1 }, &[])]
    #[case::all(Chance::Share { share: 1.0, seed: 1 }, &[1, 2, 3, 4, 5, 6])]
    fn a_chance_strikes_certain_requests(#[case] chance: Chance, #[case] expected: &[usize]) {
        let struck: Vec<usize> = (1..=6).filter(|number| chance.strikes(*number)).collect();
        assert_eq!(struck, expected);
    }

    #[rstest]
    #[case::each(Chance::Always, None)]
    #[case::every_one(Chance::Every(1), None)]
    #[case::second(Chance::Every(2), Some("every 2nd request"))]
    #[case::third(Chance::Every(3), Some("every 3rd request"))]
    #[case::eleventh(Chance::Every(11), Some("every 11th request"))]
    #[case::twelfth_beyond_a_hundred(Chance::Every(112), Some("every 112th request"))]
    #[case::twenty_first(Chance::Every(21), Some("every 21st request"))]
    #[case::share(Chance::Share { share: 0.1, seed: 7 }, Some("a share of 0.1 of requests, by seed 7"))]
    fn a_chance_is_told_in_words(#[case] chance: Chance, #[case] expected: Option<&str>) {
        assert_eq!(chance.shown().as_deref(), expected);
    }

    #[test]
    fn a_share_is_about_that_many_and_the_same_again() {
        let struck = |seed| {
            let chance = Chance::Share { share: 0.1, seed };
            (1..=10_000).filter(|number| chance.strikes(*number)).collect::<Vec<usize>>()
        };
        assert!((850..1_150).contains(&struck(7).len()), "{}", struck(7).len());
        assert_eq!(struck(7), struck(7));
        assert_ne!(struck(7), struck(8));
    }

    #[test]
    fn the_smallest_and_the_largest_draw_are_within_none_and_all() {
        assert!(part_of_one(0) >= 0.0);
        assert!(part_of_one(u64::MAX) < 1.0);
    }

    #[rstest]
    #[case(FaultAt::from(Fault::Reset), "Fault::Reset")]
    #[case(Fault::garbage("x").at(Stage::Body(3)), "Fault::garbage(..).at(Stage::Body(3))")]
    #[case(Fault::Close.every(2).at(Stage::After), "Fault::Close.at(Stage::After).every(2)")]
    #[case(Fault::Stall.share(1.0, 7), "Fault::Stall.share(1.0, 7)")]
    fn a_fault_is_shown_as_it_is_written(#[case] fault: FaultAt, #[case] expected: &str) {
        assert_eq!(fault.in_code(), expected);
    }
}
