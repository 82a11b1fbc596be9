//! A host whose proxy can't reach what is behind it for a while: 502, 503 and 504 in turn, by chance; robots.txt too.

use http::StatusCode;
use serde::Deserialize;

use super::chance::Chance;
use super::{Answer, Behaviour, Moment, Reaction, Script};
use crate::parameter::{Share, Span};

const STATUSES: [StatusCode; 3] = [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT];

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct UpstreamTrouble {
    from: Span,
    #[serde(rename = "for")]
    lasts: Span,
    /// How much of what is asked meanwhile fails.
    share: Share,
}

impl Default for UpstreamTrouble {
    fn default() -> Self {
        Self { from: Span::seconds(0), lasts: Span::seconds(5), share: Share(1.0) }
    }
}

impl Script for UpstreamTrouble {
    fn describe(&self) -> String {
        let Self { from, lasts, share } = self;
        let begin = if from.0.is_zero() { String::new() } else { format!(" after {from}") };
        format!("502, 503 and 504 to {share} of all requests for {lasts}{begin}")
    }

    fn begin(&self, rng_seed: u64) -> Box<dyn Behaviour> {
        Box::new(Troubled { of: *self, chance: Chance::from_rng_seed(rng_seed) })
    }
}

#[derive(Debug)]
struct Troubled {
    of: UpstreamTrouble,
    chance: Chance,
}

impl Troubled {
    fn refusal(&mut self, at: Moment) -> Option<Reaction> {
        let UpstreamTrouble { from, lasts, share } = self.of;
        let is_on = (from.0..from.0 + lasts.0).contains(&at.since_first);
        if !is_on || !self.chance.happens(share) {
            return None;
        }
        let status = *self.chance.one_of(&STATUSES)?;
        Some(Answer::refusal(status, "The server behind this one can't be reached.").into())
    }
}

impl Behaviour for Troubled {
    fn answer(&mut self, at: Moment, _path: &str) -> Reaction {
        self.refusal(at).unwrap_or_else(|| Answer::page().into())
    }

    fn robots(&mut self, at: Moment) -> Option<Reaction> {
        self.refusal(at)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::behaviour::rehearsal::{begin, status};

    #[test]
    fn it_mixes_its_statuses_and_ends() {
        let mut host = begin("upstream_trouble", "from = \"1s\"\nfor = \"2s\"");
        let seen: BTreeSet<_> = (1_000..3_000).map(|ms| status(&mut host, ms)).collect();
        assert_eq!(seen, BTreeSet::from([502, 503, 504]));
        assert_eq!((status(&mut host, 999), status(&mut host, 3_000)), (200, 200));
    }
}
