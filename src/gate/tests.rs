use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;

use rstest::rstest;

use super::*;

/// Far longer than anything takes: a test that would hang fails instead.
const LIMIT: Duration = Duration::from_secs(30);

fn silent() -> Wake {
    Arc::new(|| ())
}

/// Counts how often it was woken.
fn counting() -> (Wake, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let wake = move || {
        counted.fetch_add(1, SeqCst);
    };
    (Arc::new(wake), count)
}

fn told(run: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(run)).expect_err("it panics");
    let literal = payload.downcast_ref::<&str>().map(ToString::to_string);
    literal.or_else(|| payload.downcast_ref::<String>().cloned()).expect("a panic with a text")
}

#[test]
fn a_closed_gate_holds_and_an_open_one_does_not() {
    let gate = Gate::new();
    let place = gate.stand(silent());
    assert_eq!((place.may_go(), gate.held()), (false, 1));
    gate.open();
    assert_eq!((place.may_go(), gate.held()), (true, 0));
    assert!(gate.stand(silent()).may_go());
}

#[test]
fn who_was_let_go_stays_let_go() {
    let gate = Gate::default();
    let before = gate.stand(silent());
    gate.open();
    gate.close();
    let after = gate.stand(silent());
    assert_eq!((before.may_go(), after.may_go(), gate.held()), (true, false, 1));
}

#[test]
fn who_stands_there_is_woken_once_outside_the_lock() {
    let gate = Gate::new();
    let (seen, looking) = (Arc::new(Mutex::new(Vec::new())), gate.clone());
    let noted = seen.clone();
    let look: Wake = Arc::new(move || noted.lock().push(looking.held()));
    let (wake, count) = counting();
    let _places = [gate.stand(look), gate.stand(wake)];
    gate.open();
    gate.open();
    assert_eq!((seen.lock().clone(), count.load(SeqCst)), (vec![0], 1));
}

#[test]
fn who_has_left_is_not_woken() {
    let gate = Gate::new();
    let (wake, count) = counting();
    drop(gate.stand(wake));
    assert_eq!(gate.held(), 0);
    gate.open();
    assert_eq!(count.load(SeqCst), 0);
}

#[test]
fn a_barrier_opens_when_all_have_come_and_again_after_it_was_closed() {
    let gate = Gate::barrier(3);
    for _ in 0..2 {
        let (wake, count) = counting();
        let early = [gate.stand(wake.clone()), gate.stand(wake.clone())];
        assert!(early.iter().all(|place| !place.may_go()));
        let last = gate.stand(wake.clone());
        assert!(last.may_go() && early.iter().all(Place::may_go));
        assert!(gate.stand(wake).may_go(), "it stays open");
        assert_eq!(count.load(SeqCst), 2, "the last need not be woken");
        gate.close();
    }
}

#[test]
fn who_leaves_a_barrier_does_not_count() {
    let gate = Gate::barrier(2);
    drop(gate.stand(silent()));
    assert!(!gate.stand(silent()).may_go());
}

#[test]
fn a_barrier_for_nobody_is_a_mistake() {
    let text = told(|| drop(Gate::barrier(0)));
    assert!(text.contains("Gate::barrier(2)"), "{text}");
}

#[test]
fn a_gate_that_opens_misses_nobody_who_comes_meanwhile() {
    for _ in 0..1_000 {
        let gate = Gate::new();
        let (wake, count) = counting();
        thread::scope(|scope| {
            scope.spawn(|| gate.open());
            let place = gate.stand(wake);
            if !place.may_go() {
                let start = Instant::now();
                while count.load(SeqCst) == 0 {
                    assert!(start.elapsed() < LIMIT, "it was not woken");
                    thread::yield_now();
                }
            }
            assert!(place.may_go());
        });
    }
}

#[test]
fn a_barrier_lets_all_go_however_they_come() {
    for _ in 0..250 {
        let gate = Gate::barrier(4);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| gate.wait());
            }
        });
        assert_eq!(gate.held(), 0);
    }
}

#[test]
fn a_test_waits_until_so_many_stand_there() {
    let gate = Gate::new();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| gate.wait());
        }
        gate.wait_held(3, LIMIT);
        gate.wait_held(2, Duration::ZERO);
        assert_eq!(gate.held(), 3);
        gate.open();
    });
}

