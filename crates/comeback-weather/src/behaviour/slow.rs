//! A host that answers everything, robots.txt aside, after a long while or byte by byte.

use std::num::NonZeroU32;

use serde::Deserialize;

use super::{Answer, Behaviour, Moment, Reaction, Script};
use crate::parameter::Span;

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Slow {
    first_byte: Span,
    bytes_per_second: Option<NonZeroU32>,
}

impl Default for Slow {
    fn default() -> Self {
        Self { first_byte: Span::seconds(2), bytes_per_second: None }
    }
}

impl Script for Slow {
    fn describe(&self) -> String {
        let pace = self.bytes_per_second.map(|bytes| format!(", then {bytes} bytes a second")).unwrap_or_default();
        format!("answers every page after {}{pace}", self.first_byte)
    }

    fn begin(&self, _rng_seed: u64) -> Box<dyn Behaviour> {
        Box::new(*self)
    }
}

impl Behaviour for Slow {
    fn answer(&mut self, _at: Moment, _path: &str) -> Reaction {
        Answer { delay: self.first_byte.0, bytes_per_second: self.bytes_per_second, ..Answer::page() }.into()
    }
}

#[cfg(test)]
mod tests {
    use crate::behaviour::rehearsal::{ask, begin};

    #[test]
    fn it_is_slow_and_well() {
        let answer = ask(&mut begin("slow", "first_byte = \"3s\"\nbytes_per_second = 10"), 0, "/");
        assert!(answer.is_well && answer.delay.as_secs() == 3 && answer.bytes_per_second.is_some());
    }
}
