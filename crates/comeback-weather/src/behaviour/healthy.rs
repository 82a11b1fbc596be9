//! A host that answers every page: what the others are measured against.

use serde::Deserialize;

use super::{Answer, Behaviour, Moment, Reaction, Script};

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Healthy {}

impl Script for Healthy {
    fn describe(&self) -> String {
        "answers every page".into()
    }

    fn begin(&self, _rng_seed: u64) -> Box<dyn Behaviour> {
        Box::new(*self)
    }
}

impl Behaviour for Healthy {
    fn answer(&mut self, _at: Moment, _path: &str) -> Reaction {
        Answer::page().into()
    }
}

#[cfg(test)]
mod tests {
    use crate::behaviour::rehearsal::{begin, status};

    #[test]
    fn every_page_is_answered() {
        let mut host = begin("healthy", "");
        assert!((0..1_000).all(|ms| status(&mut host, ms) == 200));
    }
}
