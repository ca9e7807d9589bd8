//! Faults that strike before there is an answer, at every place and however the input is cut into pieces.

use rstest::rstest;

use super::super::connection::Fate;
use super::stage::{Peer, Read, Stage as Scene, Told, bytes};
use super::*;
use crate::message::delivery::Ended;
use crate::message::fault::Stage;
use crate::message::fault_at::FaultAt;
use crate::message::request::Content;
use crate::wire::Dialect;

pub(super) const CHUNKED: &str =
    "PUT /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\nX-T: 1\r\n\r\n";

/// A request that was asked about.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Seen {
    head: String,
    pub(super) line: String,
    pub(super) body: String,
    chunks: Option<Vec<usize>>,
    trailers: usize,
    met: String,
    pub(super) ended: Option<Ended>,
    /// The body that was told of later.
    pub(super) later: Option<(String, Option<Vec<usize>>)>,
}

/// What the service is asked, in order.
pub(super) type Journal = Arc<Mutex<Vec<Seen>>>;

#[derive(Debug)]
struct Line(Journal, usize);

impl Receipt for Line {
    fn sent(&self, _: u64, ended: Option<Ended>) {
        self.0.lock()[self.1].ended = ended;
    }

    fn received(&self, content: Content) {
        let text = String::from_utf8_lossy(&content.bytes).into_owned();
        self.0.lock()[self.1].later = Some((text, content.chunked.map(|chunked| chunked.sizes)));
    }
}

/// A service that may be out of order.
pub(super) struct Faulty {
    outage: Outage,
    pub(super) journal: Journal,
    /// Answers each head with this fault after so many bytes of the body.
    in_body: Option<(u64, Fault)>,
}

impl Service for Faulty {
    fn answer(&self, incoming: Incoming) -> Answer {
        let Incoming { request, refusal, extent, fault, .. } = incoming;
        if extent == Extent::AwaitsLeave && self.in_body.is_some() {
            return Answer::ReadOn(request);
        }
        let met = match (refusal, &fault) {
            (Some(refusal), _) => format!("{refusal:?}"),
            (None, Some(fault)) => format!("{fault:?}"),
            (None, None) => String::new(),
        };
        let mut journal = self.journal.lock();
        journal.push(Seen {
            head: String::from_utf8_lossy(&request.head().raw).into_owned(),
            line: format!("{} {}", request.method(), request.target()),
            body: request.body_text(),
            chunks: request.chunked().map(|chunked| chunked.sizes.clone()),
            trailers: request.chunked().map_or(0, |chunked| chunked.trailers.len()),
            met,
            ..Seen::default()
        });
        let receipt = Arc::new(Line(self.journal.clone(), journal.len() - 1));
        let reply = |response| Reply { response, receipt, sink: None, date: None };
        match (&self.in_body, extent) {
            (Some((after, fault)), Extent::Head { .. }) => {
                Answer::Ambush { after: *after, reply: reply(Response::with_fault(fault.clone())) }
            }
            _ => Answer::Reply(reply(match (refusal, fault) {
                (Some(refusal), _) => refusal.response(),
                (None, Some(fault)) => Response::with_fault(fault),
                (None, None) => "hello".into_response(),
            })),
        }
    }

    fn wants_heads(&self) -> bool {
        self.in_body.is_some()
    }

    fn accepted(&self, peer: Option<SocketAddr>, opened: SystemTime) -> Arc<Client> {
        Arc::new(Client::new(1, peer, opened, None))
    }

    fn outage(&self) -> Option<&Outage> {
        Some(&self.outage)
    }
}

/// A connection to a service that is out of order.
pub(super) struct Struck {
    pub(super) scene: Scene,
    pub(super) service: Arc<Faulty>,
}

impl Struck {
    fn with(
        reads: impl IntoIterator<Item = Read>,
        dialect: Dialect,
        fault: Option<FaultAt>,
        in_body: Option<(u64, Fault)>,
    ) -> Struck {
        let service = Arc::new(Faulty { outage: Outage::default(), journal: Journal::default(), in_body });
        if let Some(fault) = fault {
            let _ = service.outage.begin(fault);
        }
        let peer = Peer { reads: reads.into_iter().collect(), ..Peer::default() };
        let mut settings = Settings { asks_for_leave: true, ..Settings::default() };
        settings.reading.dialect = dialect;
        settings.reading.limits.body = 1_000;
        let scene = Scene::with(Arc::new(Mutex::new(peer)), Arc::new(Told::default()), settings, service.clone());
        Struck { scene, service }
    }

