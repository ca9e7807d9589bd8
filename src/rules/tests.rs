//! Which rule answers: by age, shape, method, limit, and what its closures say.

use std::sync::atomic::AtomicBool;
use std::sync::{Barrier, OnceLock};
use std::thread;

use rstest::rstest;

use super::*;
use crate::matchers::pattern::{any, any_of, get, post};
use crate::matchers::subject::Memo;
use crate::matchers::times::IntoTimes;

#[derive(Default)]
struct Stage {
    rules: Arc<Rules>,
    cores: Vec<Arc<RuleCore>>,
}

impl Stage {
    fn of(patterns: &[Pattern]) -> Stage {
        let mut stage = Stage::default();
        for pattern in patterns {
            stage.add(Declaration::of(pattern.clone()));
        }
        stage
    }

    fn add(&mut self, declared: Declaration) -> Arc<RuleCore> {
        let handler = Answering::Handler(Arc::new(|_: &Request| Response::new(204)));
        let core = Arc::new(RuleCore::new(declared, handler, Weak::<()>::new()));
        self.rules.add(core.clone());
        self.cores.push(core.clone());
        core
    }

    fn remove(&self, at: usize) {
        self.rules.remove(&self.cores[at]);
    }

    /// The position of the rule that answers.
    fn answers(&self, method: &str, path: &str) -> Option<usize> {
        let request = request(method, path);
        let selected = self.rules.select(&Subject::new(&request, &Memo::default()), None).unwrap()?;
        self.cores.iter().position(|core| Arc::ptr_eq(core, &selected.rule))
    }

    /// The positions of all rules that answer, one after the other, each being removed then.
    fn answers_in_turn(&self, method: &str, path: &str) -> Vec<usize> {
        std::iter::from_fn(|| self.answers(method, path).inspect(|at| self.remove(*at))).collect()
    }

    fn may_fit(&self, method: &str, path: &str) -> bool {
        !matches!(self.rules.select_by_head(&Subject::new(&request(method, path), &Memo::default())), ByHead::Nothing)
    }
}

fn request(method: &str, path: &str) -> Request {
    http::Request::builder().method(method).uri(path).body(()).unwrap().into()
}

fn promising(pattern: &Pattern, times: impl IntoTimes) -> Declaration {
    Declaration { promise: Some(times.into_times()), ..Declaration::of(pattern.clone()) }
}

fn limited(pattern: &Pattern, limit: usize) -> Declaration {
    Declaration { limit: Some(limit), ..Declaration::of(pattern.clone()) }
}

#[test]
fn the_newest_rule_that_fits_wins_whatever_its_shape() {
    let patterns = [get("/a"), get("/{name}"), get("/a"), any(), post("/a"), get("/b/{*rest}"), get("/{*rest}"), any()];
    let stage = Stage::of(&patterns);
    assert_eq!(stage.answers_in_turn("GET", "/a"), [7, 6, 3, 2, 1, 0]);
    assert_eq!(stage.answers_in_turn("POST", "/a"), [4]);
    assert_eq!(stage.answers_in_turn("GET", "/b/c"), [5]);
    assert!(stage.rules.all().is_empty());
}

