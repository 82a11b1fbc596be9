//! What a host has shown to allow, whatever limits it: the evidence that refusals come by chance.
//!
//! A refusal finds a limit used up. From then on a bucket accepts what drips into it, a counter what its windows hold: so many answers
//! accepted in so long a time show a gap that no limit refuses. A request that keeps this gap, when all before it are paid for at this
//! gap, is *within* any limit. If it is refused all the same, refusals come by chance. A server that sheds load or is overloaded accepts
//! no more than it allows, however fast it is asked, and never shows too short a gap.
//!
//! It is not an estimate of the limit: the gap that it shows is longer than the limit's.

use comeback_diagnosis::clock::Monotonic;

/// The longest time that a server counts by, in milliseconds.
const COUNTED_MS: u64 = 1_000;
/// Accepted answers that show a gap.
const ACCEPTED_MIN: u64 = 2;
/// How many of the answers within any limit may be accepted for each that is refused, if refusals come by chance.
const ACCEPTED_FOR_EACH: u32 = 20;
/// How many more refusals within any limit it takes each time that it was not chance.
const REFUSED_FOR_WRONG: u32 = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Shown {
    /// The refusal that it counts from, and what was accepted since.
    since: Option<Monotonic>,
    accepted: u64,
    /// A gap that no limit refuses, in microseconds, if one is known.
    gap_us: Option<u64>,
    /// When all that was asked is paid for, in microseconds, and since when every request was paid for when it started.
    paid_us: u64,
    paid_since: Option<Monotonic>,
    /// Answers to such requests.
    within_accepted: u32,
    within_refused: u32,
    /// Whether it is of hosts that may have a limit each: what one accepts shows nothing of another.
    is_of_many: bool,
    /// How often it was found to be chance and was not.
    wrong: u32,
    /// All answers since the first refusal.
    pub(crate) answers: u32,
    pub(crate) refused: u32,
}

impl Shown {
    /// Of several hosts. It shows nothing.
    pub(crate) fn of_many() -> Self {
        Self { is_of_many: true, ..Self::default() }
    }

    /// A gap that no limit refuses, in microseconds, if one is known.
    pub(crate) const fn gap_us(&self) -> Option<u64> {
        self.gap_us
    }

    /// A request starts.
    pub(crate) fn asked(&mut self, now: Monotonic) {
        let Some(gap_us) = self.gap_us else { return };
        let now_us = now.0 * 1000;
        if self.paid_us <= now_us {
            self.paid_since.get_or_insert(now);
        } else {
            self.paid_since = None;
        }
        self.paid_us = (self.paid_us.max(now_us) + gap_us).min(now_us + gap_us + COUNTED_MS * 1000);
    }

    fn is_within(&self, asked_at: Monotonic) -> bool {
        self.paid_since.is_some_and(|since| asked_at >= since)
    }

    /// An answer was accepted.
    pub(crate) fn accepted(&mut self, now: Monotonic, asked_at: Monotonic) {
        let Some(since) = self.since.filter(|since| *since < asked_at) else { return };
        self.answers += 1;
        self.within_accepted += u32::from(self.is_within(asked_at));
        self.accepted += 1;
        if self.accepted >= ACCEPTED_MIN {
            let ms = asked_at.since_ms(since);
            let by_window_us = ms.next_multiple_of(COUNTED_MS) * 1000 / self.accepted;
            let by_bucket_us = ms * 1000 / (self.accepted - 1);
            self.allow(now, by_window_us.max(by_bucket_us));
        }
    }

    /// A gap was shown. With a shorter one less is owed.
    fn allow(&mut self, now: Monotonic, gap_us: u64) {
        let now_us = now.0 * 1000;
        match self.gap_us {
            Some(known_us) if known_us <= gap_us => return,
            Some(known_us) => self.paid_us = now_us + self.paid_us.saturating_sub(now_us) * gap_us / known_us,
            None => self.paid_us = now_us + COUNTED_MS * 1000,
        }
        self.gap_us = Some(gap_us);
    }

    /// A refusal; true where no limit explains it.
    pub(crate) fn refused(&mut self, asked_at: Monotonic) -> bool {
        if self.is_of_many {
            return false;
        }
        self.answers += 1;
        self.refused += 1;
        // What was accepted long ago hides how much is accepted now.
        let is_over = |since: Monotonic| asked_at.since_ms(since) > COUNTED_MS && self.accepted >= ACCEPTED_MIN;
        if self.since.is_none_or(is_over) {
            (self.since, self.accepted) = (Some(asked_at), 0);
        }
        let is_within = self.is_within(asked_at);
        self.within_refused += u32::from(is_within);
        is_within
    }

