//! The gap between a host's requests, found from what it accepts.
//!
//! A rate limit shows itself as a run of accepted answers that ends in refusals. The run's rate is what the host allows; the
//! gap is set a little above its inverse, and shrinks slowly while all goes well. A run begins with the incident before it (its
//! wait refills a bucket, so it belongs to the run), but a long outage is cut off: it says nothing about a rate. A gap that comes from
//! such a wait is rough: it is halved with every few accepted answers until a refusal shows where the limit lies.

use comeback_diagnosis::clock::Monotonic;

use super::flapping::Flapping;

/// The longest gap that this ever asks for, in milliseconds.
pub(crate) const GAP_MS_MAX: u64 = 5_000;
/// How much of the wait before a run's first accepted answer belongs to the run, in milliseconds.
const LEAD_MS_MAX: u64 = 1_000;
/// Accepted answers in a row that halve a rough gap.
const ACCEPTED_TO_HALVE: u32 = 4;
/// Accepted answers in a row that shorten the gap by a tenth.
const ACCEPTED_TO_SHORTEN: u32 = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Pace {
    gap_ms: u64,
    /// Whether the gap is a first guess, much longer perhaps than it need be.
    is_rough: bool,
    run_from: Option<Monotonic>,
    incident_at: Option<Monotonic>,
    accepted: u32,
    flapping: Flapping,
}

impl Pace {
    pub(crate) const fn gap_ms(&self) -> u64 {
        self.gap_ms
    }

    /// Whether slowing down was found to change nothing.
    pub(crate) const fn is_flapping(&self) -> bool {
        self.flapping.is_earned()
    }

    /// A page was accepted.
    pub(crate) fn accepted(&mut self, now: Monotonic) {
        if self.accepted == 0 {
            let lead_from = Monotonic(now.0.saturating_sub(LEAD_MS_MAX));
            self.run_from = Some(self.incident_at.unwrap_or(now).max(lead_from));
        }
        self.accepted += 1;
        self.flapping.accepted();
        if self.is_rough && self.accepted.is_multiple_of(ACCEPTED_TO_HALVE) {
            self.gap_ms /= 2;
        } else if self.accepted.is_multiple_of(ACCEPTED_TO_SHORTEN) {
            self.gap_ms -= self.gap_ms / 10;
        }
    }

    /// The host refused, by a new incident, in a way that asking more slowly may cure; `by_chance`: for all that it says, it may
    /// have been chance.
    pub(crate) fn refused(&mut self, now: Monotonic, by_chance: bool) {
        let is_steady = self.gap_ms > 0 && self.run_from.is_some_and(|run_from| now.since_ms(run_from) > 2 * LEAD_MS_MAX);
        if by_chance {
            self.flapping.refused(self.gap_ms, is_steady);
        } else {
            self.flapping = Flapping::Unlikely;
        }
        if self.is_flapping() {
            self.gap_ms = 0;
            self.is_rough = false;
        } else if let Some(run_from) = self.run_from.filter(|_| self.accepted > 0) {
            let observed_ms = now.since_ms(run_from) / u64::from(self.accepted);
            let careful_ms = observed_ms + observed_ms / 10;
            let refused_ms = self.gap_ms + self.gap_ms / 2;
            // A run that outlasted its lead was ended by its own gap; a shorter one by what the wait had refilled.
            self.is_rough = !is_steady && careful_ms > refused_ms;
            self.gap_ms = if is_steady { refused_ms } else { careful_ms.max(refused_ms) }.min(GAP_MS_MAX);
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
        pace.refused(Monotonic(5), true);
        for at in [1_005, 1_006, 1_007, 1_008, 1_009] {
            pace.accepted(Monotonic(at));
        }
        pace.refused(Monotonic(1_010), true);
        assert!((200..=240).contains(&pace.gap_ms()), "{}", pace.gap_ms());
    }

    /// Plays a limiter without burst that wants `least_ms` between requests; returns refusals and time for 100 pages.
    fn play(least_ms: u64) -> (u32, u64) {
        let (mut pace, mut now, mut allowed_at, mut refusals, mut pages) = (Pace::default(), 0, 0, 0, 0);
        while pages < 100 {
            if now >= allowed_at {
                pages += 1;
                allowed_at = now + least_ms;
                pace.accepted(Monotonic(now));
                now += pace.gap_ms().max(1);
            } else {
                refusals += 1;
                pace.refused(Monotonic(now), true);
                now += 1_000;
            }
        }
        (refusals, now)
    }

    #[test]
    fn a_limit_without_burst_is_found_with_few_refusals() {
        for least_ms in [20, 50, 100, 200, 400, 1_000] {
            let (refusals, now) = play(least_ms);
            assert!(refusals <= 8 && now <= 100 * least_ms * 2 + 10_000, "{least_ms} ms: {refusals} refusals, {now} ms");
        }
    }

    #[test]
    fn a_flapping_host_is_not_slowed_down_for_ever() {
        let mut times: Vec<u64> = (0..100).map(|rng_seed| play_flapping(rng_seed, 200)).collect();
        times.sort_unstable();
        // Fifty refusals cost a second each, whatever the pace.
        assert!(times[50] < 100_000 && times[95] < 180_000, "median {} ms, 95 of 100 within {} ms", times[50], times[95]);
    }

    /// Plays a host that refuses a fifth of all requests; returns the time for so many pages.
    fn play_flapping(rng_seed: u64, pages: u32) -> u64 {
        let mut chance = crate::chance::Chance::from_rng_seed(rng_seed);
        let (mut pace, mut now, mut had) = (Pace::default(), 0, 0);
        while had < pages {
            if chance.up_to(9) < 2 {
                pace.refused(Monotonic(now), true);
                now += 1_000;
            } else {
                had += 1;
                pace.accepted(Monotonic(now));
                now += pace.gap_ms().max(1);
            }
        }
        now
    }

    #[test]
    fn an_outage_is_not_taken_for_a_rate() {
        let mut pace = Pace::default();
        (0..100).for_each(|number| pace.accepted(Monotonic(number * 10)));
        pace.refused(Monotonic(1_000), true);
        pace.accepted(Monotonic(600_000));
        pace.refused(Monotonic(600_001), true);
        assert!(pace.gap_ms() <= 1_200, "{}", pace.gap_ms());
    }
}
