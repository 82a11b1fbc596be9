//! Hosts that fail: by chance, for good, or only where robots.txt is concerned.

use comeback_engine::Chance;
use comeback_engine::diagnosis::cause::Cause;

use super::{Arrival, Promise, Reply, Script};

/// Each request fails with the same chance, whatever came before.
#[derive(Debug)]
pub(crate) struct Flapping {
    percent: u64,
}

impl Flapping {
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        Self { percent: 10 + chance.up_to(40) }
    }
}

impl Script for Flapping {
    fn promise(&self, _path: &str) -> Promise {
        // A URL, or all probes of a minute, may be unlucky.
        Promise::Open
    }

    fn receive(&mut self, _arrival: Arrival<'_>, chance: &mut Chance) -> Reply {
        let fails = chance.up_to(99) < self.percent;
        Reply::plain(if fails { 503 } else { 200 }, 1 + chance.up_to(50))
    }
}

/// Nobody answers, ever.
#[derive(Debug)]
pub(crate) struct Dead {
    cause: Cause,
    is_lasting: bool,
    after_ms: u64,
}

impl Dead {
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        let (cause, after_ms) = match chance.up_to(5) {
            0 => (Cause::ConnectRefused, 1),
            1 => (Cause::ConnectTimeout, 10_000),
            2 => (Cause::ReadTimeout, 30_000),
            3 => (Cause::Reset, 20),
            4 => (Cause::Dns, 30),
            _ => (Cause::Tls, 60),
        };
        Self { cause, is_lasting: matches!(cause, Cause::Dns | Cause::Tls), after_ms }
    }
}

impl Script for Dead {
    fn promise(&self, _path: &str) -> Promise {
        Promise::NotHad
    }

    fn receive(&mut self, _arrival: Arrival<'_>, _chance: &mut Chance) -> Reply {
        Reply::Nothing { cause: self.cause, is_lasting: self.is_lasting, after_ms: self.after_ms }
    }

    fn robots(&mut self, arrival: Arrival<'_>, chance: &mut Chance) -> Reply {
        self.receive(arrival, chance)
    }
}

/// Pages are well, robots.txt is refused for a while.
#[derive(Debug)]
pub(crate) struct RobotsDown {
    until_ms: u64,
}

impl RobotsDown {
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        Self { until_ms: 1 + chance.up_to(90_000) }
    }
}

impl Script for RobotsDown {
    fn promise(&self, _path: &str) -> Promise {
        Promise::Open
    }

    fn receive(&mut self, _arrival: Arrival<'_>, chance: &mut Chance) -> Reply {
        Reply::plain(200, 1 + chance.up_to(50))
    }

    fn robots(&mut self, arrival: Arrival<'_>, chance: &mut Chance) -> Reply {
        Reply::plain(if arrival.at_ms < self.until_ms { 503 } else { 404 }, 1 + chance.up_to(50))
    }
}