    /// During an outage.
    fn by(fault: impl Into<FaultAt>, reads: impl IntoIterator<Item = Read>) -> Struck {
        Struck::with(reads, Dialect::default(), Some(fault.into()), None)
    }

    /// By a rule that is chosen by the head.
    pub(super) fn in_body(after: u64, fault: Fault, reads: impl IntoIterator<Item = Read>) -> Struck {
        Struck::with(reads, Dialect::default(), None, Some((after, fault)))
    }

    fn seen(&self) -> Vec<Seen> {
        self.service.journal.lock().clone()
    }

    #[track_caller]
    pub(super) fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }
}

pub(super) fn pieces(text: &str, size: usize) -> impl Iterator<Item = Read> {
    text.as_bytes().chunks(size).map(|piece| Read::Bytes(piece.to_vec()))
}

#[rstest]
#[case::at_the_first_byte(0, "", " ")]
#[case::behind_the_first_byte(1, "G", " ")]
#[case::in_the_method(3, "GET", " ")]
#[case::in_the_target(6, "GET /1", " ")]
#[case::behind_the_request_line(17, "GET /1 HTTP/1.1\r\n", "GET /1")]
#[case::where_the_head_ends(GET.len(), GET, "GET /1")]
#[case::beyond_the_head(10_000, GET, "GET /1")]
fn a_request_is_struck_in_its_head(#[case] after: usize, #[case] head: &str, #[case] line: &str) {
    for before in ["", "\r\n\r\n"] {
        let sent = format!("{before}{GET}");
        for size in 1..=sent.len() {
            let mut struck = Struck::by(Fault::Reset.at(Stage::RequestHead(after)), pieces(&sent, size));
            assert_eq!(struck.scene.run_all(), Fate::Close, "by {size}");
            let seen = struck.only();
            assert_eq!((&*seen.head, &*seen.line, &*seen.met), (head, line, "Reset"), "by {size}");
            assert_eq!((seen.ended, struck.scene.got().len()), (Some(Ended::Fault), 0));
            assert!(struck.scene.peer.lock().reset);
        }
    }
}

#[rstest]
#[case::before_it_comes(0, "", &[], 0)]
#[case::in_the_first_chunk(2, "ab", &[3], 0)]
#[case::between_chunks(3, "abc", &[3], 0)]
#[case::in_the_second_chunk(4, "abcd", &[3, 4], 0)]
#[case::at_its_last_byte(7, "abcdefg", &[3, 4], 0)]
#[case::beyond_it(8, "abcdefg", &[3, 4], 1)]
fn a_request_is_struck_in_its_body(
    #[case] after: usize,
    #[case] body: &str,
    #[case] chunks: &[usize],
    #[case] trailers: usize,
) {
    for size in 1..=CHUNKED.len() {
        let mut struck = Struck::by(Fault::Reset.at(Stage::RequestBody(after)), pieces(CHUNKED, size));
        assert_eq!(struck.scene.run_all(), Fate::Close, "by {size}");
        let seen = struck.only();
        assert_eq!((&*seen.line, &*seen.body, &*seen.met), ("PUT /1", body, "Reset"), "by {size}");
        assert_eq!((seen.chunks.as_deref(), seen.trailers), (Some(chunks), trailers), "by {size}");
        let plain = format!("{PUT}abcdefg").replace(": 5", ": 7");
        let mut struck = Struck::by(Fault::Reset.at(Stage::RequestBody(after)), pieces(&plain, size));
        assert_eq!(struck.scene.run_all(), Fate::Close, "by {size}");
        assert_eq!((&*struck.only().body, struck.only().chunks), (body, None), "by {size}");
    }
}

#[test]
fn nothing_of_a_body_is_waited_for_where_there_is_none() {
    let mut struck = Struck::by(Fault::Reset.at(Stage::RequestBody(100)), [bytes(GET)]);
    assert_eq!(struck.scene.run(), Fate::Close);
    assert_eq!((&*struck.only().line, &*struck.only().met), ("GET /1", "Reset"));
}

