//! A host that nobody gets a word from, robots.txt included.

use serde::Deserialize;

use super::{Behaviour, Moment, Reaction, Script};

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Dead {
    kind: Kind,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// Connections are refused.
    #[default]
    Refused,
    /// Connections are taken; no answer comes.
    Silent,
    /// Connections are taken, and closed when a request has come.
    Closed,
}

impl Script for Dead {
    fn describe(&self) -> String {
        let what = match self.kind {
            Kind::Refused => "refuses connections",
            Kind::Silent => "takes connections and never answers",
            Kind::Closed => "closes the connection without an answer",
        };
        what.into()
    }

    fn begin(&self, _rng_seed: u64) -> Box<dyn Behaviour> {
        Box::new(*self)
    }

    fn listens(&self) -> bool {
        self.kind != Kind::Refused
    }
}

impl Behaviour for Dead {
    fn answer(&mut self, _at: Moment, _path: &str) -> Reaction {
        match self.kind {
            Kind::Refused | Kind::Closed => Reaction::Hangup,
            Kind::Silent => Reaction::Silence,
        }
    }

    fn robots(&mut self, at: Moment) -> Option<Reaction> {
        Some(self.answer(at, "/robots.txt"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::behaviour::rehearsal::{begin, moment, script};

    #[test]
    fn each_kind_is_silent_in_its_way() {
        assert!(!script("dead", "").listens() && script("dead", "kind = \"silent\"").listens());
        assert_eq!(begin("dead", "kind = \"silent\"").answer(moment(0), "/"), Reaction::Silence);
        assert_eq!(begin("dead", "kind = \"closed\"").robots(moment(0)), Some(Reaction::Hangup));
    }
}