#[rstest]
#[case::one_segment("/users", &["/{one}", "/{*rest}"])]
#[case::two_segments("/users/7", &["/users/{id}", "/users/{*rest}", "/{a}/{b}", "/{*rest}"])]
#[case::literal_segments_and_names("/users/7/posts", &["/users/{id}/posts", "/users/{*rest}", "/{a}/7/{b}", "/{*rest}"])]
#[case::names_before_literal_segments("/x/7/8", &["/{a}/7/{b}", "/{*rest}"])]
#[case::a_slash_at_the_end("/users/7/", &["/users/{id}/", "/users/{*rest}", "/{*rest}"])]
#[case::an_empty_rest("/users/", &["/users/{*rest}", "/{*rest}"])]
#[case::the_root("/", &["/{*rest}"])]
#[case::empty_segments("//a//", &["//{x}//", "/{*rest}"])]
#[case::an_encoded_slash("/users/a%2Fb", &["/users/{id}", "/users/{*rest}", "/{a}/{b}", "/{*rest}"])]
#[case::an_encoded_segment("/caf%C3%A9/7", &["/caf%c3%a9/{id}", "/café/{id}", "/{a}/{b}", "/{*rest}"])]
#[case::no_path("*", &[])]
fn templates_are_found_by_every_way_through_them_newest_first(#[case] path: &str, #[case] fitting: &[&str]) {
    let templates = [
        "/{*rest}",
        "/{one}",
        "/{a}/{b}",
        "//{x}//",
        "/café/{id}",
        "/caf%c3%a9/{id}",
        "/{a}/7/{b}",
        "/users/{*rest}",
        "/users/{id}",
        "/users/{id}/",
        "/users/{id}/posts",
    ];
    let stage = Stage::of(&templates.map(get));
    let newest_first: Vec<&str> = stage.answers_in_turn("GET", path).into_iter().map(|at| templates[at]).collect();
    let mut expected = fitting.to_vec();
    expected.sort_by_key(|template| std::cmp::Reverse(templates.iter().position(|other| other == template)));
    assert_eq!(newest_first, expected);
}

#[test]
fn one_of_a_thousand_paths_is_found() {
    let patterns: Vec<Pattern> = (0..1000).map(|at| get(format!("/mock/{at}"))).collect();
    let stage = Stage::of(&patterns);
    for at in [0, 1, 499, 998, 999] {
        assert_eq!(stage.answers("GET", &format!("/mock/{at}")), Some(at));
    }
    assert_eq!(stage.answers("GET", "/mock/1000"), None);
}

#[test]
fn one_of_a_thousand_templates_is_found_and_each_can_be_removed() {
    let templates = |at: usize| [format!("/mock/{{n}}/x{at}"), format!("/y{at}/{{n}}"), format!("/z/{at}/{{*rest}}")];
    let patterns: Vec<Pattern> = (0..1000).flat_map(templates).map(get).collect();
    let stage = Stage::of(&patterns);
    for at in [0, 1, 499, 998, 999] {
        assert_eq!(stage.answers("GET", &format!("/mock/7/x{at}")), Some(3 * at));
        assert_eq!(stage.answers("GET", &format!("/y{at}/7")), Some(3 * at + 1));
        assert_eq!(stage.answers("GET", &format!("/z/{at}/7/8")), Some(3 * at + 2));
    }
    assert_eq!(stage.answers("GET", "/mock/7/x1000"), None);
    stage.cores.iter().for_each(|core| stage.rules.remove(core));
    assert_eq!(stage.answers("GET", "/mock/7/x0"), None);
}

#[test]
fn a_path_of_any_depth_costs_no_more_than_the_deepest_template() {
    let stage = Stage::of(&[get("/{a}/{b}"), get("/a/{*rest}")]);
    let deep = "/a".repeat(30_000);
    assert_eq!(stage.answers("GET", &deep), Some(1));
    assert_eq!(stage.answers("GET", &deep.replace("/a", "/b")), None);
}

#[test]
fn hits_are_counted_from_one_and_can_be_forgotten() {
    let stage = Stage::of(&[get("/a")]);
    let request = request("GET", "/a");
    let memo = Memo::default();
    let subject = Subject::new(&request, &memo);
    assert_eq!(stage.rules.select(&subject, None).unwrap().map(|selected| selected.hit), Some(1));
    assert_eq!(stage.rules.select(&subject, None).unwrap().map(|selected| selected.hit), Some(2));
    stage.rules.forget_hits();
    assert_eq!(stage.cores[0].hits.load(Relaxed), 0);
}

#[test]
fn a_rule_that_is_used_up_makes_way_for_older_ones_until_counts_begin_anew() {
    let mut stage = Stage::of(&[get("/a")]);
    stage.add(limited(&get("/{name}"), 2));
    stage.add(limited(&any(), 1));
    let turns = |stage: &Stage| [(); 4].map(|()| stage.answers("GET", "/a"));
    assert_eq!(turns(&stage), [Some(2), Some(1), Some(1), Some(0)]);
    assert!(!stage.may_fit("GET", "/b"), "what could fit is used up");
    stage.rules.forget_hits();
    assert_eq!(turns(&stage), [Some(2), Some(1), Some(1), Some(0)]);
}

