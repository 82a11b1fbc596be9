//! A host that limits how often it is asked: by one of three ways of counting, refusing bare or with a time, with or without the
//! fields that announce the limit before it is reached.

use std::fmt::Debug;
use std::num::NonZeroU32;
use std::time::Duration;

use serde::Deserialize;

use super::{Answer, Behaviour, Moment, Reaction, RetryAfter, Script};
use crate::parameter::{Span, Status};
use announcement::Announcement;

mod announcement;
mod fixed_window;
mod sliding_counter;
mod token_bucket;

/// The most requests that a limit may allow in its time.
const REQUESTS_MAX: u32 = 100_000;

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RateLimit {
    algorithm: Algorithm,
    requests: Allowance,
    per: Period,
    /// What the token bucket holds when it is full; by default as much as flows in during `per`.
    burst: Option<Allowance>,
    status: Status,
    retry_after: RetryAfter,
    fields: Announcement,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Algorithm {
    TokenBucket,
    FixedWindow,
    SlidingCounter,
}

/// A number of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "NonZeroU32")]
struct Allowance(NonZeroU32);

impl TryFrom<NonZeroU32> for Allowance {
    type Error = String;

    fn try_from(requests: NonZeroU32) -> Result<Self, Self::Error> {
        if requests.get() <= REQUESTS_MAX { Ok(Self(requests)) } else { Err(format!("more than {REQUESTS_MAX} requests")) }
    }
}

/// A duration above 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Span")]
struct Period(Span);

impl TryFrom<Span> for Period {
    type Error = String;

    fn try_from(span: Span) -> Result<Self, Self::Error> {
        if span.0.is_zero() { Err("a limit needs a time above 0".into()) } else { Ok(Self(span)) }
    }
}

/// What a limit says to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Verdict {
    is_admitted: bool,
    /// How many more would be admitted now.
    remaining: u32,
    /// Until when the limit is whole again; of a refusal, until a request would be admitted.
    resets_in: Duration,
}

/// A way of counting.
trait Limiter: Debug + Send {
    fn admit(&mut self, now: Duration) -> Verdict;
}

impl Default for RateLimit {
    fn default() -> Self {
        Self {
            algorithm: Algorithm::TokenBucket,
            requests: Allowance(NonZeroU32::MIN.saturating_add(9)),
            per: Period(Span::seconds(1)),
            burst: None,
            status: Status(http::StatusCode::TOO_MANY_REQUESTS),
            retry_after: RetryAfter::Seconds,
            fields: Announcement::None,
        }
    }
}

impl Script for RateLimit {
    fn describe(&self) -> String {
        let Self { algorithm, requests, per, burst, status, retry_after, fields } = self;
        let burst = burst.map(|burst| format!(" (bursts of {})", burst.0)).unwrap_or_default();
        let counting = match algorithm {
            Algorithm::TokenBucket => "token bucket",
            Algorithm::FixedWindow => "fixed window",
            Algorithm::SlidingCounter => "sliding counter",
        };
        let announced = fields.phrase();
        format!("{counting} of {} in {}{burst}, then {status} {}{announced}", requests.0, per.0, retry_after.phrase())
    }

    fn begin(&self, _rng_seed: u64) -> Box<dyn Behaviour> {
        let (requests, per) = (self.requests.0.get(), self.per.0.0);
        let limiter: Box<dyn Limiter> = match self.algorithm {
            Algorithm::TokenBucket => {
                Box::new(token_bucket::TokenBucket::new(requests, per, self.burst.map_or(requests, |burst| burst.0.get())))
            }
            Algorithm::FixedWindow => Box::new(fixed_window::FixedWindow::new(requests, per)),
            Algorithm::SlidingCounter => Box::new(sliding_counter::SlidingCounter::new(requests, per)),
        };
        Box::new(Limiting { of: *self, limiter })
    }
}

#[derive(Debug)]
struct Limiting {
    of: RateLimit,
    limiter: Box<dyn Limiter>,
}

impl Behaviour for Limiting {
    fn answer(&mut self, at: Moment, _path: &str) -> Reaction {
        let verdict = self.limiter.admit(at.since_first);
        let answer = if verdict.is_admitted {
            Answer::page()
        } else {
            let refusal = Answer::refusal(self.of.status.0, "Too many requests.");
            refusal.asking_back(self.of.retry_after, verdict.resets_in, at)
        };
        self.of.fields.announce(answer, self.of.requests.0.get(), self.of.per.0.0, verdict, at.wall).into()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::behaviour::Behaviour;
    use crate::behaviour::rehearsal::{ask, begin, status};

    fn well(host: &mut Box<dyn Behaviour>, gap_ms: u64, requests: u64) -> usize {
        (0..requests).filter(|index| status(host, index * gap_ms) == 200).count()
    }

    #[test]
    fn a_token_bucket_gives_its_burst_then_its_rate() {
        let mut host = begin("rate_limit", "requests = 10\nper = \"1s\"\nburst = 5\nstatus = 503\nretry_after = \"none\"");
        let burst: Vec<_> = (0..7).map(|_| status(&mut host, 0)).collect();
        assert_eq!(burst, [200, 200, 200, 200, 200, 503, 503]);
        assert_eq!([99, 100, 101].map(|ms| status(&mut host, ms)), [503, 200, 503]);
        assert_eq!(ask(&mut host, 102, "/").hold, None);
        assert_eq!(well(&mut begin("rate_limit", "requests = 10"), 100, 1_000), 1_000);
        // One page each 100 ms, whatever is asked beside.
        assert_eq!(well(&mut begin("rate_limit", "requests = 10\nburst = 1"), 10, 1_000), 100);
    }

    #[test]
    fn a_fixed_window_begins_anew_at_its_end() {
        let mut host = begin("rate_limit", "algorithm = \"fixed_window\"\nrequests = 2\nper = \"5s\"");
        assert_eq!(
            [0, 1, 2_500, 4_999, 5_000, 5_001, 5_002].map(|ms| status(&mut host, ms)),
            [200, 200, 429, 429, 200, 200, 429]
        );
        assert_eq!(ask(&mut host, 7_500, "/").hold, Some(Duration::from_secs(3)));
    }

    #[test]
    fn a_sliding_counter_never_opens_to_those_who_hammer() {
        let parameters = "algorithm = \"sliding_counter\"\nrequests = 5\nper = \"1s\"";
        let mut host = begin("rate_limit", parameters);
        assert_eq!(well(&mut host, 100, 1_000), 5);
        assert_eq!(status(&mut host, 200_000), 200);
        assert_eq!(well(&mut begin("rate_limit", parameters), 200, 100), 100);
    }

    #[test]
    fn whoever_waits_as_told_is_admitted() {
        for algorithm in ["token_bucket", "fixed_window", "sliding_counter"] {
            let mut host = begin("rate_limit", &format!("algorithm = \"{algorithm}\"\nrequests = 3\nper = \"10s\""));
            let mut now = 0;
            for _ in 0..20 {
                let answer = ask(&mut host, now, "/");
                now += 700;
                if let Some(hold) = answer.hold {
                    now += u64::try_from(hold.as_millis()).unwrap() - 700;
                    assert!(ask(&mut host, now, "/").is_well, "{algorithm}");
                }
            }
        }
    }
}
