//! A host whose pages have moved to another host, to themselves, or nowhere.

use comeback_engine::Chance;

use super::{Arrival, Promise, Reply, Script};

/// Every page points elsewhere.
#[derive(Debug)]
pub(crate) struct Redirecting {
    hosts: u64,
    robots_too: bool,
}

impl Redirecting {
    pub(crate) fn draw(chance: &mut Chance, hosts: u64) -> Self {
        Self { hosts, robots_too: chance.up_to(1) == 0 }
    }

    fn elsewhere(&self, path: &str, chance: &mut Chance) -> Reply {
        let host = chance.up_to(self.hosts.saturating_sub(1));
        Reply::with_field(302, "Location", format!("http://h{host}.example{path}"), 1 + chance.up_to(50))
    }
}

impl Script for Redirecting {
    fn name(&self) -> &'static str {
        "redirecting"
    }

    fn promise(&self, _path: &str) -> Promise {
        Promise::Open
    }

    fn receive(&mut self, arrival: Arrival<'_>, chance: &mut Chance) -> Reply {
        match chance.up_to(19) {
            0 => Reply::with_field(302, "Location", arrival.path, 1),
            1 => Reply::with_field(301, "Location", "http://[", 1),
            2 => Reply::plain(302, 1),
            _ => self.elsewhere(arrival.path, chance),
        }
    }

    fn robots(&mut self, arrival: Arrival<'_>, chance: &mut Chance) -> Reply {
        if self.robots_too { self.elsewhere(arrival.path, chance) } else { Reply::plain(404, 1) }
    }
}