#[test]
fn a_limit_is_exact_however_many_ask_at_once() {
    const THREADS: usize = 100;
    let mut stage = Stage::of(&[any()]);
    stage.add(limited(&get("/a"), 1));
    stage.add(limited(&get("/{name}").matching("yes", |_| true), 7));
    let barrier = Barrier::new(THREADS);
    let answered = thread::scope(|scope| {
        let ask = || {
            barrier.wait();
            stage.answers("GET", "/a")
        };
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<Option<usize>>>()
    });
    let count = |rule| answered.iter().filter(|by| **by == Some(rule)).count();
    assert_eq!([count(0), count(1), count(2)], [THREADS - 8, 1, 7]);
    assert_eq!(stage.cores[2].hits.load(Relaxed), 7);
}

#[test]
fn closures_decide_newest_first_and_are_asked_with_no_lock_held() {
    let mut stage = Stage::of(&[get("/a")]);
    let rules = Arc::downgrade(&stage.rules);
    let late = Arc::new(OnceLock::<Arc<RuleCore>>::new());
    let known = late.clone();
    let pattern = get("/{name}").matching("removes itself", move |_| {
        if let (Some(rules), Some(rule)) = (rules.upgrade(), known.get()) {
            rules.remove(rule);
        }
        true
    });
    let rule = stage.add(Declaration::of(pattern));
    late.set(rule).unwrap();
    stage.add(Declaration::of(any().matching("no", |_| false)));
    assert_eq!(stage.answers("GET", "/a"), Some(0), "what was removed while it was judged does not answer");
    assert_eq!(stage.cores[1].hits.load(Relaxed), 0);
}

#[test]
fn a_closure_that_panics_is_told_with_its_rule() {
    let stage = Stage::of(&[get("/a"), get("/a").matching("broken", |_| panic!("oh"))]);
    let request = request("GET", "/a");
    let panic = stage.rules.select(&Subject::new(&request, &Memo::default()), None).err().unwrap();
    assert!(Arc::ptr_eq(&panic.rule, &stage.cores[1]));
    assert_eq!(panic.message, "oh");
}

#[test]
fn a_closure_of_a_used_up_rule_is_not_asked() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let mut stage = Stage::of(&[any()]);
    stage.add(limited(&get("/a").matching("counts", move |_| counted.fetch_add(1, Relaxed) < 9), 1));
    assert_eq!([(); 3].map(|()| stage.answers("GET", "/a")), [Some(1), Some(0), Some(0)]);
    assert_eq!(asked.load(Relaxed), 1);
}

#[test]
fn the_head_alone_tells_what_may_fit_and_no_closure_is_asked() {
    let asked = Arc::new(AtomicBool::new(false));
    let tells = asked.clone();
    let asks = move |_: &Request| {
        tells.store(true, Relaxed);
        false
    };
    let stage = Stage::of(&[get("/a"), get("/b/{c}").matching("never", asks), any_of([post("/x"), post("/y")])]);
    assert!(stage.may_fit("GET", "/a"));
    assert!(stage.may_fit("GET", "/b/c"), "a closure may say yes");
    assert!(stage.may_fit("POST", "/y"));
    assert!(!stage.may_fit("GET", "/y"));
    assert!(!stage.may_fit("POST", "/a"));
    assert!(!asked.load(Relaxed));
    assert!(stage.cores.iter().all(|core| core.hits.load(Relaxed) == 0));
}

#[test]
fn a_broken_promise_is_told_once_for_each_count() {
    let mut stage = Stage::default();
    stage.add(promising(&get("/a"), 1));
    stage.add(promising(&get("/b"), ..));
    let told = |stage: &Stage| -> Vec<usize> { stage.rules.newly_broken().into_iter().map(|(_, hits)| hits).collect() };
    assert_eq!(told(&stage), [0]);
    assert!(told(&stage).is_empty());
    assert_eq!(stage.answers("GET", "/a"), Some(0));
    assert!(told(&stage).is_empty());
    assert_eq!(stage.answers("GET", "/a"), Some(0));
    assert_eq!(told(&stage), [2]);
    stage.rules.forget_hits();
    assert_eq!(told(&stage), [0]);
}

