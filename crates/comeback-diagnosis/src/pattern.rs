//! What a host's latest attempts say together that no single answer can: nginx sends the same bytes for a limit and for
//! maintenance, but a limit lets requests through at regular gaps.
//!
//! A pattern is evidence, with a cause where it points to one. It needs answers: with few there is none. It holds no rule about
//! bytes, and decides nothing.

use std::collections::BTreeSet;

use crate::cause::Cause;
use crate::history::{History, PastAttempt};

/// How many refusals a pattern rests on at least.
const REFUSALS_MIN: usize = 5;

/// Refusals that take at most this long were decided without work, in milliseconds.
const QUICK_MS_MAX: u64 = 50;

/// Accepted answers have slowed down when they take this many times what they took when the host was at ease.
const SLOWED_FACTOR: u64 = 2;

/// Differences below this are noise, in milliseconds.
const SLOWED_MS_MIN: u64 = 100;

/// Refusals come at a fixed time when all but a tenth lie within a twentieth of their median.
const FIXED_PART: u64 = 20;

/// So many failures in a row, with nothing accepted since, are an outage.
const OUTAGE_FAILURES_MIN: usize = 8;

/// With at least so many of our requests under way, a wait in vain may be the work that we ourselves heaped up.
const HEAPED_CONCURRENCY_MIN: u32 = 4;

/// Accepted answers whose gaps vary by less than this share of their mean are let through by a clock.
const CLOCKED_VARIATION_MAX: f64 = 0.4;

/// The same, where there are fewer than [`GAPS_MANY`] gaps.
const CLOCKED_VARIATION_FEW_MAX: f64 = 0.15;

/// Fewer gaps say nothing.
const GAPS_MIN: usize = 3;

/// From so many gaps on, chance hardly makes them alike.
const GAPS_MANY: usize = 6;

/// How the latest attempts of a host hang together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// Quick refusals at little load of ours, and requests let through by a clock, or in bunches.
    RateLimit,
    /// Accepted answers got slower with the load, and refusals come when a wait has passed.
    QueueingOverload,
    /// Waits end in vain at a fixed time and nothing comes through while many of our requests are under way: the server works on
    /// what has been given up already.
    AbandonedWork,
    /// Quick refusals while several of our requests were under way: a limit, or a server that sheds load. Only a change of our own
    /// rate can tell.
    LimitOrShedding,
    /// Failures that follow neither our rate nor the load.
    Flapping,
    /// Nothing is accepted any more.
    Outage,
    /// Nobody answered, now somebody refuses: the host is coming up.
    Boot,
    /// The same URLs fail again and again while the others are answered.
    BadPaths,
}

impl Pattern {
    /// The cause that it points to, and how surely, from 0 to 1.
    #[must_use]
    pub const fn cause(self) -> Option<(Cause, f64)> {
        match self {
            Self::RateLimit => Some((Cause::RateLimit, 0.85)),
            Self::QueueingOverload => Some((Cause::Overload, 0.85)),
            Self::AbandonedWork => Some((Cause::Overload, 0.7)),
            Self::Boot => Some((Cause::Starting, 0.6)),
            Self::LimitOrShedding | Self::Flapping | Self::Outage | Self::BadPaths => None,
        }
    }

    /// The fact, in words for people.
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Self::RateLimit => "this host lets requests through at regular gaps and refuses the others at once, as a limit does",
            Self::QueueingOverload => {
                "this host's answers got slower with the load, and its refusals come after a wait, as from a full queue"
            }
            Self::AbandonedWork => {
                "this host's answers time out while many requests are under way, as when it works on what was given up"
            }
            Self::LimitOrShedding => "this host refuses at once while it is asked at once by several: a limit, or it sheds load",
            Self::Flapping => "this host's failures follow neither our rate nor its load",
            Self::Outage => "nothing has been accepted by this host for many requests",
            Self::Boot => "nobody answered at this host before, and now somebody does",
            Self::BadPaths => "the same URLs fail again and again while the others of this host are answered",
        }
    }
}

