//! The figures of one scored run.

use super::bound::{Bound, Kind};
use super::world::World;

/// What one host cost; or several that are judged as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostScore {
    /// The behaviour's name.
    pub script: &'static str,
    /// Pages wanted.
    pub urls: u64,
    /// Pages had, final answers included.
    pub obtained: u64,
    /// URLs parked.
    pub parked: u64,
    /// Requests for pages; of a dead host, those for robots.txt too, which are its probes.
    pub requests: u64,
    /// Requests that got no page.
    pub wasted: u64,
    /// Requests for pages that had been had before.
    pub repeated: u64,
    /// When the last new page was read, in milliseconds of the run.
    pub finish_ms: u64,
    /// When the first URL was settled, in milliseconds of the run.
    pub settled_from_ms: u64,
    /// What is possible.
    pub bound: Bound,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    /// Which world.
    pub world: World,
    /// Which run of it.
    pub rng_seed: u64,
    /// Each host, or group of hosts.
    pub hosts: Vec<HostScore>,
    /// In a mix: when the last healthy host was done with all hosts but the healthy left out, in milliseconds.
    pub healthy_alone_ms: Option<u64>,
}

impl HostScore {
    /// Requests for each that the clairvoyant makes, in thousandths. A host that can be had and has few URLs may cost one more
    /// than the honest client needs; a host that cannot be had is measured by what it may cost.
    #[must_use]
    pub fn requests_permille(&self) -> u64 {
        let Bound { kind, obtainable, clairvoyant_requests, honest_requests, honest_ms: _ } = self.bound;
        match kind {
            Kind::Closed | Kind::Dead => self.requests * 1000 / honest_requests,
            Kind::Outage | Kind::Limit | Kind::Overload | Kind::Flapping | Kind::Well | Kind::Mix => {
                let is_free = obtainable < URLS_JUDGED_MIN && self.requests <= honest_requests + 1;
                if is_free { 1000 } else { self.requests * 1000 / clairvoyant_requests.max(1) }
            }
        }
    }

    /// Time for each millisecond that the honest client needs, in thousandths.
    #[must_use]
    pub fn time_permille(&self) -> Option<u64> {
        self.bound.honest_ms.map(|honest_ms| self.finish_ms * 1000 / honest_ms.max(1))
    }

    /// Wasted requests beyond what the host's kind allows.
    #[must_use]
    pub fn waste_beyond(&self) -> u64 {
        let Bound { kind, obtainable, clairvoyant_requests, honest_requests, honest_ms: _ } = self.bound;
        let share = |percent: u64| self.requests * percent / 100;
        let allowed = match kind {
            Kind::Outage | Kind::Well => honest_requests - obtainable + 1,
            Kind::Limit => share(5),
            Kind::Overload => share(8),
            Kind::Flapping => clairvoyant_requests - obtainable,
            Kind::Mix => share(9) + clairvoyant_requests - obtainable,
            Kind::Closed | Kind::Dead => honest_requests,
        };
        self.wasted.saturating_sub(allowed)
    }

    /// Counts another host with this one, which keeps its name and its bound.
    pub(super) fn join(&mut self, other: &Self) {
        self.urls += other.urls;
        self.obtained += other.obtained;
        self.parked += other.parked;
        self.requests += other.requests;
        self.wasted += other.wasted;
        self.repeated += other.repeated;
        self.finish_ms = self.finish_ms.max(other.finish_ms);
        self.settled_from_ms = self.settled_from_ms.min(other.settled_from_ms);
    }
}

/// Hosts with fewer URLs are not measured against the clairvoyant: one refusal would be too large a share.
const URLS_JUDGED_MIN: u64 = 100;

impl Score {
    /// All hosts of a mix as one; its time is that of the hosts whose time is judged.
    #[must_use]
    pub fn whole(&self) -> Option<HostScore> {
        let mut hosts = self.hosts.iter();
        let mut whole = HostScore { script: "all hosts", ..hosts.next()?.clone() };
        hosts.for_each(|host| whole.join(host));
        let bounds = || self.hosts.iter().map(|host| host.bound);
        let necessary: u64 = bounds()
            .filter(|bound| bound.kind == Kind::Flapping)
            .map(|bound| bound.clairvoyant_requests - bound.obtainable)
            .sum();
        let obtainable = bounds().map(|bound| bound.obtainable).sum();
        whole.finish_ms =
            self.hosts.iter().filter(|host| host.bound.honest_ms.is_some()).map(|host| host.finish_ms).max().unwrap_or(0);
        whole.bound = Bound {
            kind: Kind::Mix,
            obtainable,
            clairvoyant_requests: obtainable + necessary,
            honest_requests: bounds().map(|bound| bound.honest_requests).sum(),
            honest_ms: bounds().filter_map(|bound| bound.honest_ms).max(),
        };
        Some(whole)
    }

    /// When the last healthy host of a mix was done beside the others, and alone, in milliseconds.
    #[must_use]
    pub fn healthy_ms(&self) -> Option<(u64, u64)> {
        let beside_ms = self.hosts.iter().filter(|host| host.script == "healthy").map(|host| host.finish_ms).max()?;
        Some((beside_ms, self.healthy_alone_ms?))
    }
}
