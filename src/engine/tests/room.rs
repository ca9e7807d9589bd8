//! How many connections a listener may have.

use super::super::slots::Slots;
use super::super::transport::SharedTransport;
use super::stage::{Peer, unasked};
use super::*;

fn listener_for(max_connections: usize) -> (Slots, usize) {
    let mut slots = Slots::default();
    let listener = slots.add_listener(unasked(Settings { max_connections, ..Settings::default() }));
    (slots, listener)
}

fn transport() -> SharedTransport {
    Arc::new(Mutex::new(Peer::default()))
}

#[test]
fn whoever_is_about_to_accept_counts_as_a_connection() {
    let (mut slots, listener) = listener_for(2);
    assert!(slots.begin_accepting(listener).is_some() && slots.begin_accepting(listener).is_some());
    assert!(slots.begin_accepting(listener).is_none());
}

#[test]
fn who_was_turned_away_looks_again_if_there_was_nobody_to_accept() {
    let (mut slots, listener) = listener_for(1);
    assert!(slots.begin_accepting(listener).is_some());
    assert!(slots.begin_accepting(listener).is_none());
    // The one who was first has found nobody, and now there is somebody.
    assert!(slots.end_accepting(listener));
    assert!(slots.begin_accepting(listener).is_some());
    assert!(!slots.end_accepting(listener));
}

#[test]
fn a_connection_that_leaves_makes_room_and_tells_of_it_once() {
    let (mut slots, listener) = listener_for(1);
    assert!(slots.begin_accepting(listener).is_some());
    assert!(!slots.end_accepting(listener));
    let first = slots.add_connection(listener, transport()).unwrap();
    assert!(slots.begin_accepting(listener).is_none());
    assert_eq!(slots.remove_connection(first).listener, Some(listener));
    assert!(slots.begin_accepting(listener).is_some());
    slots.end_accepting(listener);
    let second = slots.add_connection(listener, transport()).unwrap();
    assert_eq!(slots.remove_connection(second).listener, None, "nobody was turned away");
    assert_eq!(slots.remove_connection(second).listener, None, "it is gone");
}