impl History {
    /// How the remembered attempts hang together; `None` where they are too few, or show nothing.
    ///
    /// ```
    /// use comeback_diagnosis::cause::Cause;
    /// use comeback_diagnosis::clock::Monotonic;
    /// use comeback_diagnosis::history::{History, PastAttempt};
    /// use comeback_diagnosis::pattern::Pattern;
    /// let mut history = History::default();
    /// for number in 0..20 {
    ///     let (status, cause) = if number % 2 == 0 { (200, Cause::None) } else { (503, Cause::Unknown) };
    ///     history.record(PastAttempt {
    ///         ended_at: Monotonic(number * 100),
    ///         url: number,
    ///         status: Some(status),
    ///         cause,
    ///         elapsed_ms: 3,
    ///         concurrency: 1,
    ///     });
    /// }
    /// assert_eq!(history.pattern(), Some(Pattern::RateLimit));
    /// ```
    #[must_use]
    pub fn pattern(&self) -> Option<Pattern> {
        let run = Run::of(self);
        if run.refused.len() < REFUSALS_MIN {
            return None;
        }
        if run.is_bad_paths() {
            Some(Pattern::BadPaths)
        } else if run.waits_in_vain() {
            Some(if run.is_heaped() { Pattern::AbandonedWork } else { Pattern::Outage })
        } else if run.is_queueing() {
            Some(Pattern::QueueingOverload)
        } else if run.came_up() {
            Some(Pattern::Boot)
        } else if run.failures_at_end >= OUTAGE_FAILURES_MIN && !run.is_mixed_lately() {
            Some(Pattern::Outage)
        } else if run.accepted.is_empty() {
            None
        } else if run.refuses_quickly() {
            run.quick_refusals()
        } else {
            Some(Pattern::Flapping)
        }
    }
}

/// The attempts, parted.
struct Run<'a> {
    all: Vec<&'a PastAttempt>,
    accepted: Vec<&'a PastAttempt>,
    refused: Vec<&'a PastAttempt>,
    /// How many attempts failed since the last that was accepted.
    failures_at_end: usize,
}

impl<'a> Run<'a> {
    fn of(history: &'a History) -> Self {
        let all: Vec<_> = history.iter().collect();
        let is_accepted = |attempt: &&&PastAttempt| attempt.cause == Cause::None;
        let (accepted, refused) = all.iter().partition(|attempt| is_accepted(attempt));
        let failures_at_end = all.iter().rev().take_while(|attempt| attempt.cause != Cause::None).count();
        Self { all, accepted, refused, failures_at_end }
    }

    /// Whether the same few URLs fail again and again and never once did not, among others that are answered.
    fn is_bad_paths(&self) -> bool {
        let urls = |attempts: &[&PastAttempt]| -> BTreeSet<u64> { attempts.iter().map(|attempt| attempt.url).collect() };
        let (refused, accepted) = (urls(&self.refused), urls(&self.accepted));
        self.refused.len() >= 2 * refused.len() && refused.is_disjoint(&accepted) && accepted.len() >= REFUSALS_MIN
    }

    /// Whether failures come at a fixed time, or never, and nothing has come through since they began in earnest.
    fn waits_in_vain(&self) -> bool {
        let at_end = &self.all[self.all.len() - self.failures_at_end..];
        let took: Vec<u64> = at_end.iter().map(|attempt| attempt.elapsed_ms).collect();
        let ends_in_wait = |attempt: &&&PastAttempt| matches!(attempt.status, None | Some(504 | 524 | 408));
        let waits = at_end.iter().filter(ends_in_wait).count();
        at_end.len() >= OUTAGE_FAILURES_MIN && waits * 10 >= at_end.len() * 9 && median(&took) > QUICK_MS_MAX
    }

    fn is_heaped(&self) -> bool {
        let heaped = self.refused.iter().filter(|attempt| attempt.concurrency >= HEAPED_CONCURRENCY_MIN).count();
        heaped * 2 >= self.refused.len()
    }

