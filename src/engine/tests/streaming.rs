//! Requests whose handlers read the body while it arrives, however it is cut into pieces.

use std::io;
use std::sync::atomic::Ordering::SeqCst;

use rstest::rstest;

use super::super::connection::Fate;
use super::super::slots::Heard;
use super::stage::{Peer, Read, Stage as Scene, Told, bytes};
use super::strikes::{CHUNKED, pieces};
use super::*;
use crate::message::body::ChunkSink;
use crate::message::delivery::Ended;
use crate::message::into_response::IntoResponse;
use crate::message::request::Content;
use crate::wake::{Task, Wake};

const COUNTED: &str = "PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
const NEXT: &str = "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n";

/// What the sink was given, and how much it takes; what the journal was told.
#[derive(Debug, Default)]
struct Seen {
    /// Bars end chunks.
    taken: Mutex<String>,
    room: AtomicUsize,
    /// How the body ended.
    end: Mutex<Option<Result<(), io::ErrorKind>>>,
    is_dropped: AtomicBool,
    is_unwanted: AtomicBool,
    ended: Mutex<Option<Ended>>,
    body: Mutex<Option<(String, Option<Vec<usize>>)>>,
}

#[derive(Debug)]
struct Sees(Arc<Seen>);

impl ChunkSink for Sees {
    fn write(&mut self, bytes: &[u8], ends_chunk: bool) -> io::Result<usize> {
        assert!(!bytes.is_empty(), "nothing is given");
        if self.0.is_unwanted.load(SeqCst) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let room = self.0.room.load(SeqCst);
        let count = bytes.len().min(room);
        if count == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.0.room.store(room - count, SeqCst);
        let mut taken = self.0.taken.lock();
        taken.push_str(&String::from_utf8_lossy(&bytes[..count]));
        if ends_chunk && count == bytes.len() {
            taken.push('|');
        }
        Ok(count)
    }

    fn wake_with(&mut self, _: Wake) {}

    fn end(&mut self, why: Option<io::Error>) {
        let before = self.0.end.lock().replace(why.map_or(Ok(()), |error| Err(error.kind())));
        assert_eq!(before, None, "it ends once");
    }
}

impl Drop for Sees {
    fn drop(&mut self) {
        self.0.is_dropped.store(true, SeqCst);
    }
}

impl Receipt for Seen {
    fn sent(&self, _: u64, ended: Option<Ended>) {
        *self.ended.lock() = ended;
    }

    fn received(&self, content: Content) {
        let text = String::from_utf8_lossy(&content.bytes).into_owned();
        let before = self.body.lock().replace((text, content.chunked.map(|chunked| chunked.sizes)));
        assert_eq!(before, None, "it is told once");
    }
}

/// A service whose heads are answered later, and whose complete requests are answered at once.
struct Streams(Arc<Seen>);

impl Service for Streams {
    fn answer(&self, incoming: Incoming) -> Answer {
        let reply = |receipt| Reply { response: "hello".into_response(), receipt, sink: None, date: None };
        let receipt = self.0.clone();
        match incoming.extent {
            Extent::Head { .. } => Answer::Later(Later {
                handler: Box::new(move || reply(receipt)),
                sink: Box::new(Sees(self.0.clone())),
                receipt: self.0.clone(),
            }),
            Extent::AwaitsLeave => Answer::ReadOn(incoming.request),
            Extent::Complete => Answer::Reply(reply(Arc::new(Seen::default()))),
        }
    }

    fn wants_heads(&self) -> bool {
        true
    }

    fn accepted(&self, peer: Option<SocketAddr>, opened: SystemTime) -> Arc<Client> {
        Arc::new(Client::new(1, peer, opened, None))
    }
}

/// A connection whose handlers answer when they are told to.
struct Streamed {
    scene: Scene,
    seen: Arc<Seen>,
    handlers: Mutex<Vec<Task>>,
}

impl Streamed {
    fn with(room: usize, reads: impl IntoIterator<Item = Read>) -> Streamed {
        let seen = Arc::new(Seen { room: AtomicUsize::new(room), ..Seen::default() });
        let peer = Peer { reads: reads.into_iter().collect(), ..Peer::default() };
        let mut settings = Settings::default();
        settings.reading.limits.body = 1_000;
        let service = Arc::new(Streams(seen.clone()));
        let scene = Scene::with(Arc::new(Mutex::new(peer)), Arc::new(Told::default()), settings, service);
        Streamed { scene, seen, handlers: Mutex::default() }
    }

