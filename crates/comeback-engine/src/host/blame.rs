//! Blame: is a failure the URL's own, or its host's?
//!
//! A URL is charged only when it fails significantly more often than its host. The host's refusal rate is estimated from its other URLs,
//! with a prior that depends on what the cause speaks for: a 503 is the host's until others are answered, a plain 500 is the URL's until
//! others fail too. With rate `p`, `k` failures in a row of one URL have the chance `p^k`; as any of the host's URLs could have been the
//! unlucky one, that chance is multiplied by their number. Below [`SIGNIFICANCE`] the URL is charged, with all its failures at once. A
//! failure that came together with another URL's is the host's.

use comeback_diagnosis::cause::Cause;
use comeback_diagnosis::clock::Monotonic;
use comeback_diagnosis::diagnosis::Scope;
use comeback_diagnosis::history::History;

/// The chance of blaming a URL wrongly that is accepted.
const SIGNIFICANCE: f64 = 0.01;
/// From so many refusals of others on, the chance that a host refuses the same URL again is no smaller than this: what it refuses hangs on
/// when it is asked, and no two times need be unlike.
const OTHERS_REFUSED_MIN: u32 = 2;
const AGAIN_MIN: f64 = 0.25;
/// A refusal of another URL so close to a URL's own, in milliseconds, says that the host refused them both.
const TOGETHER_MS: u64 = 50;
/// How many of the latest answers tell how the host is at the moment, and the fewest that are taken for as many.
const LATELY: usize = 24;
const LATELY_MIN: u32 = 12;

/// How the host answered the first request for each of its URLs, above all for the latest 64. Repeats don't count, so that a few bad
/// URLs at the end of a queue don't look like a bad host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct FirstAnswers {
    refused: u64,
    count: u32,
    refused_ever: u32,
    count_ever: u32,
}

impl FirstAnswers {
    pub(crate) fn record(&mut self, refused: bool) {
        self.refused = self.refused << 1 | u64::from(refused);
        self.count = (self.count + 1).min(u64::BITS);
        self.refused_ever = self.refused_ever.saturating_add(u32::from(refused));
        self.count_ever = self.count_ever.saturating_add(1);
    }

    pub(crate) const fn count(self) -> u32 {
        self.count
    }

    pub(crate) const fn refused(self) -> u32 {
        self.refused.count_ones()
    }
}

/// What the other URLs of a host met lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Others {
    pub(crate) asked: u32,
    pub(crate) refused: u32,
    /// The same of all URLs that were ever asked.
    asked_ever: u32,
    refused_ever: u32,
    /// Of the latest answers for other URLs, repeats included, how many in a hundred were refusals.
    pub(crate) refused_lately_percent: u32,
    /// Whether the last that was heard of another URL is an accepted answer, later than this URL's first failure.
    pub(crate) well_since_failure: bool,
    /// Earlier failures of this URL that came together with another URL's.
    pub(crate) together: u32,
}

impl Others {
    /// Reads the host's memory, in which the URL's newest, refused attempt is already recorded.
    pub(crate) fn of(history: &History, first: &FirstAnswers, url: u64) -> Self {
        let mut older = history.iter().rev().skip_while(|attempt| attempt.url == url);
        let last_other_accepted = older.next().is_some_and(|attempt| attempt.cause == Cause::None);
        let failed_before = older.any(|attempt| attempt.url == url);
        let lately = history.iter().rev().filter(|attempt| attempt.url != url).take(LATELY);
        let (count, refused) =
            lately.fold((0, 0), |(count, refused), attempt| (count + 1, refused + u32::from(attempt.cause != Cause::None)));
        Self {
            refused_lately_percent: refused * 100 / count.max(LATELY_MIN),
            asked: first.count().saturating_sub(1),
            refused: first.refused().saturating_sub(1),
            asked_ever: first.count_ever.saturating_sub(1),
            refused_ever: first.refused_ever.saturating_sub(1),
            well_since_failure: last_other_accepted && failed_before,
            together: failures_together(history, url),
        }
    }

    /// Whether the host refuses most of the others.
    pub(crate) const fn mostly_refused(self) -> bool {
        self.asked >= 3 && self.refused * 2 >= self.asked
    }

    /// Whether the host refuses hardly any of the others.
    pub(crate) const fn hardly_refused(self) -> bool {
        self.refused * 8 <= self.asked
    }
}

/// A limit refuses all that comes at a time: such failures say nothing of one URL.
fn failures_together(history: &History, url: u64) -> u32 {
    let refusals = || history.iter().filter(|attempt| attempt.cause != Cause::None);
    let is_near = |one: Monotonic, other: Monotonic| one.since_ms(other).max(other.since_ms(one)) <= TOGETHER_MS;
    let own = refusals().rev().filter(|attempt| attempt.url == url).skip(1);
    let together = own.filter(|own| refusals().any(|other| other.url != url && is_near(own.ended_at, other.ended_at)));
    u32::try_from(together.count()).unwrap_or(u32::MAX)
}

