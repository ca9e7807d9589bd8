//! What is measured. Each measure is one function that takes one contestant through one repetition.

mod cost;
mod files;
mod running;

use std::io;
use std::time::Duration;

use crate::table::{Better, Row};

pub(crate) use cost::Workshop;

/// How long everything takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) repetitions: usize,
    /// Of one run of load.
    pub(crate) time: Duration,
    pub(crate) cycles: usize,
    pub(crate) recorded: usize,
    pub(crate) idle: usize,
}

/// A value of one row: its place among the rows of the measure, and `None` if it failed.
pub(crate) type Values = Vec<Option<f64>>;

/// A measure by its name, with the rows it fills.
pub(crate) struct Measure {
    pub(crate) name: &'static str,
    /// It needs no repetition: it counts, or takes minutes.
    pub(crate) once: bool,
    pub(crate) rows: Vec<Row>,
    /// Who takes part, if not the usual contestants.
    pub(crate) contestants: Option<Vec<&'static str>>,
    pub(crate) run: fn(&Workshop, &str, Pace) -> io::Result<Values>,
}

fn lower(what: &str, unit: &'static str) -> Row {
    Row::new(what, unit, Better::Lower)
}

fn higher(what: &str, unit: &'static str) -> Row {
    Row::new(what, unit, Better::Higher)
}

/// All of them, in the order in which they are made.
pub(crate) fn all() -> Vec<Measure> {
    let loads = |what: &str| {
        vec![
            higher(what, "requests/s"),
            lower(&format!("{what}: CPU of the server"), "µs a request"),
            lower(&format!("{what}: p99"), "µs"),
        ]
    };
    let measure = |name, rows, run| Measure { name, once: false, rows, contestants: None, run };
    let mut measures = vec![
        Measure {
            name: "build",
            once: true,
            rows: vec![
                lower("cold build of a crate with one test, CPU", "s"),
                lower("crates beside it", "crates"),
                lower("building it again after an edit of the test, CPU", "s"),
            ],
            contestants: Some(vec![
                "fixture-server",
                "wiremock",
                "mockito",
                "httpmock",
                "httptest",
                "fixture-server without features",
            ]),
            run: cost::build,
        },
        Measure {
            name: "suite",
            rows: vec![
                lower("200 tests, a server and 3 requests each, cargo test", "s"),
                lower("the same with nextest", "s"),
            ],
            ..measure("suite", Vec::new(), cost::suite as fn(&Workshop, &str, Pace) -> io::Result<Values>)
        },
        measure(
            "start",
            vec![
                lower("start + first request + drop, dev profile", "µs"),
                lower("the same, p99", "µs"),
                lower("the same, release", "µs"),
                lower("the same, release, no server of a pool", "µs"),
            ],
            running::start,
        ),
        measure(
            "alive",
            vec![
                lower("200 servers alive, each asked once", "ms"),
                lower("their threads", "threads"),
                lower("their memory", "KiB"),
            ],
            running::alive,
        ),
        measure("dev32", loads("dev profile, 32 connections"), running::dev_32),
        measure("1", loads("1 connection"), running::keep_1),
        measure("32", loads("32 connections"), running::keep_32),
        measure("256", loads("256 connections"), running::keep_256),
        measure("close", loads("32 connections, closing"), running::close_32),
        measure("rules100", loads("100 mocks, the last one fits"), running::rules_100),
        measure("rules1000", loads("1,000 mocks, the last one fits"), running::rules_1000),
        measure("large", loads("1 MiB answers, 8 connections"), running::large),
        measure("upload", loads("64 KiB uploads, 16 connections"), running::upload),
        measure("record", vec![lower("memory of a small request that is recorded", "bytes")], running::record),
        measure(
            "idle",
            vec![
                lower("an idle connection", "KiB"),
                lower("a new connection and its request beside 10,000 idle ones", "µs"),
                lower("threads beside them", "threads"),
            ],
            running::idle,
        ),
    ];
    measures.push(Measure {
        contestants: Some(vec!["fixture-server", "nginx"]),
        ..measure(
            "files",
            vec![
                higher("file of 1 KiB, 32 connections", "requests/s"),
                higher("file of 64 KiB, 32 connections", "requests/s"),
                higher("file of 100 MiB, 1 connection", "MB/s"),
            ],
            files::files,
        )
    });
    measures
}