#[rstest]
#[case::head("GET  /1 HTTP/1.1\r\n\r\n", Stage::RequestHead(100), "RequestLine")]
#[case::head_before_a_body("GET  /1 HTTP/1.1\r\n\r\n", Stage::RequestBody(0), "RequestLine")]
#[case::head_before_the_answer("GET  /1 HTTP/1.1\r\n\r\n", Stage::BeforeHead, "RequestLine")]
#[case::head_of_an_answer("GET  /1 HTTP/1.1\r\n\r\n", Stage::Head(0), "RequestLine")]
#[case::chunk(
    "PUT /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nZ",
    Stage::RequestBody(4),
    "BadChunk"
)]
#[case::length("PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n", Stage::RequestBody(4), "BodyTooLarge")]
fn what_is_refused_before_its_place_is_refused_as_ever(
    #[case] sent: &str,
    #[case] stage: Stage,
    #[case] refusal: &str,
) {
    let mut struck = Struck::by(Fault::Reset.at(stage), [bytes(sent), Read::Pause, Read::End]);
    struck.scene.run_all();
    let seen = struck.only();
    assert_eq!((&*seen.met, seen.ended), (refusal, Some(Ended::Refused)));
    assert!(struck.scene.got().starts_with("HTTP/1.1 4"));
}

#[rstest]
#[case::head("GET  /1 HTTP/1.1\r\n\r\n", Stage::RequestHead(3))]
#[case::chunk("PUT /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nZ", Stage::RequestBody(3))]
fn what_would_be_refused_behind_its_place_is_struck_in_any_pieces(#[case] sent: &str, #[case] stage: Stage) {
    for size in 1..=sent.len() {
        let mut struck = Struck::by(Fault::Reset.at(stage), pieces(sent, size));
        assert_eq!(struck.scene.run_all(), Fate::Close);
        assert_eq!((&*struck.only().met, struck.scene.got().len()), ("Reset", 0), "by {size}");
    }
}

#[rstest]
#[case::rfc_9112(Dialect::Rfc9112)]
#[case::http_server(Dialect::HttpServer)]
fn who_waits_for_leave_to_send_a_body_gets_it_and_is_struck_in_the_body(#[case] dialect: Dialect) {
    let reads = [bytes(EXPECT), Read::Pause, bytes("abcd")];
    let mut struck = Struck::with(reads, dialect, Some(Fault::Reset.at(Stage::RequestBody(3))), None);
    assert!(waits(struck.scene.run()));
    assert_eq!((struck.scene.statuses(), struck.seen()), (vec![100], vec![]));
    assert_eq!(struck.scene.run_all(), Fate::Close);
    assert_eq!((&*struck.only().body, &*struck.only().met), ("abc", "Reset"));
}

#[rstest]
#[case::rfc_9112(Dialect::Rfc9112)]
#[case::http_server(Dialect::HttpServer)]
fn in_place_of_the_answer_nobody_is_asked_for_one(#[case] dialect: Dialect) {
    let reads = [bytes(PUT), Read::Pause, bytes(&format!("abcde{GET}"))];
    let mut struck = Struck::with(reads, dialect, Some(Fault::Reset.into()), None);
    assert_eq!(struck.scene.run_all(), Fate::Close);
    let seen = struck.only();
    assert_eq!((&*seen.line, &*seen.body, &*seen.met), ("PUT /1", "abcde", "Reset"));
}

#[test]
fn nor_is_a_rule_that_is_chosen_by_the_head() {
    let reads = [bytes(PUT), bytes("abcde")];
    let mut struck =
        Struck::with(reads, Dialect::default(), Some(Fault::Reset.into()), Some((2, Fault::Garbage("?".into()))));
    assert_eq!(struck.scene.run_all(), Fate::Close);
    assert_eq!((&*struck.only().met, struck.scene.got().len()), ("Reset", 0));
}

