//! Hosts that have only so much strength: a queue before a capacity, and a share refused above a rate.

use comeback_engine::Chance;

use super::{Arrival, Promise, Reply, Script};

/// A queue before one worker. A full queue refuses at once; what waits too long is abandoned by its client and done all the same.
#[derive(Debug, Clone)]
pub(crate) struct Overload {
    per_second: u64,
    queue: u64,
    /// When the worker will have done all that was taken, in microseconds.
    busy_until_us: u64,
}

impl Overload {
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        Self { per_second: 20 + chance.up_to(130), queue: 4 + chance.up_to(46), busy_until_us: 0 }
    }

    pub(crate) const fn capacity(&self) -> u64 {
        self.per_second
    }
}

impl Script for Overload {
    fn name(&self) -> &'static str {
        "overload"
    }

    fn promise(&self, _path: &str) -> Promise {
        Promise::Had
    }

    fn receive(&mut self, arrival: Arrival<'_>, _chance: &mut Chance) -> Reply {
        let now_us = arrival.at_ms * 1000;
        let work_us = 1_000_000 / self.per_second;
        let waiting = self.busy_until_us.saturating_sub(now_us).div_ceil(work_us);
        if waiting > self.queue {
            return Reply::plain(503, 1);
        }
        self.busy_until_us = self.busy_until_us.max(now_us) + work_us;
        Reply::plain(200, (self.busy_until_us - now_us).div_ceil(1000))
    }
}

/// Above a rate, so many are refused by chance that the rest fits.
#[derive(Debug)]
pub(crate) struct Shedding {
    per_second: u64,
    /// Arrivals of the last second.
    arrivals: std::collections::VecDeque<u64>,
}

impl Shedding {
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        Self { per_second: 10 + chance.up_to(60), arrivals: std::collections::VecDeque::new() }
    }
}

impl Script for Shedding {
    fn name(&self) -> &'static str {
        "shedding"
    }

    fn promise(&self, _path: &str) -> Promise {
        // A URL may be unlucky four times among others that are not.
        Promise::Open
    }

    fn receive(&mut self, arrival: Arrival<'_>, chance: &mut Chance) -> Reply {
        while self.arrivals.front().is_some_and(|at_ms| at_ms + 1_000 <= arrival.at_ms) {
            self.arrivals.pop_front();
        }
        self.arrivals.push_back(arrival.at_ms);
        let rate = self.arrivals.len() as u64;
        if rate > self.per_second && chance.up_to(rate - 1) >= self.per_second {
            return Reply::plain(503, 1 + chance.up_to(5));
        }
        Reply::plain(200, 5 + chance.up_to(40))
    }
}
