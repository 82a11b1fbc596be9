//! A host that refuses a share of what comes above a rate, by chance: the rest is answered as quickly as ever.

use std::collections::VecDeque;
use std::time::Duration;

use serde::Deserialize;

use super::chance::Chance;
use super::{Answer, Behaviour, Moment, Reaction, Script};
use crate::parameter::{Rate, Share, Status};

/// Over how long the rate is taken.
const MEASURED_OVER: Duration = Duration::from_secs(1);

/// How many arrivals are remembered; more of them in a second are above any rate that makes sense here.
const ARRIVALS_MAX: usize = 10_000;

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LoadShedding {
    above: Rate,
    share: Share,
    status: Status,
}

impl Default for LoadShedding {
    fn default() -> Self {
        Self { above: Rate(10.0), share: Share(0.5), status: Status(http::StatusCode::SERVICE_UNAVAILABLE) }
    }
}

impl Script for LoadShedding {
    fn describe(&self) -> String {
        let Self { above, share, status } = self;
        format!("{status} to {share} of the requests above {above}")
    }

    fn begin(&self, rng_seed: u64) -> Box<dyn Behaviour> {
        Box::new(Shedding { of: *self, chance: Chance::from_rng_seed(rng_seed), arrivals: VecDeque::new() })
    }
}

#[derive(Debug)]
struct Shedding {
    of: LoadShedding,
    chance: Chance,
    /// Those of the last second.
    arrivals: VecDeque<Duration>,
}

impl Shedding {
    fn is_above(&mut self, now: Duration) -> bool {
        while self.arrivals.front().is_some_and(|first| now.saturating_sub(*first) >= MEASURED_OVER) {
            self.arrivals.pop_front();
        }
        if self.arrivals.len() == ARRIVALS_MAX {
            self.arrivals.pop_front();
        }
        self.arrivals.push_back(now);
        let count = u32::try_from(self.arrivals.len()).unwrap_or(u32::MAX);
        f64::from(count) > self.of.above.0 * MEASURED_OVER.as_secs_f64()
    }
}

impl Behaviour for Shedding {
    fn answer(&mut self, at: Moment, _path: &str) -> Reaction {
        if self.is_above(at.since_first) && self.chance.happens(self.of.share) {
            return Answer::refusal(self.of.status.0, "The service sheds load.").into();
        }
        Answer::page().into()
    }
}

#[cfg(test)]
mod tests {
    use crate::behaviour::rehearsal::{begin, status};

    #[test]
    fn only_above_the_rate_is_a_share_refused() {
        let refused = |gap_ms: u64| {
            let mut host = begin("load_shedding", "above = 10\nshare = 0.5");
            (0..1_000).filter(|index| status(&mut host, index * gap_ms) == 503).count()
        };
        assert_eq!(refused(100), 0);
        assert!((400..600).contains(&refused(20)), "{}", refused(20));
    }
}