    fn hear(&mut self, heard: Heard) -> Fate {
        let run = |task| self.handlers.lock().push(task);
        let hands = Hands { before_user_code: &|| (), wake: &|| Arc::new(|| ()), run: &run };
        self.scene.connection.run(heard, &mut self.scene.scratch, &hands)
    }

    /// Events, so many that everything that is there was looked at.
    fn run(&mut self) -> Fate {
        let mut fate = self.hear(Heard::Nothing);
        for _ in 0..300 {
            if fate == Fate::Close {
                break;
            }
            fate = self.hear(Heard::Nothing);
        }
        fate
    }

    /// The handler answers.
    fn answer(&mut self) -> Fate {
        let handlers = std::mem::take(&mut *self.handlers.lock());
        assert_eq!(handlers.len(), 1, "one handler is at work");
        for handler in handlers {
            handler();
        }
        self.run()
    }

    fn taken(&self) -> String {
        self.seen.taken.lock().clone()
    }

    fn end(&self) -> Option<Result<(), io::ErrorKind>> {
        *self.seen.end.lock()
    }

    fn body(&self) -> Option<(String, Option<Vec<usize>>)> {
        self.seen.body.lock().clone()
    }
}

#[test]
fn chunks_reach_the_sink_as_they_were_cut_however_they_come() {
    for size in 1..=CHUNKED.len() {
        let mut streamed = Streamed::with(usize::MAX, pieces(CHUNKED, size));
        streamed.run();
        assert_eq!((&*streamed.taken(), streamed.end()), ("abc|defg|", Some(Ok(()))), "by {size}");
        assert_eq!(streamed.body(), Some(("abcdefg".to_owned(), Some(vec![3, 4]))), "by {size}");
        assert_eq!(streamed.scene.got(), "", "by {size}");
        streamed.answer();
        assert_eq!(streamed.scene.statuses(), [200], "by {size}");
        assert_eq!(*streamed.seen.ended.lock(), Some(Ended::KeptOpen), "by {size}");
    }
}

#[rstest]
#[case::byte_by_byte(1)]
#[case::by_two(2)]
#[case::by_four(4)]
fn a_sink_with_little_room_gets_the_same_chunks(#[case] room: usize) {
    let mut streamed = Streamed::with(0, pieces(CHUNKED, CHUNKED.len()));
    for _ in 0..10 {
        streamed.run();
        streamed.seen.room.store(room, SeqCst);
    }
    assert_eq!((&*streamed.taken(), streamed.end()), ("abc|defg|", Some(Ok(()))));
}

#[test]
fn a_full_sink_stops_the_reading_until_there_is_room() {
    let mut streamed = Streamed::with(1, [bytes(&format!("{COUNTED}a")), bytes("bc"), bytes("de")]);
    streamed.run();
    assert_eq!((&*streamed.taken(), streamed.scene.peer.lock().reads.len()), ("a|", 1));
    streamed.seen.room.store(10, SeqCst);
    streamed.run();
    assert_eq!((&*streamed.taken(), streamed.end()), ("a|bc|de|", Some(Ok(()))));
}

#[test]
fn who_wants_no_more_stops_nothing() {
    let mut streamed = Streamed::with(0, [bytes(COUNTED), bytes("abcde")]);
    streamed.seen.is_unwanted.store(true, SeqCst);
    streamed.run();
    assert!(streamed.seen.is_dropped.load(SeqCst));
    assert_eq!((streamed.end(), streamed.body()), (None, Some(("abcde".to_owned(), None))));
    streamed.answer();
    assert_eq!(*streamed.seen.ended.lock(), Some(Ended::KeptOpen));
}

