//! A healthy host with one path that always fails.

use serde::Deserialize;

use super::{Answer, Behaviour, Moment, Reaction, Script};
use crate::parameter::Status;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct BadPath {
    path: String,
    status: Status,
}

impl Default for BadPath {
    fn default() -> Self {
        Self { path: "/page/7".into(), status: Status(http::StatusCode::INTERNAL_SERVER_ERROR) }
    }
}

impl Script for BadPath {
    fn describe(&self) -> String {
        format!("{} to {}, answers the rest", self.status, self.path)
    }

    fn begin(&self, _rng_seed: u64) -> Box<dyn Behaviour> {
        Box::new(self.clone())
    }
}

impl Behaviour for BadPath {
    fn answer(&mut self, _at: Moment, path: &str) -> Reaction {
        if path == self.path {
            return Answer::refusal(self.status.0, "The page can't be made.").into();
        }
        Answer::page().into()
    }
}

#[cfg(test)]
mod tests {
    use crate::behaviour::rehearsal::{ask, begin};

    #[test]
    fn only_one_path_fails_and_it_always_does() {
        let mut host = begin("bad_path", "path = \"/page/3\"\nstatus = 503");
        for round in 0..5 {
            let well: Vec<_> = (1..=4).filter(|page| ask(&mut host, round, &format!("/page/{page}")).is_well).collect();
            assert_eq!(well, [1, 2, 4]);
        }
    }
}
