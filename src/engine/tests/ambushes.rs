//! Faults of rules that are chosen by the head of a request, and strike in its body.

use rstest::rstest;

use super::super::connection::Fate;
use super::stage::{Read, bytes};
use super::strikes::{CHUNKED, Struck, pieces};
use super::*;
use crate::message::delivery::Ended;

#[rstest]
#[case::before_it_comes(0, "", &[])]
#[case::in_it(4, "abcd", &[3, 4])]
#[case::at_its_end(7, "abcdefg", &[3, 4])]
#[case::beyond_it(100, "abcdefg", &[3, 4])]
fn an_ambush_is_sprung_in_the_body_and_the_body_is_told_of(
    #[case] after: u64,
    #[case] body: &str,
    #[case] chunks: &[usize],
) {
    for size in 1..=CHUNKED.len() {
        let mut struck = Struck::in_body(after, Fault::Reset, pieces(CHUNKED, size));
        assert_eq!(struck.scene.run_all(), Fate::Close, "by {size}");
        let seen = struck.only();
        assert_eq!((&*seen.line, &*seen.body, seen.ended), ("PUT /1", "", Some(Ended::Fault)), "by {size}");
        assert_eq!(seen.later, Some((body.to_owned(), Some(chunks.to_vec()))), "by {size}");
        assert!(struck.scene.peer.lock().reset);
    }
}

#[rstest]
#[case::bad(&[bytes("3\r\nabc\r\nZ")], "abc")]
#[case::cut_short(&[bytes("3\r\nab"), Read::Pause, Read::End], "ab")]
fn an_ambush_is_sprung_where_the_body_ends_badly(#[case] reads: &[Read], #[case] body: &str) {
    let head = "PUT /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let reads = [bytes(head), Read::Pause].into_iter().chain(reads.iter().cloned());
    let mut struck = Struck::in_body(100, Fault::Reset, reads);
    assert_eq!(struck.scene.run_all(), Fate::Close);
    let seen = struck.only();
    assert_eq!((seen.later.map(|later| later.0), seen.ended), (Some(body.to_owned()), Some(Ended::Fault)));
    assert!(struck.scene.peer.lock().reset);
}

#[rstest]
#[case::in_it(": 5", 3, "abc")]
#[case::before_it_comes(": 5", 0, "")]
#[case::too_large(": 1001", 3, "")]
fn who_waits_for_leave_gets_it_in_an_ambush_too(#[case] length: &str, #[case] after: u64, #[case] body: &str) {
    let reads = [bytes(&EXPECT.replace(": 5", length)), Read::Pause, bytes("abcde")];
    let mut struck = Struck::in_body(after, Fault::garbage("?"), reads);
    struck.scene.run_all();
    assert_eq!(struck.scene.got(), "HTTP/1.1 100 Continue\r\n\r\n?");
    assert_eq!(struck.only().later.map(|later| later.0), Some(body.to_owned()));
}

#[test]
fn who_waits_for_the_body_in_vain_learns_how_much_came_when_the_connection_breaks() {
    let reads = [bytes(&format!("{PUT}ab")), Read::Pause, Read::Fails(io::ErrorKind::ConnectionReset)];
    let mut struck = Struck::in_body(4, Fault::Reset, reads);
    assert!(waits(struck.scene.run()));
    assert_eq!((struck.only().later, struck.only().ended), (None, None));
    assert_eq!(struck.scene.run_all(), Fate::Close);
    let Struck { scene, service } = struck;
    drop(scene);
    let seen = service.journal.lock()[0].clone();
    assert_eq!((seen.later, seen.ended), (Some(("ab".to_owned(), None)), Some(Ended::ClientGone)));
}
