//! A host's trouble: from the first refusal that speaks for the host until an accepted answer.
//!
//! While it lasts there is one probe at a time, at gaps growing by 1.7 from one second, with a small jitter that only ever
//! adds. Requests that were under way when it began, or when it was last confirmed, belong to the same incident and confirm
//! nothing. Where the server states when to come back, the probe comes then and the gap does not grow, until the server has
//! said so [`STATED_TRUSTED_MAX`] times in vain; from then on the later of both counts.

use comeback_diagnosis::cause::Cause;
use comeback_diagnosis::clock::{Monotonic, Now};

use crate::chance::Chance;
use crate::commit::TroubleRecord;

/// The first gap between probes, in milliseconds.
pub(crate) const PROBE_GAP_MS_FIRST: u64 = 1_000;
/// How many requests must meet the same lasting failure before nobody asks any more.
const LASTING_CONFIRMED: u32 = 3;
/// How often a stated time to come back is taken at its word.
const STATED_TRUSTED_MAX: u32 = 8;
/// The most that jitter adds, in percent.
const JITTER_PERCENT_MAX: u64 = 3;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trouble {
    /// When it began.
    pub(crate) began_at: Monotonic,
    /// When it began or was last confirmed.
    pub(crate) step_at: Monotonic,
    pub(crate) gap_ms: u64,
    pub(crate) probes: u32,
    pub(crate) stated: u32,
    /// Requests in a row that met a failure which waiting does not cure.
    pub(crate) lasting: u32,
    pub(crate) next_probe_at: Monotonic,
    pub(crate) cause: Cause,
    /// The URL whose refusals all of this is, as long as it is only one.
    pub(crate) only_url: Option<u64>,
}

/// A refusal, as a trouble sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// When the refused request was started.
    pub(crate) asked_at: Monotonic,
    /// The number of its URL.
    pub(crate) url: u64,
    pub(crate) cause: Cause,
    /// Whether waiting does not cure it.
    pub(crate) is_lasting: bool,
    /// Until when the server asked us to stay away, where it did.
    pub(crate) stated: Option<Monotonic>,
}

impl Trouble {
    /// The trouble that a first refusal begins.
    pub(crate) fn begin(now: Now, refusal: Refusal, chance: &mut Chance) -> Self {
        let Refusal { asked_at: _, url, cause, is_lasting, stated } = refusal;
        let mut trouble = Self {
            began_at: now.monotonic,
            step_at: now.monotonic,
            gap_ms: 0,
            probes: 0,
            stated: 0,
            lasting: u32::from(is_lasting),
            next_probe_at: now.monotonic,
            cause,
            only_url: Some(url),
        };
        trouble.step(now, stated, chance);
        trouble
    }

    /// A refusal while it stands.
    pub(crate) fn confirm(&mut self, now: Now, refusal: Refusal, chance: &mut Chance) {
        let Refusal { asked_at, url, cause, is_lasting, stated } = refusal;
        self.cause = cause;
        self.only_url = self.only_url.filter(|only| *only == url);
        // A probe is asked at least a gap later; what was asked in the same millisecond was asked before.
        if asked_at <= self.step_at {
            self.next_probe_at = self.next_probe_at.max(stated.unwrap_or_default());
            return;
        }
        self.probes += 1;
        self.lasting = if is_lasting { self.lasting + 1 } else { 0 };
        self.step(now, stated, chance);
    }

    /// Whether it is a failure that waiting does not cure, met often enough to be sure.
    pub(crate) const fn is_incurable(&self) -> bool {
        self.lasting >= LASTING_CONFIRMED
    }

    fn step(&mut self, now: Now, stated: Option<Monotonic>, chance: &mut Chance) {
        self.step_at = now.monotonic;
        if let Some(until) = stated {
            self.stated += 1;
            if self.stated <= STATED_TRUSTED_MAX {
                self.next_probe_at = until;
                return;
            }
        }
        self.gap_ms = if self.gap_ms == 0 { PROBE_GAP_MS_FIRST } else { self.gap_ms.saturating_mul(17) / 10 };
        let jitter_ms = chance.up_to(self.gap_ms * JITTER_PERCENT_MAX / 100);
        let own = now.monotonic.plus_ms(self.gap_ms + jitter_ms);
        self.next_probe_at = own.max(stated.unwrap_or_default());
    }

