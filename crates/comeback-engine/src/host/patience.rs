//! Patience: how long a host may go without an accepted answer.
//!
//! It begins with the first refusal after the host's last accepted answer, whatever the refusal speaks for, and ends with the next
//! accepted answer. It counts only time in which the job runs and there is something to ask.

use comeback_diagnosis::cause::Cause;
use comeback_diagnosis::clock::{Monotonic, Now};

use crate::commit::PatienceRecord;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Patience {
    /// From when it counts.
    pub(crate) since: Monotonic,
    /// Spent before this process took over, in milliseconds.
    spent_before_ms: u64,
    /// Since when there is nothing to ask, if so.
    idle_since: Option<Monotonic>,
    /// The last refusal: what the host's URLs end with, if it is spent.
    pub(crate) cause: Cause,
    pub(crate) evidence: Vec<String>,
}

impl Patience {
    pub(crate) const fn begin(now: Now, cause: Cause, evidence: Vec<String>) -> Self {
        Self { since: now.monotonic, spent_before_ms: 0, idle_since: None, cause, evidence }
    }

    /// An accepted answer to a request from before the trouble: the host still answers some, so it counts anew.
    pub(crate) const fn renew(&mut self, now: Now) {
        self.since = now.monotonic;
        self.spent_before_ms = 0;
    }

    /// Time in which there is nothing to ask does not count.
    pub(crate) fn count_idle_time(&mut self, now: Now, has_work: bool) {
        if has_work {
            let idle_ms = self.idle_since.take().map_or(0, |since| now.monotonic.since_ms(since));
            self.since = self.since.plus_ms(idle_ms);
        } else {
            self.idle_since.get_or_insert(now.monotonic);
        }
    }

    /// When it is spent; `None` while there is nothing to ask.
    pub(crate) const fn spent_at(&self, patience_ms: u64) -> Option<Monotonic> {
        match self.idle_since {
            None => Some(self.since.plus_ms(patience_ms.saturating_sub(self.spent_before_ms))),
            Some(_) => None,
        }
    }

    fn spent_ms(&self, now: Now) -> u64 {
        self.spent_before_ms + self.idle_since.unwrap_or(now.monotonic).since_ms(self.since)
    }

    /// The state, for people.
    pub(crate) fn render(&self, now: Now) -> String {
        let Self { since: _, spent_before_ms: _, idle_since, cause, evidence } = self;
        let idle = if idle_since.is_some() { ", nothing to ask" } else { "" };
        format!("{} ms spent, last refusal {cause} with {} facts{idle}", self.spent_ms(now), evidence.len())
    }

    pub(crate) fn record(&self, now: Now) -> PatienceRecord {
        PatienceRecord {
            since: now.wall_at(self.since),
            spent_ms: self.spent_ms(now),
            cause: self.cause,
            evidence: self.evidence.clone(),
        }
    }

    pub(crate) fn restore(record: &PatienceRecord, now: Now) -> Self {
        let PatienceRecord { since: _, spent_ms, cause, evidence } = record;
        Self { since: now.monotonic, spent_before_ms: *spent_ms, idle_since: None, cause: *cause, evidence: evidence.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use comeback_diagnosis::clock::WallTime;

    fn at(ms: u64) -> Now {
        Now { monotonic: Monotonic(ms), wall: WallTime(ms) }
    }

    #[test]
    fn idle_time_and_time_between_processes_do_not_count() {
        let mut patience = Patience::begin(at(1_000), Cause::Unknown, Vec::new());
        patience.count_idle_time(at(3_000), false);
        assert_eq!(patience.spent_at(10_000), None);
        patience.count_idle_time(at(50_000), true);
        assert_eq!(patience.spent_at(10_000), Some(Monotonic(58_000)));
        let record = patience.record(at(52_000));
        assert_eq!(record.spent_ms, 4_000);
        assert_eq!(Patience::restore(&record, at(7)).spent_at(10_000), Some(Monotonic(6_007)));
    }
}
