//! Hosts that turn robots away: by a challenge, or by their robots.txt.

use comeback_engine::Chance;

use super::{Arrival, CHALLENGE, Promise, Reply, Script};

/// Every page is a challenge.
#[derive(Debug)]
pub(crate) struct Challenge {
    status: u16,
}

impl Challenge {
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        let status = match chance.up_to(3) {
            0 => 503,
            1 => 403,
            2 => 429,
            _ => 200,
        };
        Self { status }
    }
}

impl Script for Challenge {
    fn name(&self) -> &'static str {
        "challenge"
    }

    fn promise(&self, _path: &str) -> Promise {
        Promise::NotHad
    }

    fn receive(&mut self, _arrival: Arrival<'_>, chance: &mut Chance) -> Reply {
        let fields = vec![("cf-mitigated", "challenge".to_owned()), ("Content-Type", "text/html".to_owned())];
        Reply::Answer { status: self.status, fields, body: CHALLENGE, after_ms: 1 + chance.up_to(50) }
    }
}

/// robots.txt forbids half of the pages, and asks for a gap.
#[derive(Debug)]
pub(crate) struct Forbidding;

impl Script for Forbidding {
    fn name(&self) -> &'static str {
        "forbidding"
    }

    fn crawl_delay_ms(&self) -> Option<u64> {
        Some(2_000)
    }

    fn promise(&self, path: &str) -> Promise {
        if path.starts_with("/page/1") { Promise::NotHad } else { Promise::Had }
    }

    fn receive(&mut self, _arrival: Arrival<'_>, chance: &mut Chance) -> Reply {
        Reply::plain(200, 1 + chance.up_to(50))
    }

    fn robots(&mut self, _arrival: Arrival<'_>, _chance: &mut Chance) -> Reply {
        let body = "User-agent: *\nCrawl-delay: 2\nDisallow: /page/1\n";
        Reply::Answer { status: 200, fields: Vec::new(), body, after_ms: 5 }
    }
}
