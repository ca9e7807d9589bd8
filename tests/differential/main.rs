//! The same requests to Python's own http.server and to this crate, on the same directory: the answers must agree.
//!
//! Bytes go over raw sockets, because clients hide the spelling and order of fields. Left out of the comparison is only
//! what the semantics say differs between versions of Python, in `raw`; what differs on purpose is listed in `requests`.
#![cfg(unix)]

#[cfg(feature = "cli")]
mod program;
mod python;
mod raw;
#[cfg(feature = "cli")]
#[path = "../recorded/format.rs"]
#[allow(dead_code, reason = "the answers are compared by the test `recorded`")]
mod recorded;
mod requests;
mod site;

use std::net::SocketAddr;

use fixture_server::TestServer;

use python::Python;
use raw::{Exchanged, Reply, exchange};
use requests::{Case, cases, on_purpose, targets};
use site::Site;

#[test]
fn answers_agree_with_those_of_pythons_http_server() {
    let site = Site::new();
    let Some(python) = Python::start(&site) else { return };
    let ours = TestServer::start(site.root());
    let pair = Pair { python: python.addr, ours: ours.addr() };

    let mut differences = Vec::new();
    let mut count = 0;
    for target in targets(pair.ours) {
        count += 2;
        differences.extend(pair.compare_get_and_head(&target));
    }
    for case in cases() {
        count += 1;
        differences.extend(pair.compare(&case).err());
    }
    differences.extend(on_purpose().iter().filter_map(|(case, ours)| pair.compare_on_purpose(case, ours).err()));
    assert!(
        differences.is_empty(),
        "{} of {count} answers differ from those of {}:\n\n{}\nstandard error of Python:\n{}",
        differences.len(),
        python.version(),
        differences.join("\n"),
        python.complaints()
    );
}

/// Two servers of one directory.
#[derive(Clone, Copy)]
struct Pair {
    python: SocketAddr,
    ours: SocketAddr,
}

impl Pair {
    fn compare_get_and_head(self, target: &str) -> Vec<String> {
        let request = |method: &str| Case::one(method, &format!("{method} {target} HTTP/1.1\r\nHost: test\r\n\r\n"));
        let answers = ["GET", "HEAD"].map(|method| self.compare(&request(method)));
        if let [Ok(get), Ok(head)] = &answers {
            // Lengths of pages depend on Python's version, so between the servers they are not compared for HEAD. That
            // the length is the one of GET is checked here.
            let heads = [get, head].map(|answer| answer.replies.iter().map(Reply::without_date).collect::<Vec<_>>());
            if heads[0] != heads[1] {
                return vec![format!("HEAD {target} differs from GET:\n{}\n{}", get.raw(), head.raw())];
            }
        }
        answers.into_iter().filter_map(Result::err).collect()
    }

    /// An error if the answers agree after all, or if ours is another one.
    fn compare_on_purpose(self, case: &Case, status_lines: &[&str]) -> Result<(), String> {
        let ours = exchange(self.ours, case);
        let actual: Vec<_> = ours.replies.iter().map(|reply| String::from_utf8_lossy(&reply.status_line)).collect();
        if actual == status_lines && self.compare(case).is_err() {
            return Ok(());
        }
        let request = case.bytes.escape_ascii();
        Err(format!("request   {request}\n  expected: {status_lines:?}, unlike Python\n  here:     {}\n", ours.raw()))
    }

    /// Our answer, if it agrees.
    fn compare(self, case: &Case) -> Result<Exchanged, String> {
        let (python, ours) = (exchange(self.python, case), exchange(self.ours, case));
        let (expected, actual) = (python.normalised(case), ours.normalised(case));
        if expected == actual {
            return Ok(ours);
        }
        let first = expected.iter().zip(&actual).position(|(left, right)| left != right);
        let first = first.unwrap_or(expected.len().min(actual.len()));
        let missing = "(nothing)".to_owned();
        let line = |lines: &[String]| lines.get(first).unwrap_or(&missing).clone();
        Err(format!(
            "request   {}\n  Python: {}\n  here:   {}\n  all of Python's answer: {}\n  all of the answer here:   {}\n",
            case.bytes.escape_ascii(),
            line(&expected),
            line(&actual),
            python.raw(),
            ours.raw(),
        ))
    }
}