#[rstest]
#[case::head(Stage::RequestHead(4))]
#[case::body(Stage::RequestBody(2))]
#[case::answer(Stage::BeforeHead)]
fn each_pipelined_request_is_counted_once(#[case] stage: Stage) {
    let sent = format!("{PUT}abcde").repeat(4);
    for size in [1, 7, 60, sent.len()] {
        let mut struck = Struck::by(Fault::Reset.at(stage).every(3), pieces(&sent, size));
        assert_eq!(struck.scene.run_all(), Fate::Close);
        let met: Vec<String> = struck.seen().into_iter().map(|seen| seen.met).collect();
        assert_eq!(
            (met, struck.scene.statuses()),
            (vec![String::new(), String::new(), "Reset".into()], vec![200, 200])
        );
    }
}

#[test]
fn an_outage_concerns_requests_that_were_not_complete_when_it_began_and_spares_those_after_it() {
    let (first, rest) = GET.split_at(10);
    let mut struck = Struck::with([bytes(first), Read::Pause, bytes(rest)], Dialect::default(), None, None);
    assert!(waits(struck.scene.run()));
    let _fault = struck.service.outage.begin(Fault::Reset.into());
    assert_eq!(struck.scene.run_all(), Fate::Close);
    assert_eq!(struck.only().met, "Reset");

    let mut struck = Struck::with([bytes(GET)], Dialect::default(), None, None);
    let fault = struck.service.outage.begin(Fault::Reset.into());
    struck.service.outage.end(&fault);
    assert!(waits(struck.scene.run_all()));
    assert_eq!((struck.only().met, struck.scene.statuses()), (String::new(), vec![200]));
}

#[test]
fn an_idle_connection_meets_nothing() {
    let reads = [bytes(GET), Read::Pause, bytes("\r\n"), Read::Pause, Read::End];
    let mut struck = Struck::by(Fault::Reset.every(2), reads);
    assert_eq!(struck.scene.run_all(), Fate::Close);
    assert_eq!((struck.only().met, struck.scene.peer.lock().reset), (String::new(), false));
}

#[rstest]
#[case::head(Stage::RequestHead(3))]
#[case::body(Stage::RequestBody(2))]
#[case::answer(Stage::BeforeHead)]
fn every_fault_is_carried_out_at_every_place(#[case] stage: Stage) {
    let faults = [Fault::Reset, Fault::Close, Fault::HalfClose, Fault::Stall, Fault::garbage("?!")];
    for fault in faults {
        let reads = [bytes(PUT), bytes("abcde"), Read::Pause];
        let mut struck = Struck::by(fault.clone().at(stage), reads);
        // Of what a server that stalls does not read, the script has no end.
        let fate = match fault {
            Fault::Stall => [(); 3].map(|()| struck.scene.run())[2],
            _ => struck.scene.run_all(),
        };
        assert_eq!((&*struck.only().met, struck.only().ended), (&*format!("{fault:?}"), Some(Ended::Fault)));
        carried_out(&struck.scene, &fault, fate);
    }
}

#[rstest]
#[case::something_came(GET)]
#[case::nothing_came("")]
fn what_strikes_as_the_connection_is_accepted_is_no_request(#[case] sent: &str) {
    let faults = [Fault::Reset, Fault::Close, Fault::HalfClose, Fault::Stall, Fault::garbage("?!")];
    for fault in faults {
        let reads = if sent.is_empty() { vec![] } else { vec![bytes(sent)] };
        let mut struck = Struck::with(reads, Dialect::default(), None, None);
        struck.scene.connection.strike_at_once(&fault);
        let fate = struck.scene.run();
        assert_eq!(struck.seen(), []);
        carried_out(&struck.scene, &fault, fate);
    }
}

#[track_caller]
fn carried_out(scene: &Scene, fault: &Fault, fate: Fate) {
    let peer = scene.peer.lock();
    let (got, shutdowns, closes) = match fault {
        Fault::Garbage(bytes) => (&bytes[..], vec![Shutdown::Write], false),
        Fault::Close | Fault::HalfClose => (&b""[..], vec![Shutdown::Write], false),
        Fault::Reset => (&b""[..], vec![], true),
        _ => (&b""[..], vec![], false),
    };
    assert_eq!((&peer.got[..], peer.reset), (got, closes), "{fault:?}");
    // What was read to the end may be closed at once.
    if fate == Fate::Close && !closes {
        assert!(matches!(fault, Fault::Close | Fault::Garbage(_)), "{fault:?}");
    } else {
        assert_eq!((&peer.shutdowns, fate == Fate::Close), (&shutdowns, closes), "{fault:?}");
    }
}
