//! Hosts that fail: by chance, for good, or only where robots.txt is concerned.

use std::collections::BTreeMap;

use comeback_engine::Chance;
use comeback_engine::diagnosis::cause::Cause;

use super::{Arrival, Promise, Reply, Script};

/// Each request fails with the same chance, whatever came before. How often each URL fails is drawn beforehand, so that it is the same
/// for every client; no URL needs more than eleven tries.
#[derive(Debug)]
pub(crate) struct Flapping {
    percent: u64,
    rng_seed: u64,
    asked: BTreeMap<String, u64>,
}

/// The most tries that a URL of a flapping host needs.
const TRIES_MAX: u64 = 11;

impl Flapping {
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        Self { percent: 10 + chance.up_to(40), rng_seed: chance.up_to(u64::MAX - 1), asked: BTreeMap::new() }
    }

    /// How many requests a URL needs.
    pub(crate) fn tries(&self, path: &str) -> u64 {
        let number = path.bytes().fold(0_u64, |number, byte| number.wrapping_mul(31).wrapping_add(u64::from(byte)));
        let mut chance = Chance::from_rng_seed(self.rng_seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        1 + (1..TRIES_MAX).take_while(|_| chance.up_to(99) < self.percent).count() as u64
    }
}

impl Script for Flapping {
    fn promise(&self, _path: &str) -> Promise {
        // A URL, or all probes of a minute, may be unlucky.
        Promise::Open
    }

    fn name(&self) -> &'static str {
        "flapping"
    }

    fn receive(&mut self, arrival: Arrival<'_>, chance: &mut Chance) -> Reply {
        let tries = self.tries(arrival.path);
        let asked = self.asked.entry(arrival.path.to_owned()).or_default();
        *asked += 1;
        Reply::plain(if *asked < tries { 503 } else { 200 }, 1 + chance.up_to(50))
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

    /// One whose trouble may pass, for all that a client knows.
    pub(crate) fn silent(chance: &mut Chance, cause: Cause) -> Self {
        Self { cause, is_lasting: false, after_ms: 1 + chance.up_to(20) }
    }
}

impl Script for Dead {
    fn name(&self) -> &'static str {
        "dead"
    }

    fn is_worth_patience(&self) -> bool {
        !self.is_lasting
    }

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

/// A gateway whose server is away for a while: 502, 503 and 504 by chance.
#[derive(Debug)]
pub(crate) struct Upstream {
    until_ms: u64,
}

impl Upstream {
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        Self { until_ms: 2_000 + chance.up_to(10_000) }
    }
}

impl Script for Upstream {
    fn name(&self) -> &'static str {
        "upstream"
    }

    fn promise(&self, _path: &str) -> Promise {
        // A 504 speaks for its URL: with few URLs there may be none that tells otherwise.
        Promise::Open
    }

    fn receive(&mut self, arrival: Arrival<'_>, chance: &mut Chance) -> Reply {
        if arrival.at_ms >= self.until_ms {
            return Reply::plain(200, 1 + chance.up_to(50));
        }
        match chance.up_to(2) {
            0 => Reply::plain(502, 1 + chance.up_to(50)),
            1 => Reply::plain(503, 1 + chance.up_to(50)),
            _ => Reply::plain(504, 200 + chance.up_to(300)),
        }
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
    fn name(&self) -> &'static str {
        "robots-down"
    }

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