#[rstest]
#[case::bad_chunk("Transfer-Encoding: chunked", "2\r\nab\r\nZ", io::ErrorKind::InvalidData, "ab|")]
#[case::too_large("Content-Length: 1001", "", io::ErrorKind::InvalidData, "")]
#[case::too_large_in_the_end("Transfer-Encoding: chunked", "2\r\nab\r\n3e7\r\n", io::ErrorKind::InvalidData, "ab|")]
#[case::cut_short("Content-Length: 5", "ab", io::ErrorKind::UnexpectedEof, "ab|")]
#[case::cut_in_a_chunk("Transfer-Encoding: chunked", "4\r\nab", io::ErrorKind::UnexpectedEof, "ab")]
fn a_body_that_is_refused_ends_the_sink_with_the_reason(
    #[case] fields: &str,
    #[case] body: &str,
    #[case] kind: io::ErrorKind,
    #[case] taken: &str,
) {
    let input = format!("PUT /1 HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n{body}");
    for size in [1, 7, input.len()] {
        let mut streamed = Streamed::with(usize::MAX, pieces(&input, size).chain([Read::End]));
        streamed.run();
        assert_eq!(streamed.end(), Some(Err(kind)), "by {size}");
        assert_eq!(streamed.taken().replace('|', ""), taken.replace('|', ""), "by {size}");
        assert_eq!(streamed.body().map(|body| body.0), Some(taken.replace('|', "")), "by {size}");
        assert_eq!(streamed.answer(), Fate::Close);
        assert_eq!((streamed.scene.statuses(), streamed.scene.got().contains("Connection: close")), (vec![200], true));
    }
}

#[test]
fn an_answer_before_the_end_closes_and_says_what_had_come() {
    let mut streamed = Streamed::with(usize::MAX, [bytes(&format!("{COUNTED}ab"))]);
    streamed.run();
    streamed.answer();
    assert!(streamed.scene.got().contains("Connection: close"), "{}", streamed.scene.got());
    assert_eq!((streamed.end(), streamed.body()), (None, Some(("ab".to_owned(), None))));
    assert!(streamed.seen.is_dropped.load(SeqCst));
    assert_eq!(*streamed.seen.ended.lock(), Some(Ended::ClosedByServer));
}

#[test]
fn a_body_that_is_there_when_the_handler_answers_belongs_to_the_request() {
    let mut streamed = Streamed::with(0, [bytes(&format!("{COUNTED}ab")), bytes("cde"), bytes(NEXT)]);
    streamed.hear(Heard::Nothing);
    streamed.answer();
    assert_eq!(streamed.scene.statuses(), [200, 200]);
    assert_eq!(streamed.body(), Some(("abcde".to_owned(), None)));
    assert_eq!(*streamed.seen.ended.lock(), Some(Ended::KeptOpen));
}

#[test]
fn requests_in_a_row_wait_for_the_answer() {
    let mut streamed = Streamed::with(usize::MAX, [bytes(&format!("{CHUNKED}{NEXT}"))]);
    streamed.run();
    assert_eq!(streamed.scene.got(), "");
    streamed.answer();
    assert_eq!(streamed.scene.statuses(), [200, 200]);
}

#[rstest]
#[case::while_it_is_waited_for(usize::MAX, "ab")]
#[case::while_the_sink_is_full(1, "a")]
fn a_client_that_is_gone_ends_the_sink_and_the_connection(#[case] room: usize, #[case] taken: &str) {
    let mut streamed = Streamed::with(room, [bytes(&format!("{COUNTED}ab"))]);
    streamed.run();
    assert_eq!(streamed.hear(Heard::Gone), Fate::Close);
    let Streamed { scene, seen, handlers } = streamed;
    drop(scene);
    assert_eq!(seen.taken.lock().replace('|', ""), taken);
    assert_eq!(*seen.end.lock(), Some(Err(io::ErrorKind::UnexpectedEof)));
    assert_eq!(seen.body.lock().clone().map(|body| body.0), Some("ab".to_owned()));
    assert_eq!(*seen.ended.lock(), Some(Ended::ClientGone));
    for handler in handlers.into_inner() {
        handler();
    }
}

#[rstest]
#[case::wanted("5", "HTTP/1.1 100 Continue\r\n\r\n")]
#[case::too_large("1001", "")]
fn leave_is_given_while_the_handler_is_at_work(#[case] length: &str, #[case] leave: &str) {
    let head = COUNTED.replace(": 5", &format!(": {length}\r\nExpect: 100-continue"));
    let mut streamed = Streamed::with(usize::MAX, [bytes(&head)]);
    streamed.run();
    assert_eq!(streamed.scene.got(), leave);
}
