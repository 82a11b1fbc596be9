//! Hosts that turn robots away: by a challenge, or by their robots.txt.

use comeback_engine::Chance;

use super::{Arrival, Promise, Reply, Script};

/// Every page is a challenge.
#[derive(Debug)]
pub(crate) struct Challenge {
    status: u16,
}

impl Challenge {
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        Self { status: [403, 403, 429, 503][usize::from(chance.up_to(3) == 0) + usize::from(chance.up_to(2) == 0) * 2] }
    }
}

impl Script for Challenge {
    fn promise(&self, _path: &str) -> Promise {
        Promise::NotHad
    }

    fn receive(&mut self, _arrival: Arrival<'_>, chance: &mut Chance) -> Reply {
        Reply::with_field(self.status, "cf-mitigated", "challenge", 1 + chance.up_to(50))
    }
}

/// robots.txt forbids half of the pages, and asks for a gap.
#[derive(Debug)]
pub(crate) struct Forbidding;

impl Script for Forbidding {
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