    /// Begins again, for it was not chance: next time it takes more.
    pub(crate) fn doubted(&self) -> Self {
        Self { wrong: self.wrong + 1, ..Self::default() }
    }

    /// Whether refusals come by chance.
    pub(crate) const fn is_chance(&self) -> bool {
        self.within_refused > REFUSED_FOR_WRONG * self.wrong && self.within_accepted < self.within_refused * ACCEPTED_FOR_EACH
    }

    /// The state, for people; nothing before the first refusal.
    pub(crate) fn render(&self) -> String {
        let Self {
            since: _,
            accepted: _,
            gap_us,
            paid_us: _,
            paid_since: _,
            within_accepted,
            within_refused,
            is_of_many: _,
            wrong: _,
            answers,
            refused,
        } = self;
        let within = within_accepted + within_refused;
        match gap_us {
            Some(gap_us) => {
                format!("; {refused} of {answers} refused, gap {gap_us} us shown, {within_refused} of {within} refused within it")
            }
            None if *answers > 0 => format!("; {refused} of {answers} refused"),
            None => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks at a gap and lets `accepts` answer at once; returns how many answers it took to find chance, if it was found.
    fn found_after(gaps_ms: &[u64], mut accepts: impl FnMut(u64) -> bool) -> Option<usize> {
        let (mut shown, mut now_ms) = (Shown::default(), 0);
        gaps_ms.iter().position(|gap_ms| {
            now_ms += gap_ms;
            let now = Monotonic(now_ms);
            shown.asked(now);
            if accepts(now_ms) {
                shown.accepted(now, now);
                false
            } else {
                shown.refused(now) && shown.is_chance()
            }
        })
    }

    #[test]
    fn no_limit_is_ever_taken_for_chance() {
        let mut chance = crate::chance::Chance::from_rng_seed(1);
        for run in 0..300 {
            let gaps_ms: Vec<u64> =
                (0..300).map(|_| if chance.up_to(9) == 0 { chance.up_to(900) } else { chance.up_to(120) }).collect();
            let (each_ms, burst, allowed) = (20 + chance.up_to(180), 1 + chance.up_to(19), 5 + chance.up_to(45));
            let (mut tokens_ms, mut filled_ms) = (burst * each_ms, 0);
            let bucket = |now_ms: u64| {
                tokens_ms = (tokens_ms + now_ms - std::mem::replace(&mut filled_ms, now_ms)).min(burst * each_ms);
                let accepts = tokens_ms >= each_ms;
                tokens_ms -= if accepts { each_ms } else { 0 };
                accepts
            };
            assert_eq!(found_after(&gaps_ms, bucket), None, "run {run}: a bucket of {burst}, a token each {each_ms} ms");
            let (mut window, mut used) = (0, 0);
            let fixed_window = |now_ms: u64| {
                used = if std::mem::replace(&mut window, now_ms / 1_000) == now_ms / 1_000 { used + 1 } else { 1 };
                used <= allowed
            };
            assert_eq!(found_after(&gaps_ms, fixed_window), None, "run {run}: {allowed} in a second");
            let mut arrivals = Vec::new();
            let counter = |now_ms: u64| {
                arrivals.push(now_ms);
                arrivals.iter().filter(|at_ms| **at_ms + 1_000 > now_ms).count() as u64 <= allowed
            };
            assert_eq!(found_after(&gaps_ms, counter), None, "run {run}: {allowed} in any second, refused ones counted");
        }
    }

    #[test]
    fn chance_is_found_where_asking_slowly_changes_nothing() {
        for share in [10, 20, 30, 50] {
            let mut answers: Vec<usize> = (0..100)
                .map(|rng_seed| {
                    let mut chance = crate::chance::Chance::from_rng_seed(rng_seed);
                    // A second at 40 ms, then five times as slowly.
                    let gaps_ms: Vec<u64> = (0..400).map(|request| if request < 25 { 40 } else { 200 }).collect();
                    found_after(&gaps_ms, |_| chance.up_to(99) >= share).unwrap_or(usize::MAX)
                })
                .collect();
            answers.sort_unstable();
            assert!(answers[50] <= 50 && answers[85] <= 100, "{share} %: {answers:?}");
        }
    }
}