#[test]
fn a_broken_promise_is_new_to_one_however_many_ask_at_once() {
    const THREADS: usize = 8;
    let mut stage = Stage::default();
    let rule = stage.add(promising(&get("/a"), 0));
    for round in 1..=200 {
        rule.hits.store(round, Relaxed);
        let barrier = Barrier::new(THREADS);
        let ask = || {
            barrier.wait();
            rule.newly_broken()
        };
        let told: Vec<usize> = thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(told, [round]);
    }
}

#[test]
fn a_broken_promise_is_told_each_time_to_who_asks_for_all() {
    let mut stage = Stage::default();
    stage.add(promising(&get("/a"), 1));
    let told = |stage: &Stage| stage.rules.broken().len();
    assert_eq!([told(&stage), told(&stage)], [1, 1]);
    assert!(stage.rules.newly_broken().is_empty());
}

#[test]
fn a_promise_that_was_checked_for_the_last_time_is_forgotten() {
    let mut stage = Stage::default();
    for path in ["/a", "/b", "/c"] {
        stage.add(promising(&get(path), 1));
    }
    stage.rules.forget_promise(&stage.cores[1]);
    stage.rules.forget_promise(&stage.cores[1]);
    let broken: Vec<String> = stage.rules.broken().into_iter().map(|(rule, _)| rule.shown()).collect();
    assert_eq!(broken, ["GET /a", "GET /c"]);
}

#[test]
fn a_promise_outlives_its_rule_and_its_count_is_final_then() {
    let mut stage = Stage::default();
    stage.add(promising(&get("/kept"), 1));
    stage.add(promising(&get("/broken"), 1));
    assert_eq!(stage.answers("GET", "/kept"), Some(0));
    stage.remove(0);
    stage.remove(1);
    stage.rules.forget_hits();
    let broken: Vec<String> = stage.rules.newly_broken().into_iter().map(|(rule, _)| rule.shown()).collect();
    assert_eq!(broken, ["GET /broken"]);
    stage.rules.clear();
    assert!(stage.rules.newly_broken().is_empty());
}

#[test]
fn a_rule_is_shown_by_its_name_and_pattern() {
    let mut stage = Stage::of(&[post("/login")]);
    let named = Declaration { name: Some("login".to_owned()), ..Declaration::of(post("/login")) };
    stage.add(named);
    assert_eq!(stage.cores[0].shown(), "POST /login");
    assert_eq!(stage.cores[1].shown(), "\"login\" (POST /login)");
}

#[test]
fn a_rule_with_a_chance_leaves_the_others_to_older_rules_and_counts_those_it_answers() {
    let mut stage = Stage::of(&[get("/a")]);
    stage.add(Declaration { chance: Chance::Every(3), limit: Some(2), ..Declaration::of(get("/a")) });
    let turns = |stage: &Stage| [(); 9].map(|()| stage.answers("GET", "/a"));
    let expected = [0, 0, 1, 0, 0, 1, 0, 0, 0].map(Some);
    assert_eq!(turns(&stage), expected);
    assert_eq!(stage.cores.iter().map(|rule| rule.hits.load(Relaxed)).collect::<Vec<_>>(), [7, 2]);
    stage.answers("GET", "/a");
    stage.rules.forget_hits();
    assert_eq!(turns(&stage), expected, "what was considered before is forgotten");
}

#[test]
fn a_chance_is_exact_however_many_ask_at_once() {
    const THREADS: usize = 60;
    let mut stage = Stage::of(&[any()]);
    stage.add(Declaration { chance: Chance::Every(3), ..Declaration::of(get("/a")) });
    let barrier = Barrier::new(THREADS);
    let ask = || {
        barrier.wait();
        stage.answers("GET", "/a")
    };
    let answered = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<Option<usize>>>()
    });
    assert_eq!(answered.iter().filter(|by| **by == Some(1)).count(), THREADS / 3);
}
