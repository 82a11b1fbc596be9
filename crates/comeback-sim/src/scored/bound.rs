//! What is possible: the clairvoyant's requests, and the honest client's requests and time.
//!
//! The clairvoyant knows the script and breaks no hold: each obtainable page costs it one request. The honest client's figures come
//! from a play (`outage`) or from a formula, one for each kind of host. Formulas and their reasons are in `docs/scores.md`.

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
    use crate::world::failing::Flapping;
    use crate::world::limiting::{Bucket, FixedWindow, SlidingCounter};
    use crate::world::loading::Overload;
    use crate::world::{Arrival, Reply};

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

    fn asked(script: &mut impl Script, at_ms: u64) -> Option<u64> {
        let reply = script.receive(Arrival { at_ms, wall_ms: 0, path: "/page/0" }, &mut Chance::from_rng_seed(1));
        let (Reply::Answer { after_ms, .. } | Reply::Nothing { after_ms, .. }) = reply;
        reply.is_page().then_some(at_ms + after_ms)
    }

    /// When so many pages can be had at best, by trying every way to ask or not to ask on a grid of times.
    fn exhausted(script: &(impl Script + Clone), at_ms: u64, left: u64, best_ms: &mut u64) {
        const STEP_MS: u64 = 50;
        if left == 0 {
            *best_ms = at_ms.min(*best_ms);
            return;
        }
        if at_ms >= *best_ms {
            return;
        }
        let mut other = script.clone();
        let left_then = left - u64::from(asked(&mut other, at_ms).is_some());
        if left_then < left {
            exhausted(&other, at_ms, left_then, best_ms);
        } else {
            // Asked in vain: it may still have changed the server.
            exhausted(&other, at_ms + STEP_MS, left, best_ms);
        }
        exhausted(script, at_ms + STEP_MS, left, best_ms);
    }

    /// When the last of so many pages is asked for by a client that asks whenever it would not be refused.
    fn greedy(mut script: impl Script + Clone, urls: u64) -> (u64, u64) {
        let (mut at_ms, mut read_ms, mut left) = (0, 0, urls);
        while left > 0 {
            let mut other = script.clone();
            if let Some(done_ms) = asked(&mut other, at_ms) {
                (script, left, read_ms) = (other, left - 1, done_ms);
            } else {
                at_ms += 1;
            }
        }
        (at_ms, read_ms)
    }

    #[test]
    fn no_way_to_ask_is_faster_than_the_clairvoyant() {
        for (per_second, burst, urls) in [(5, 1, 3), (10, 2, 5), (20, 3, 7)] {
            let (script, mut best_ms) = (Bucket::new(per_second, burst), 1_000);
            exhausted(&script, 0, urls, &mut best_ms);
            assert_eq!(script.clairvoyant_ms(urls), best_ms, "{script:?}");
        }
        for (allowed, urls) in [(1, 3), (3, 6), (3, 7)] {
            let (window, mut best_ms) = (FixedWindow::bare_of(200, allowed), 1_000);
            exhausted(&window, 0, urls, &mut best_ms);
            assert_eq!(window.clairvoyant_ms(urls), best_ms, "{window:?}");
            let (counter, mut best_ms) = (SlidingCounter::new(200, allowed), 1_000);
            exhausted(&counter, 0, urls, &mut best_ms);
            assert_eq!(counter.clairvoyant_ms(urls), best_ms, "{counter:?}");
        }
    }

    #[test]
    fn drawn_limiters_give_so_many_pages_at_the_clairvoyants_time_and_not_before() {
        for rng_seed in 0..100 {
            let mut chance = Chance::from_rng_seed(rng_seed);
            let urls = 100 + chance.up_to(300);
            let (bucket, window) = (Bucket::draw(&mut chance), FixedWindow::too_many(&mut chance));
            let counter = SlidingCounter::draw(&mut chance);
            // A drop takes a broken number of milliseconds; the formula leaves the fraction out.
            assert!((0..=1).contains(&(greedy(bucket.clone(), urls).0 - bucket.clairvoyant_ms(urls))), "{bucket:?}");
            assert_eq!(greedy(window.clone(), urls).0, window.clairvoyant_ms(urls), "{window:?}");
            assert_eq!(greedy(counter.clone(), urls).0, counter.clairvoyant_ms(urls), "{counter:?}");
        }
    }

    #[test]
    fn an_overloaded_host_allows_a_twentieth_and_half_a_second_more_than_its_work_takes() {
        for rng_seed in 0..100 {
            let script = Overload::draw(&mut Chance::from_rng_seed(rng_seed));
            let (work_ms, allowed_ms) = (greedy(script.clone(), 200).1, overload(200, script.capacity()).honest_ms.unwrap_or(0));
            assert!((work_ms..=work_ms * 106 / 100 + 500).contains(&allowed_ms), "{work_ms} {allowed_ms} {script:?}");
        }
    }

    #[test]
    fn a_flapping_host_is_had_with_exactly_the_tries_of_its_bound() {
        let mut script = Flapping::draw(&mut Chance::from_rng_seed(3));
        let paths: Vec<String> = (0..100).map(|page| format!("/page/{page}")).collect();
        let tries: Vec<u64> = paths.iter().map(|path| script.tries(path)).collect();
        let mut requests = 0;
        for path in &paths {
            let mut is_had = false;
            while !is_had {
                requests += 1;
                is_had = script.receive(Arrival { at_ms: 0, wall_ms: 0, path }, &mut Chance::from_rng_seed(1)).is_page();
            }
        }
        assert_eq!(flapping(&tries).clairvoyant_requests, requests);
    }
}
