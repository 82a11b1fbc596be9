//! What a host counts.

use std::net::SocketAddr;

/// What came of the requests to one host. Those for robots.txt are counted apart, but for the holds that they broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostTally {
    /// The host's name in the world.
    pub name: String,
    /// Where it is.
    pub address: SocketAddr,
    /// What it does, in a few words.
    pub about: String,
    /// Requests for pages.
    pub requests: u64,
    /// Of these, how many were answered with the page.
    pub well: u64,
    /// The others: refused, failed, or never answered.
    pub wasted: u64,
    /// Requests, robots.txt included, that came while a Retry-After of this host asked to stay away.
    pub violations: u64,
    /// Requests for robots.txt.
    pub robots: u64,
}

/// The counts of one host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) well: u64,
    pub(crate) wasted: u64,
    pub(crate) violations: u64,
    pub(crate) robots: u64,
}

impl Counts {
    /// Counts one request.
    pub(crate) fn add(&mut self, is_robots: bool, is_well: bool, hold_broken: bool) {
        let counted = match (is_robots, is_well) {
            (true, _) => &mut self.robots,
            (false, true) => &mut self.well,
            (false, false) => &mut self.wasted,
        };
        *counted += 1;
        self.violations += u64::from(hold_broken);
    }
}