    /// The trouble's state, for people.
    pub(crate) fn render(&self, now: Now) -> String {
        let Self { began_at, step_at, gap_ms, probes, stated, lasting, next_probe_at, cause, only_url } = self;
        let began_ms = now.monotonic.since_ms(*began_at);
        let ago_ms = now.monotonic.since_ms(*step_at);
        let next_ms = next_probe_at.since_ms(now.monotonic);
        let lone = if only_url.is_some() { ", one URL only" } else { "" };
        let lasts = if *lasting > 0 { ", waiting is no cure" } else { "" };
        format!(
            "({cause}{lone}{lasts}) for {began_ms} ms: {probes} probes, {stated} stated times, last refusal {ago_ms} ms ago, next probe in {next_ms} ms, gap {gap_ms} ms"
        )
    }

    pub(crate) fn record(&self, now: Now) -> TroubleRecord {
        let Self { began_at: _, step_at: _, gap_ms, probes, stated, lasting: _, next_probe_at, cause, only_url: _ } = self;
        let next_probe_at = now.wall_at(*next_probe_at);
        TroubleRecord { gap_ms: *gap_ms, probes: *probes, stated: *stated, next_probe_at, cause: *cause }
    }

    /// Takes a recorded trouble over. The next probe is never later than its gap from now, whatever the wall clock did.
    pub(crate) fn restore(record: &TroubleRecord, now: Now) -> Self {
        let TroubleRecord { gap_ms, probes, stated, next_probe_at, cause } = record;
        let left_ms = next_probe_at.since_ms(now.wall).min((*gap_ms).max(PROBE_GAP_MS_FIRST));
        Self {
            began_at: now.monotonic,
            step_at: now.monotonic,
            gap_ms: *gap_ms,
            probes: *probes,
            stated: *stated,
            lasting: 0,
            next_probe_at: now.monotonic.plus_ms(left_ms),
            cause: *cause,
            only_url: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Now {
        Now { monotonic: Monotonic(ms), wall: comeback_diagnosis::clock::WallTime(ms) }
    }

    fn refusal(asked_at: Monotonic, stated: Option<Monotonic>) -> Refusal {
        Refusal { asked_at, url: 1, cause: Cause::Unknown, is_lasting: false, stated }
    }

    /// The times of the requests that a dead host gets within `patience_ms`.
    fn probes_of_a_dead_host(patience_ms: u64, rng_seed: u64) -> Vec<u64> {
        let mut chance = Chance::from_rng_seed(rng_seed);
        let mut trouble = Trouble::begin(at(0), refusal(Monotonic(0), None), &mut chance);
        let mut times = vec![0];
        while trouble.next_probe_at < Monotonic(patience_ms) {
            let now = at(trouble.next_probe_at.0);
            times.push(now.monotonic.0);
            trouble.confirm(now, refusal(now.monotonic, None), &mut chance);
        }
        times
    }

    #[test]
    fn a_dead_host_gets_eight_requests_in_a_minute_and_twelve_in_ten() {
        for rng_seed in 0..100 {
            assert_eq!(probes_of_a_dead_host(60_000, rng_seed).len(), 8);
            assert_eq!(probes_of_a_dead_host(600_000, rng_seed).len(), 12);
        }
    }

    #[test]
    fn a_burst_of_refusals_is_one_incident() {
        let mut chance = Chance::from_rng_seed(1);
        let mut trouble = Trouble::begin(at(100), refusal(Monotonic(99), None), &mut chance);
        let next = trouble.next_probe_at;
        for _ in 0..15 {
            trouble.confirm(at(101), refusal(Monotonic(99), None), &mut chance);
        }
        assert_eq!((trouble.next_probe_at, trouble.probes), (next, 0));
    }

    #[test]
    fn a_stated_time_is_trusted_at_first_only() {
        let mut chance = Chance::from_rng_seed(1);
        let mut now = at(0);
        let mut trouble = Trouble::begin(now, refusal(now.monotonic, Some(Monotonic(10))), &mut chance);
        for _ in 0..20 {
            now = at(trouble.next_probe_at.0);
            trouble.confirm(now, refusal(now.monotonic, Some(now.monotonic.plus_ms(10))), &mut chance);
        }
        assert!(trouble.gap_ms > 100_000);
    }
}
