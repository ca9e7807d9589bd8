//! Plans that stand at gates.

use crate::gate::Gate;

use super::{Plan, Step};

impl Plan {
    /// Stands at a gate before the head.
    pub(super) fn held(mut self, gate: Gate) -> Plan {
        self.steps.insert(self.before_head(), Step::Hold(gate));
        self
    }

    /// Stands at a gate behind so many bytes of the body, or at its end.
    pub(super) fn held_in_body(mut self, bytes: u64, gate: Gate) -> Plan {
        let place = self.in_body(bytes);
        self.steps.insert(place, Step::Hold(gate));
        self
    }
}