/// Whether a cause speaks for the URL until the host's other URLs say otherwise.
pub(crate) const fn speaks_for_url(scope: Scope) -> bool {
    match scope {
        Scope::Url | Scope::Path => true,
        Scope::Host | Scope::Group | Scope::Account | Scope::Unknown => false,
    }
}

/// Whether a URL with so many failures fails significantly more often than its host.
pub(crate) fn is_charged(others: Others, scope: Scope, failures: u32) -> bool {
    let (prior_refused, prior_asked) = if speaks_for_url(scope) { (0.4, 8.0) } else { (2.0, 2.0) };
    let lately = f64::from(others.refused_lately_percent) / 100.0;
    let rate = (f64::from(others.refused_ever) + prior_refused) / (f64::from(others.asked_ever) + prior_asked);
    let may_meet_a_limit = !speaks_for_url(scope) && others.refused_ever >= OTHERS_REFUSED_MIN;
    let rate = rate.max(lately).max(if may_meet_a_limit { AGAIN_MIN } else { 0.0 });
    let chance = (0..failures.saturating_sub(others.together).min(64)).fold(1.0, |chance, _| chance * rate);
    chance * f64::from(others.asked_ever.saturating_add(1)) < SIGNIFICANCE
}

#[cfg(test)]
mod tests {
    use super::*;
    use comeback_diagnosis::history::PastAttempt;

    fn failures_until_charged(asked: u32, refused: u32, scope: Scope) -> u32 {
        let others = Others {
            asked,
            refused,
            asked_ever: asked,
            refused_ever: refused,
            refused_lately_percent: 0,
            well_since_failure: false,
            together: 0,
        };
        (1..64).find(|failures| is_charged(others, scope, *failures)).unwrap_or(64)
    }

    #[test]
    fn one_bad_path_on_a_healthy_host_is_charged_by_its_fourth_failure() {
        assert!(failures_until_charged(63, 0, Scope::Host) <= 4);
        assert!(failures_until_charged(20, 0, Scope::Host) <= 4);
        assert!(failures_until_charged(8, 0, Scope::Host) <= 5);
    }

    #[test]
    fn a_host_that_refuses_all_explains_every_failure() {
        assert_eq!(failures_until_charged(20, 20, Scope::Host), 64);
        assert_eq!(failures_until_charged(0, 0, Scope::Host), 64);
    }

    #[test]
    fn a_flapping_host_explains_a_long_row_of_failures() {
        assert!(failures_until_charged(63, 32, Scope::Host) > 10);
    }

    /// A URL was refused four times in a row by a server that counts the requests of each second, and was charged for it, though others
    /// had been refused with it each time (world sliding-counter, rng_seed 61).
    #[test]
    fn failures_that_come_together_are_not_charged() {
        let mut history = History::default();
        let mut record = |at_ms: u64, url: u64, cause: Cause| {
            let ended_at = Monotonic(at_ms);
            history.record(PastAttempt { ended_at, url, status: Some(503), cause, elapsed_ms: 10, concurrency: 2 });
        };
        let mut first = FirstAnswers::default();
        for round in 0..4 {
            record(round * 1_000, 7, Cause::Unknown);
            record(round * 1_000 + 40, 100 + round, Cause::Unknown);
            first.record(true);
            for page in 0..10 {
                record(round * 1_000 + 200 + page, 200 + page, Cause::None);
                first.record(false);
            }
        }
        record(9_000, 7, Cause::Unknown);
        let others = Others::of(&history, &first, 7);
        assert_eq!((others.together, others.well_since_failure), (4, true));
        assert!(!is_charged(others, Scope::Host, 8));
        assert!(is_charged(Others { together: 0, ..others }, Scope::Host, 8));
    }

    /// A page was refused four times by a server with a limit, each time alone, while one in thirty of the others had been refused: by
    /// that share it was charged (world mix, rng_seed 653).
    #[test]
    fn a_host_that_refuses_others_too_may_refuse_the_same_one_again() {
        assert!(failures_until_charged(200, 6, Scope::Host) > 5);
        assert!(failures_until_charged(200, 1, Scope::Host) <= 4, "one other may be as bad itself");
    }

    #[test]
    fn a_plain_500_is_the_urls_own_at_first() {
        assert!(failures_until_charged(0, 0, Scope::Url) <= 4);
        assert!(failures_until_charged(2, 2, Scope::Url) <= 4);
        assert!(failures_until_charged(20, 20, Scope::Url) > 10);
    }
}
