//! A host each of whose answers fails with the same chance, whatever came before and however slowly one asks.

use serde::Deserialize;

use super::chance::Chance;
use super::{Answer, Behaviour, Moment, Reaction, Script};
use crate::parameter::{Share, Status};

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Flapping {
    share: Share,
    status: Status,
}

impl Default for Flapping {
    fn default() -> Self {
        Self { share: Share(0.3), status: Status(http::StatusCode::SERVICE_UNAVAILABLE) }
    }
}

impl Script for Flapping {
    fn describe(&self) -> String {
        format!("{} to {} of all requests, by chance", self.status, self.share)
    }

    fn begin(&self, rng_seed: u64) -> Box<dyn Behaviour> {
        Box::new(Flaps { of: *self, chance: Chance::from_rng_seed(rng_seed) })
    }
}

#[derive(Debug)]
struct Flaps {
    of: Flapping,
    chance: Chance,
}

impl Behaviour for Flaps {
    fn answer(&mut self, _at: Moment, _path: &str) -> Reaction {
        if self.chance.happens(self.of.share) {
            return Answer::refusal(self.of.status.0, "One of the servers behind is not there.").into();
        }
        Answer::page().into()
    }
}

#[cfg(test)]
mod tests {
    use crate::behaviour::rehearsal::{begin, status};

    #[test]
    fn slowness_does_not_help() {
        for gap_ms in [1, 10_000] {
            let mut host = begin("flapping", "share = 0.2");
            let refused = (0..1_000).filter(|index| status(&mut host, index * gap_ms) == 503).count();
            assert!((150..250).contains(&refused), "{refused}");
        }
    }
}
