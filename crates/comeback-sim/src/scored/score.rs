//! The figures of one scored run, and those of many.

use super::bound::{Bound, Kind};
use super::world::World;

/// What one host cost.
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
    /// Requests for pages.
    pub requests: u64,
    /// Requests that got no page.
    pub wasted: u64,
    /// Requests for pages that had been had before.
    pub repeated: u64,
    /// From the first request for a page to the last new page, in milliseconds.
    pub finish_ms: u64,
    /// When the last request for a page arrived, and when the last URL was settled, in milliseconds of the run.
    pub last_request_ms: u64,
    /// See `last_request_ms`.
    pub settled_ms: u64,
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
    /// Each host.
    pub hosts: Vec<HostScore>,
    /// In a mix: when the last healthy host was done with all hosts but the healthy left out, in milliseconds.
    pub healthy_alone_ms: Option<u64>,
}

impl HostScore {
    /// Requests for each that the clairvoyant makes, in thousandths; with few URLs, one more than the honest client is free.
    #[must_use]
    pub fn requests_permille(&self) -> u64 {
        let Bound { kind: _, obtainable, clairvoyant_requests, honest_requests, honest_ms: _ } = self.bound;
        if obtainable < 100 && self.requests <= honest_requests + 1 {
            return 1000;
        }
        self.requests * 1000 / clairvoyant_requests.max(1)
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
        let allowed = match kind {
            Kind::Outage | Kind::Well => honest_requests - obtainable + 1,
            Kind::Limit => (self.requests * 5 / 100).max(5),
            Kind::Overload => (self.requests * 8 / 100).max(1),
            Kind::Flapping => clairvoyant_requests - obtainable,
            Kind::Closed => honest_requests,
        };
        self.wasted.saturating_sub(allowed)
    }
}

/// The value below which a share of the values lies, in hundredths; 0 of nothing.
///
/// ```
/// use comeback_sim::scored::score::quantile;
/// assert_eq!(quantile(&mut [4, 1, 3, 2], 50), 2);
/// assert_eq!(quantile(&mut [1, 2, 3], 95), 3);
/// ```
#[must_use]
pub fn quantile(values: &mut [u64], percent: usize) -> u64 {
    values.sort_unstable();
    let place = (values.len() * percent).div_ceil(100).max(1);
    values.get(place - 1).copied().unwrap_or(0)
}
