//! What is possible: the clairvoyant's requests, and the honest client's requests and time.
//!
//! The clairvoyant knows the script and breaks no hold: each obtainable page costs it one request. The honest client's figures come
//! from a play ([`outage`]) or from a formula, one for each kind of host. Formulas and their reasons are in `docs/scores.md`.

use comeback_engine::Chance;

use super::honest::play;
use crate::world::Script;

/// Probes of a dead host in a minute: at 0, 1, 2.7, 5.6, 10.5, 18.8, 33 and 57 s.
const DEAD_PROBES: u64 = 8;

/// How a host's figures are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Away for a while: waste is at most the honest client's and one.
    Outage,
    /// A rate is allowed: waste is at most 5 % of the requests.
    Limit,
    /// So much work and no more: waste is at most 8 %.
    Overload,
    /// Refusals by chance: only the necessary ones.
    Flapping,
    /// Robots are turned away, or told to come back too late: one request, and the URLs are parked.
    Closed,
    /// Nobody answers: so many probes, and the URLs fail when the patience is spent.
    Dead,
    /// It answers.
    Well,
    /// Hosts of all kinds in one list: waste is at most 9 % beyond what flapping makes necessary.
    Mix,
}

/// What is possible at one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// How the host's figures are judged.
    pub kind: Kind,
    /// Pages that can be had.
    pub obtainable: u64,
    /// Requests of the clairvoyant; for a host that flaps, its necessary failures too.
    pub clairvoyant_requests: u64,
    /// Requests of the honest client.
    pub honest_requests: u64,
    /// From the first request to the last page, in milliseconds; `None` where only counts are judged.
    pub honest_ms: Option<u64>,
}

/// Bounds of a host that is away for a while, by a play of the honest client against its script. `timed`: whether time is judged.
pub(crate) fn outage(script: &mut dyn Script, urls: u64, chance: &mut Chance, timed: bool) -> Bound {
    let honest = play(script, urls, chance);
    Bound {
        kind: Kind::Outage,
        obtainable: urls,
        clairvoyant_requests: urls,
        honest_requests: honest.requests,
        honest_ms: timed.then_some(honest.finish_ms),
    }
}

/// Bounds of a rate limit: the clairvoyant's time, 3 % refusals (at least 5), and two holds where refusals carry one.
pub(crate) fn limit(urls: u64, clairvoyant_ms: u64, hold_ms: Option<u64>) -> Bound {
    Bound {
        kind: Kind::Limit,
        obtainable: urls,
        clairvoyant_requests: urls,
        honest_requests: urls + (urls * 3 / 100).max(5),
        honest_ms: Some(clairvoyant_ms + 2 * hold_ms.unwrap_or(0)),
    }
}

/// Bounds of an overloaded host: its capacity, a twentieth and half a second.
pub(crate) fn overload(urls: u64, capacity_per_second: u64) -> Bound {
    Bound {
        kind: Kind::Overload,
        obtainable: urls,
        clairvoyant_requests: urls,
        honest_requests: urls,
        honest_ms: Some(urls * 1_050 / capacity_per_second + 500),
    }
}

/// Bounds of a host that flaps: every URL's own tries, and half a second for each further one of the unluckiest.
pub(crate) fn flapping(tries: &[u64]) -> Bound {
    let (requests, most) = (tries.iter().sum(), tries.iter().copied().max().unwrap_or(1));
    Bound {
        kind: Kind::Flapping,
        obtainable: tries.len() as u64,
        clairvoyant_requests: requests,
        honest_requests: requests,
        honest_ms: Some(3_000 + 500 * (most - 1)),
    }
}

/// Bounds of a host that turns robots away: one request tells.
pub(crate) const fn closed() -> Bound {
    Bound { kind: Kind::Closed, obtainable: 0, clairvoyant_requests: 0, honest_requests: 1, honest_ms: None }
}

/// Bounds of a host where nobody answers: the probes of a patience of a minute.
pub(crate) const fn dead() -> Bound {
    Bound { kind: Kind::Dead, obtainable: 0, clairvoyant_requests: 0, honest_requests: DEAD_PROBES, honest_ms: None }
}

/// Bounds of a host that answers all but `bad` pages, each of which costs the honest client its tries.
pub(crate) const fn well(urls: u64, bad: u64, tries: u64) -> Bound {
    let obtainable = urls - bad;
    Bound {
        kind: Kind::Well,
        obtainable,
        clairvoyant_requests: obtainable,
        honest_requests: obtainable + bad * tries,
        honest_ms: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_those_of_the_document() {
        assert_eq!(limit(100, 10_000, None).honest_requests, 105);
        assert_eq!(
            limit(400, 10_000, Some(2_000)),
            Bound { honest_requests: 412, honest_ms: Some(14_000), ..limit(400, 0, None) }
        );
        assert_eq!(overload(200, 100).honest_ms, Some(2_600));
        let flapping = flapping(&[1, 3, 2]);
        assert_eq!((flapping.clairvoyant_requests, flapping.honest_ms), (6, Some(4_000)));
        assert_eq!(well(100, 1, 4).honest_requests, 103);
    }
}
