//! A host that gives so many answers and then refuses until its quota resets.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::Deserialize;

use super::{Answer, Behaviour, Moment, Reaction, RetryAfter, Script};
use crate::parameter::{Span, Status};

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Quota {
    answers: NonZeroU32,
    /// From the first answer of a period on.
    resets_after: Span,
    status: Status,
    retry_after: RetryAfter,
}

impl Default for Quota {
    fn default() -> Self {
        Self {
            answers: NonZeroU32::MIN.saturating_add(19),
            resets_after: Span::seconds(10),
            status: Status(http::StatusCode::TOO_MANY_REQUESTS),
            retry_after: RetryAfter::Seconds,
        }
    }
}

impl Script for Quota {
    fn describe(&self) -> String {
        let Self { answers, resets_after, status, retry_after } = self;
        format!("{answers} answers in {resets_after}, then {status} {}", retry_after.phrase())
    }

    fn begin(&self, _rng_seed: u64) -> Box<dyn Behaviour> {
        Box::new(Counting { of: *self, resets_at: Duration::ZERO, left: 0 })
    }
}

/// A period begins with its first answer.
#[derive(Debug)]
struct Counting {
    of: Quota,
    resets_at: Duration,
    left: u32,
}

impl Behaviour for Counting {
    fn answer(&mut self, at: Moment, _path: &str) -> Reaction {
        let now = at.since_first;
        if now >= self.resets_at {
            self.resets_at = now + self.of.resets_after.0;
            self.left = self.of.answers.get();
        }
        if self.left == 0 {
            let answer = Answer::refusal(self.of.status.0, "The quota is used up.");
            return answer.asking_back(self.of.retry_after, self.resets_at - now, at).into();
        }
        self.left -= 1;
        Answer::page().into()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::behaviour::rehearsal::{ask, begin, status};

    #[test]
    fn it_is_used_up_and_resets_in_time() {
        let mut host = begin("quota", "answers = 3\nresets_after = \"4s\"");
        assert_eq!([0, 100, 200, 300, 3_999].map(|ms| status(&mut host, ms)), [200, 200, 200, 429, 429]);
        assert_eq!(ask(&mut host, 1_000, "/").hold, Some(Duration::from_secs(3)));
        assert_eq!([4_000, 4_001, 4_002, 4_003].map(|ms| status(&mut host, ms)), [200, 200, 200, 429]);
    }
}
