//! Hosts that answer: quickly, slowly, or all but one path.

use comeback_engine::Chance;

use super::{Arrival, Promise, Reply, Script};

/// Answers everything; some pages are gone, and some answers ask for a pause.
#[derive(Debug)]
pub(crate) struct Healthy {
    pauses: bool,
}

impl Healthy {
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        Self { pauses: chance.up_to(5) == 0 }
    }
}

impl Healthy {
    /// One that never asks for a pause.
    pub(crate) const fn steady() -> Self {
        Self { pauses: false }
    }
}

impl Script for Healthy {
    fn name(&self) -> &'static str {
        "healthy"
    }

    fn promise(&self, _path: &str) -> Promise {
        Promise::Had
    }

    fn receive(&mut self, arrival: Arrival<'_>, chance: &mut Chance) -> Reply {
        let after_ms = 1 + chance.up_to(200);
        if self.pauses && chance.up_to(9) == 0 {
            return Reply::with_field(200, "Retry-After", (1 + chance.up_to(3)).to_string(), after_ms);
        }
        Reply::plain(if arrival.path.ends_with("/7") { 404 } else { 200 }, after_ms)
    }
}

/// Answers everything, after seconds.
#[derive(Debug)]
pub(crate) struct Slow;

impl Script for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    fn promise(&self, _path: &str) -> Promise {
        Promise::Had
    }

    fn receive(&mut self, _arrival: Arrival<'_>, chance: &mut Chance) -> Reply {
        Reply::plain(200, 1_000 + chance.up_to(20_000))
    }
}

/// One path always fails.
#[derive(Debug)]
pub(crate) struct BadPath {
    status: u16,
}

impl BadPath {
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        Self { status: if chance.up_to(1) == 0 { 500 } else { 503 } }
    }
}

impl Script for BadPath {
    fn name(&self) -> &'static str {
        "bad-path"
    }

    fn promise(&self, path: &str) -> Promise {
        if path.ends_with("/3") { Promise::NotHad } else { Promise::Had }
    }

    fn receive(&mut self, arrival: Arrival<'_>, chance: &mut Chance) -> Reply {
        Reply::plain(if arrival.path.ends_with("/3") { self.status } else { 200 }, 1 + chance.up_to(100))
    }
}