#[test]
fn a_test_that_waits_learns_of_those_who_have_gone_on_already() {
    let gate = Gate::barrier(2);
    thread::scope(|scope| {
        let watching = scope.spawn(|| gate.wait_held(2, LIMIT));
        while gate.inner.state.lock().watching.is_empty() {
            thread::yield_now();
        }
        scope.spawn(|| gate.wait());
        scope.spawn(|| gate.wait());
        assert!(watching.join().is_ok());
    });
}

#[rstest]
#[case::nothing(Gate::new(), 0, 1, &["expected 1 request to stand at the gate within 1ms, but nothing did", ".hold(&gate)"])]
#[case::too_few(Gate::new(), 1, 2, &["expected 2 requests to stand at the gate within 1ms, but 1 did", "one after the other"])]
#[case::a_small_barrier(Gate::barrier(2), 1, 3, &["but 1 did", "a barrier of 2, which opens before 3"])]
#[case::a_barrier_that_opened(Gate::barrier(2), 2, 2, &["but nothing did", "open since as many stood at it"])]
fn who_waits_in_vain_learns_why(
    #[case] gate: Gate,
    #[case] there: usize,
    #[case] wanted: usize,
    #[case] parts: &[&str],
) {
    let _places: Vec<Place> = (0..there).map(|_| gate.stand(silent())).collect();
    let text = told(|| gate.wait_held(wanted, Duration::from_millis(1)));
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in {text}");
    }
}

#[test]
fn an_open_gate_holds_nobody_and_says_so() {
    let gate = Gate::new();
    gate.open();
    let text = told(|| gate.wait_held(1, Duration::from_millis(1)));
    assert!(text.contains("the gate is open"), "{text}");
}

#[test]
fn what_runs_for_a_server_waits_no_longer_than_that() {
    let (gate, lifeline) = (Gate::new(), Arc::new(Lifeline::default()));
    thread::scope(|scope| {
        let handler = scope.spawn(|| lifeline.run(|| gate.wait()));
        gate.wait_held(1, LIMIT);
        lifeline.cut();
        assert!(handler.join().is_ok());
    });
    assert_eq!(gate.held(), 0);
    lifeline.run(|| gate.wait());
}

#[test]
fn a_cut_misses_nobody_who_comes_meanwhile() {
    for _ in 0..1_000 {
        let (gate, lifeline) = (Gate::new(), Arc::new(Lifeline::default()));
        thread::scope(|scope| {
            scope.spawn(|| lifeline.cut());
            lifeline.run(|| gate.wait());
        });
        assert_eq!(gate.held(), 0);
    }
}

#[test]
fn another_server_has_a_lifeline_of_its_own() {
    let gate = Gate::new();
    let [outer, inner] = [(); 2].map(|()| Arc::new(Lifeline::default()));
    thread::scope(|scope| {
        let handler = scope.spawn(|| {
            outer.run(|| {
                inner.run(|| inner.cut());
                // That one's end is none of this one's.
                gate.wait();
            });
        });
        gate.wait_held(1, LIMIT);
        assert!(!handler.is_finished());
        outer.cut();
    });
}

#[test]
fn a_panic_leaves_no_lifeline_behind() {
    let lifeline = Arc::new(Lifeline::default());
    let text = told(|| lifeline.run(|| panic!("{}", "on purpose")));
    assert_eq!((text.as_str(), Arc::strong_count(&lifeline)), ("on purpose", 1));
}

#[test]
fn gates_of_one_request_each_are_not_kept_for_as_long_as_the_server_runs() {
    let lifeline = Arc::new(Lifeline::default());
    for _ in 0..1_000 {
        let gate = Gate::new();
        gate.open();
        lifeline.run(|| gate.wait());
    }
    assert!(lifeline.knows() < 16, "{}", lifeline.knows());
}

#[test]
fn a_gate_shows_what_it_is() {
    let gate = Gate::barrier(2);
    let _place = gate.stand(silent());
    assert_eq!(format!("{gate:?}"), "Gate { open: false, held: 1, barrier: 2 }");
}
