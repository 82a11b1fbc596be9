//! Hosts that are away for a while and say so, rightly or not.

use std::time::{Duration, UNIX_EPOCH};

use comeback_engine::Chance;
use httpdate::HttpDate;

use super::{Arrival, Promise, Reply, Script};

fn http_date(wall_ms: u64) -> String {
    HttpDate::from(UNIX_EPOCH + Duration::from_millis(wall_ms)).to_string()
}

/// Away for a while; Retry-After in seconds. It begins at once or later.
#[derive(Debug)]
pub(crate) struct Delta {
    from_ms: u64,
    until_ms: u64,
    retry_after_s: u64,
}

impl Delta {
    pub(crate) fn draw(chance: &mut Chance, patience_ms: u64) -> Self {
        let from_ms = chance.up_to(1) * chance.up_to(3_000);
        // Half of the patience for the outage and a third for the last wait leave something over.
        let until_ms = from_ms + 1 + chance.up_to(patience_ms / 2);
        Self { from_ms, until_ms, retry_after_s: 1 + chance.up_to(patience_ms / 3_000) }
    }

    pub(crate) const fn new(from_ms: u64, until_ms: u64, retry_after_s: u64) -> Self {
        Self { from_ms, until_ms, retry_after_s }
    }
}

impl Script for Delta {
    fn name(&self) -> &'static str {
        "maintenance"
    }

    fn promise(&self, _path: &str) -> Promise {
        Promise::Had
    }

    fn receive(&mut self, arrival: Arrival<'_>, chance: &mut Chance) -> Reply {
        let after_ms = 1 + chance.up_to(100);
        if (self.from_ms..self.until_ms).contains(&arrival.at_ms) {
            return Reply::with_field(503, "Retry-After", self.retry_after_s.to_string(), after_ms);
        }
        Reply::plain(200, after_ms)
    }

    fn robots(&mut self, arrival: Arrival<'_>, chance: &mut Chance) -> Reply {
        match self.receive(arrival, chance) {
            Reply::Answer { status: 200, after_ms, .. } => Reply::plain(404, after_ms),
            refusal @ (Reply::Answer { .. } | Reply::Nothing { .. }) => refusal,
        }
    }
}

/// Away for a while; Retry-After as a date, by a clock that is up to an hour off.
#[derive(Debug)]
pub(crate) struct Date {
    until_ms: u64,
    clock_behind_ms: u64,
    clock_ahead_ms: u64,
}

impl Date {
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        let off_ms = chance.up_to(3_600_000);
        let ahead = chance.up_to(1) == 0;
        Self {
            until_ms: 1 + chance.up_to(20_000),
            clock_behind_ms: if ahead { 0 } else { off_ms },
            clock_ahead_ms: if ahead { off_ms } else { 0 },
        }
    }
}

impl Script for Date {
    fn name(&self) -> &'static str {
        "maintenance-date"
    }

    fn promise(&self, _path: &str) -> Promise {
        Promise::Had
    }

    fn receive(&mut self, arrival: Arrival<'_>, chance: &mut Chance) -> Reply {
        let after_ms = 1 + chance.up_to(100);
        if arrival.at_ms >= self.until_ms {
            return Reply::plain(200, after_ms);
        }
        let own_clock_ms = arrival.wall_ms + after_ms + self.clock_ahead_ms - self.clock_behind_ms;
        let back_ms = own_clock_ms + (self.until_ms - arrival.at_ms) + 999;
        let fields = vec![("Date", http_date(own_clock_ms)), ("Retry-After", http_date(back_ms))];
        Reply::Answer { status: 503, fields, body: "", after_ms }
    }
}

/// Away for a while; Retry-After carries no information.
#[derive(Debug)]
pub(crate) struct Unusable {
    until_ms: u64,
    value: &'static str,
}

impl Unusable {
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        let values = ["0", "-5", "", "soon", "Thu, 01 Jan 1970 00:00:00 GMT", "1e9", "NaN"];
        let place = chance.up_to(values.len() as u64 - 1);
        let value = values.iter().zip(0..).find(|(_, number)| *number == place).map_or("", |(value, _)| value);
        Self { until_ms: 1 + chance.up_to(20_000), value }
    }
}

impl Script for Unusable {
    fn name(&self) -> &'static str {
        "unusable"
    }

    fn promise(&self, _path: &str) -> Promise {
        Promise::Had
    }

    fn receive(&mut self, arrival: Arrival<'_>, chance: &mut Chance) -> Reply {
        let after_ms = 1 + chance.up_to(100);
        if arrival.at_ms < self.until_ms {
            Reply::with_field(503, "Retry-After", self.value, after_ms)
        } else {
            Reply::plain(200, after_ms)
        }
    }
}

/// Away for a day, it says.
#[derive(Debug)]
pub(crate) struct Absurd;

impl Script for Absurd {
    fn name(&self) -> &'static str {
        "absurd"
    }

    fn promise(&self, _path: &str) -> Promise {
        Promise::NotHad
    }

    fn receive(&mut self, _arrival: Arrival<'_>, chance: &mut Chance) -> Reply {
        Reply::with_field(503, "Retry-After", "86400", 1 + chance.up_to(100))
    }
}
