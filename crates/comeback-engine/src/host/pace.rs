//! The gap between a host's requests, found from what it accepts.
//!
//! A rate limit shows itself as a run of accepted answers that ends in refusals. The run's rate is what the host allows; the
//! gap is set a little above its inverse, and shrinks slowly while all goes well. A run begins with the incident before it (its
//! wait refills a bucket, so it belongs to the run), but a long outage is cut off: it says nothing about a rate.

use comeback_diagnosis::clock::Monotonic;

/// The longest gap that this ever asks for, in milliseconds.
const GAP_MS_MAX: u64 = 5_000;
/// How much of the wait before a run's first accepted answer belongs to the run, in milliseconds.
const LEAD_MS_MAX: u64 = 1_000;
/// Accepted answers in a row that shorten the gap by a tenth.
const ACCEPTED_TO_SHORTEN: u32 = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Pace {
    gap_ms: u64,
    run_from: Option<Monotonic>,
    incident_at: Option<Monotonic>,
    accepted: u32,
}

impl Pace {
    pub(crate) const fn gap_ms(&self) -> u64 {
        self.gap_ms
    }

    /// A page was accepted.
    pub(crate) fn accepted(&mut self, now: Monotonic) {
        if self.accepted == 0 {
            let lead_from = Monotonic(now.0.saturating_sub(LEAD_MS_MAX));
            self.run_from = Some(self.incident_at.unwrap_or(now).max(lead_from));
        }
        self.accepted += 1;
        if self.accepted.is_multiple_of(ACCEPTED_TO_SHORTEN) {
            self.gap_ms -= self.gap_ms / 10;
        }
    }

    /// The host refused, by a new incident, in a way that asking more slowly may cure.
    pub(crate) fn refused(&mut self, now: Monotonic) {
        if let Some(run_from) = self.run_from.filter(|_| self.accepted > 0) {
            let observed_ms = now.since_ms(run_from) / u64::from(self.accepted);
            let careful_ms = observed_ms + observed_ms / 10;
            self.gap_ms = careful_ms.max(self.gap_ms + self.gap_ms / 4).min(GAP_MS_MAX);
        }
        self.incident_at = Some(now);
        self.run_from = None;
        self.accepted = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaky_bucket_of_five_a_second_is_found() {
        let mut pace = Pace::default();
        pace.accepted(Monotonic(0));
        pace.refused(Monotonic(5));
        for at in [1_005, 1_006, 1_007, 1_008, 1_009] {
            pace.accepted(Monotonic(at));
        }
        pace.refused(Monotonic(1_010));
        assert!((200..=240).contains(&pace.gap_ms()), "{}", pace.gap_ms());
    }

    #[test]
    fn an_outage_is_not_taken_for_a_rate() {
        let mut pace = Pace::default();
        (0..100).for_each(|number| pace.accepted(Monotonic(number * 10)));
        pace.refused(Monotonic(1_000));
        pace.accepted(Monotonic(600_000));
        pace.refused(Monotonic(600_001));
        assert!(pace.gap_ms() <= 1_200, "{}", pace.gap_ms());
    }
}
