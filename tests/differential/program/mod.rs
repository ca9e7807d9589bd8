//! The program `fixture-server` against `python3 -m http.server`: answers, logs, and the command line.
//!
//! Both protocols, with and without CGI, as the user of the tests and, if that is root, as nobody too.

mod cases;
mod command_line;
mod entries;
mod lane;
mod servers;
mod wire;

use std::io;
use std::thread;

use lane::{Lane, Mode};
use servers::{Program, Python, User, say};

use crate::site::Site;

#[test]
fn the_program_answers_and_logs_as_pythons_http_server_does() {
    let site = Site::of_program().expect("the site is written");
    let ours = Program::ours_within(site.temp.path()).expect("a copy of the program");
    let compare_as = |user: User| {
        let mut outcome = Outcome::default();
        let pythons = Python::all(user);
        if pythons.is_empty() {
            say(&format!(
                "NOT COMPARED with Python's http.server {}: there is no python3 of 3.11 or later",
                user.shown()
            ));
        }
        for python in pythons {
            outcome.compare(&site, user, &python, &ours).expect("both servers start");
        }
        outcome
    };
    let outcomes = thread::scope(|scope| {
        let compare_as = &compare_as;
        let users: Vec<_> = users().into_iter().map(|user| scope.spawn(move || compare_as(user))).collect();
        users.into_iter().map(|user| user.join().expect("no panic")).collect::<Vec<_>>()
    });
    let mut all = Outcome::default();
    for outcome in outcomes {
        all.checks += outcome.checks;
        all.differences.extend(outcome.differences);
    }
    all.judge();
}

/// Finds out whether what is left out of the comparison is what differs between versions, and no less.
#[test]
#[ignore = "needs several versions of Python on the path, and is about this test itself"]
fn pythons_of_all_versions_agree() {
    let site = Site::of_program().expect("the site is written");
    let mut outcome = Outcome::default();
    for user in users() {
        let pythons = Python::all(user);
        for (older, newer) in pythons.iter().zip(pythons.iter().skip(1)) {
            outcome.compare(&site, user, older, &Program::Python(newer.clone())).expect("both servers start");
        }
    }
    assert_ne!(outcome.checks, 0, "fewer than two versions of Python");
    outcome.judge();
}

/// The user of the tests, and nobody, whom only root can be.
fn users() -> Vec<User> {
    let nobody = if User::is_root() { User::nobody() } else { None };
    if nobody.is_none() {
        say("NOT COMPARED as another user, which only root can start servers as");
    }
    [User::Myself].into_iter().chain(nobody).collect()
}

#[derive(Default)]
struct Outcome {
    checks: usize,
    differences: Vec<String>,
}

impl Outcome {
    /// All modes at the same time.
    fn compare(&mut self, site: &Site, user: User, python: &Python, other: &Program) -> io::Result<()> {
        let mut modes = Vec::new();
        for cgi in [false, true] {
            if cgi && !(python.has_cgi() && other.has_cgi()) {
                say(&format!("CGI NOT COMPARED with Python {}, which has none", python.version));
                continue;
            }
            modes.extend(["HTTP/1.0", "HTTP/1.1"].map(|protocol| Mode { protocol, cgi, user }));
        }
        let cases = cases::all();
        let run = |mode: Mode| {
            let name = format!("{}-{}-{}-{}", python.version, user.shown(), &mode.protocol[5..], mode.cgi);
            let mut lane = Lane::start(mode, [&Program::Python(python.clone()), other], site.temp.path(), &name)?;
            lane.run(&cases)?;
            io::Result::Ok((lane.checks, lane.differences))
        };
        let results = thread::scope(|scope| {
            let lanes: Vec<_> = modes
                .iter()
                .map(|&mode| {
                    let run = &run;
                    scope.spawn(move || run(mode))
                })
                .collect();
            lanes.into_iter().map(|lane| lane.join().expect("no panic")).collect::<io::Result<Vec<_>>>()
        })?;
        let before = self.checks;
        for (checks, differences) in results {
            self.checks += checks;
            self.differences.extend(differences);
        }
        say(&format!(
            "{} checks against http.server of Python {} {}",
            self.checks - before,
            python.version,
            user.shown()
        ));
        Ok(())
    }

    fn judge(self) {
        let Outcome { checks, differences } = self;
        assert!(
            differences.is_empty(),
            "{} of {checks} checks differ:\n\n{}",
            differences.len(),
            differences.join("\n")
        );
    }
}
