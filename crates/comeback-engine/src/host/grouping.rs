//! A host and its group: hosts behind one address that share a limit also share a pace, which the governor keeps.
//!
//! A host that has a place in a group keeps no pace of its own and comes into no trouble of its own over bare refusals; what servers say
//! about when to come back holds all the same, and so do its window and its patience. A trouble that it
//! is in stays, with its next probe, whether it joins or leaves: a group may ask it later, never earlier.

use comeback_diagnosis::clock::Monotonic;

use super::Host;
use super::pace::Pace;

/// How long a host that left a group tells nothing that could lead to another, in milliseconds.
const ALONE_MS: u64 = 20_000;

/// Whether a host's pace is its group's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grouping {
    /// It is its own; from this time on the governor is told of refusals.
    Alone { from: Monotonic },
    /// It is its group's.
    Grouped,
}

impl Host {
    pub(crate) const fn is_grouped(&self) -> bool {
        match self.grouping {
            Grouping::Grouped => true,
            Grouping::Alone { from: _ } => false,
        }
    }

    /// Whether the governor may be told of a refusal. A probe in vain is the host's own: at its gaps it meets others by chance.
    pub(crate) fn is_groupable(&self, now: Monotonic) -> bool {
        match self.grouping {
            Grouping::Grouped => true,
            Grouping::Alone { from } => from <= now && self.trouble.as_ref().is_none_or(|trouble| trouble.probes == 0),
        }
    }

    /// Its group keeps the pace; a trouble of its own lasts until it is accepted again.
    pub(crate) fn join_group(&mut self) {
        self.grouping = Grouping::Grouped;
        self.pace = Pace::default();
        self.look = None;
    }

    /// It is asked by itself again, carefully, from the pace that it had in its group.
    pub(crate) fn leave_group(&mut self, now: Monotonic, gap_us: u64) {
        self.grouping = Grouping::Alone { from: now.plus_ms(ALONE_MS) };
        self.pace = Pace::known(now, gap_us);
        self.window.restart();
    }
}
