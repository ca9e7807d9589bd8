//! Which rule answers, while only the head of a request is there.

use crate::matchers::subject::Subject;

use super::index::Ranked;
use super::{Answering, Rules, Selected};

/// What the head of a request decides.
pub(crate) enum ByHead {
    /// This rule answers, and does not wait for the body. The hit is counted.
    Selected(Selected),
    /// The body is needed. Rules from `asked_down_to` on need not be asked again, and must not.
    NeedsBody { asked_down_to: Option<usize> },
    /// No rule can fit.
    Nothing,
}

impl Rules {
    /// Asks the rules, the newest first, whether the head of a request is enough. Asks no closure.
    pub(crate) fn select_by_head(&self, subject: &Subject<'_>) -> ByHead {
        let mut below = u64::MAX;
        let mut asked_down_to = None;
        while let Some(Ranked { rank, rule }) = self.newest_below(below, subject) {
            below = rank;
            if !rule.pattern.is_plain() && !rule.pattern.head_may_fit(subject) {
                continue;
            }
            let Some(handler) = rule.handler.lock().clone() else { continue };
            let is_early = !matches!(handler, Answering::Handler(_));
            if !is_early || rule.pattern.needs_body() || rule.pattern.asks_author() {
                return ByHead::NeedsBody { asked_down_to };
            }
            match rule.claim() {
                Some(hit) => return ByHead::Selected(Rules::selected(rule, handler, hit, subject)),
                // It spares this request, and has counted it.
                None => asked_down_to = usize::try_from(rank).ok(),
            }
        }
        match asked_down_to {
            Some(_) => ByHead::NeedsBody { asked_down_to },
            None => ByHead::Nothing,
        }
    }
}
