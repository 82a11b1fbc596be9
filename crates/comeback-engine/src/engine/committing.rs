//! Committing: about once a second what changed becomes one record, sooner where a server has asked to stay away, and at once at the
//! end.

use std::collections::BTreeSet;

use comeback_diagnosis::clock::{Monotonic, Now, WallTime};

use super::{Engine, HostId};
use crate::commit::Commit;
use crate::ids::BatchSeq;
use crate::output::Output;

/// The longest time between a hold and its commit, in milliseconds: what a crash may make us forget of it.
const HOLD_COMMIT_MS: u64 = 50;

/// What waits for the next commit, and when that is.
#[derive(Debug, Default)]
pub(super) struct CommitClock {
    pub(super) touched: BTreeSet<BatchSeq>,
    pub(super) retired: Vec<BatchSeq>,
    pub(super) parked: Vec<(BatchSeq, u8, WallTime)>,
    pub(super) unfinished: Vec<(BatchSeq, u8)>,
    pub(super) hosts: BTreeSet<HostId>,
    /// Whether a hold is among what changed: after a crash it must not be asked in.
    pub(super) has_hold: bool,
    pub(super) under_way: bool,
    pub(super) last_at: Option<Monotonic>,
}

impl CommitClock {
    fn has_changes(&self) -> bool {
        !self.touched.is_empty() || !self.retired.is_empty() || !self.hosts.is_empty()
    }

    pub(super) fn is_clean(&self) -> bool {
        !self.has_changes() && !self.under_way
    }

    pub(super) const fn committed(&mut self, now: Monotonic) {
        self.under_way = false;
        self.last_at = Some(now);
    }
}

impl Engine {
    /// Notes that a host's lasting state may have changed.
    pub(super) fn note_host(&mut self, id: HostId) {
        if std::mem::take(&mut self.hosts[id].changed) {
            self.commit_clock.hosts.insert(id);
        }
        self.commit_clock.has_hold |= std::mem::take(&mut self.hosts[id].hold_changed);
    }

    /// When the next commit is due, if there is something to commit and none is under way.
    pub(super) fn commit_due_at(&self) -> Option<Monotonic> {
        if self.commit_clock.under_way || !self.commit_clock.has_changes() {
            return None;
        }
        let at_once = (self.unsettled == 0 && self.is_indexed()) || (self.draining && self.under_way() == 0);
        Some(if at_once {
            Monotonic(0)
        } else {
            let gap_ms =
                if self.commit_clock.has_hold { HOLD_COMMIT_MS.min(self.config.commit_ms) } else { self.config.commit_ms };
            self.commit_clock.last_at.map_or(Monotonic(0), |last| last.plus_ms(gap_ms))
        })
    }

    pub(super) fn commit_if_due(&mut self, now: Now) {
        if self.commit_clock.last_at.is_none() {
            // The first second of a run is committed like any other.
            self.commit_clock.last_at = Some(now.monotonic);
        }
        if self.commit_due_at().is_none_or(|at| at > now.monotonic) {
            return;
        }
        let clock = &mut self.commit_clock;
        clock.under_way = true;
        clock.has_hold = false;
        let touched = std::mem::take(&mut clock.touched);
        let retired = std::mem::take(&mut clock.retired);
        let parked = std::mem::take(&mut clock.parked);
        let unfinished = std::mem::take(&mut clock.unfinished);
        let hosts = std::mem::take(&mut clock.hosts);
        let commit = Commit {
            admitted: None,
            batches: touched
                .into_iter()
                .filter_map(|seq| self.batches.get(&seq).map(|batch| (seq, batch.progress.clone())))
                .collect(),
            retired,
            parked,
            hosts: hosts.into_iter().map(|id| self.hosts[id].record(now)).collect(),
            tally: self.tally,
            files: Vec::new(),
            unfinished,
        };
        self.outputs.push_back(Output::Commit(Box::new(commit)));
    }
}