    /// Whether what is accepted took ever longer, and refusals take long, too, at a fixed time.
    fn is_queueing(&self) -> bool {
        let took: Vec<u64> = self.accepted.iter().map(|attempt| attempt.elapsed_ms).collect();
        let refused: Vec<u64> = self.refused.iter().map(|attempt| attempt.elapsed_ms).collect();
        let (Some(at_ease), Some(slowest)) = (took.iter().min(), took.iter().max()) else { return false };
        let has_slowed = *slowest >= at_ease * SLOWED_FACTOR && slowest - at_ease >= SLOWED_MS_MIN;
        let middle = median(&refused);
        let near = |ms: &&u64| ms.abs_diff(middle) <= middle / FIXED_PART;
        let is_fixed = refused.iter().filter(near).count() * 10 >= refused.len() * 9;
        has_slowed && is_fixed && middle > QUICK_MS_MAX && middle * 2 > *at_ease
    }

    /// Whether nobody answered at first, then somebody did, and nothing is accepted yet.
    fn came_up(&self) -> bool {
        let silent = self.all.iter().take_while(|attempt| attempt.cause == Cause::ConnectRefused).count();
        let answers = self.all[silent..].iter().all(|attempt| attempt.status.is_some_and(|status| status >= 500));
        self.accepted.is_empty() && silent >= 2 && silent < self.all.len() && answers
    }

    /// Whether accepted answers lie close enough that failures at the end may be chance.
    fn is_mixed_lately(&self) -> bool {
        let longest_before = self.all[..self.all.len() - self.failures_at_end]
            .split(|attempt| attempt.cause == Cause::None)
            .map(<[&PastAttempt]>::len)
            .max()
            .unwrap_or(0);
        longest_before > 0 && self.failures_at_end <= longest_before * 2
    }

    fn refuses_quickly(&self) -> bool {
        median(&self.refused.iter().map(|attempt| attempt.elapsed_ms).collect::<Vec<_>>()) <= QUICK_MS_MAX
    }

    /// What quick refusals mean: with little of ours under way a limit, if requests get through by a clock or in bunches.
    fn quick_refusals(&self) -> Option<Pattern> {
        let alone = self.refused.iter().filter(|attempt| attempt.concurrency <= 2).count();
        if alone * 10 < self.refused.len() * 8 {
            return Some(Pattern::LimitOrShedding);
        }
        let gaps = self.gaps_of_accepted();
        if gaps.len() < GAPS_MIN {
            return None;
        }
        let variation_max = if gaps.len() < GAPS_MANY { CLOCKED_VARIATION_FEW_MAX } else { CLOCKED_VARIATION_MAX };
        if variation(&gaps) <= variation_max || self.is_bunched() {
            Some(Pattern::RateLimit)
        } else {
            (gaps.len() >= GAPS_MANY).then_some(Pattern::Flapping)
        }
    }

    /// Milliseconds between the starts of accepted attempts, from the first refusal on: before it a burst may be allowed.
    fn gaps_of_accepted(&self) -> Vec<u64> {
        let since = self.all.iter().skip_while(|attempt| attempt.cause == Cause::None);
        let mut starts: Vec<u64> =
            since.filter(|attempt| attempt.cause == Cause::None).map(|attempt| started_at_ms(attempt)).collect();
        starts.sort_unstable();
        starts.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    /// Whether accepted and refused answers come in far longer rows than chance would make.
    #[expect(clippy::cast_precision_loss, reason = "at most as many attempts as are remembered")]
    fn is_bunched(&self) -> bool {
        let rows =
            1 + self.all.windows(2).filter(|pair| (pair[0].cause == Cause::None) != (pair[1].cause == Cause::None)).count();
        let (accepted, refused) = (self.accepted.len() as f64, self.refused.len() as f64);
        let expected = 1.0 + 2.0 * accepted * refused / (accepted + refused);
        rows >= 4 && (rows as f64) < expected * 0.5
    }
}

fn started_at_ms(attempt: &PastAttempt) -> u64 {
    attempt.ended_at.0.saturating_sub(attempt.elapsed_ms)
}

fn median(values: &[u64]) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or(0)
}

/// The standard deviation as a share of the mean.
#[expect(clippy::cast_precision_loss, reason = "gaps of milliseconds are far below 2^53")]
fn variation(gaps: &[u64]) -> f64 {
    let count = gaps.len() as f64;
    let mean = gaps.iter().sum::<u64>() as f64 / count;
    let squares = gaps.iter().map(|gap| (*gap as f64 - mean).powi(2)).sum::<f64>() / count;
    if mean > 0.0 { squares.sqrt() / mean } else { f64::INFINITY }
}
