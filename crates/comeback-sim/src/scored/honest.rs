//! The honest client: the best that obeys and does not know the script.
//!
//! One request at once; then nothing before a stated time, and one probe at its end; where nothing is stated, probes at gaps growing by
//! 1.7 from one second. After an accepted answer slow start, one more under way for each, up to the window. It shares no code with the
//! engine: it is what the engine is measured against.

use comeback_engine::Chance;

use super::{TRAVEL_MS_MAX, WINDOW_MAX};
use crate::inbox::Inbox;
use crate::simulation::EPOCH_MS;
use crate::world::{Arrival, Reply, Script, stated_ms};

/// Requests after which a play is given up: a script that is never well again has no bound in time.
const REQUESTS_MAX: u64 = 10_000;

/// What the honest client needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Honest {
    /// Requests, refused ones included.
    pub(crate) requests: u64,
    /// From its first request to the last page, in milliseconds.
    pub(crate) finish_ms: u64,
}

enum Event {
    Read { page: u64, left_ms: u64, is_page: bool, stated_ms: Option<u64> },
    Wake,
}

struct Client<'a> {
    script: &'a mut dyn Script,
    chance: &'a mut Chance,
    inbox: Inbox<Event>,
    left: Vec<u64>,
    under_way: usize,
    window: usize,
    /// While it is set, one probe at a time, none before this time.
    probe_at: Option<u64>,
    gap_ms: u64,
    refused_at: u64,
    requests: u64,
}

/// Lets the honest client fetch so many pages.
pub(crate) fn play(script: &mut dyn Script, urls: u64, chance: &mut Chance) -> Honest {
    let mut client = Client {
        script,
        chance,
        inbox: Inbox::default(),
        left: (0..urls).rev().collect(),
        under_way: 0,
        window: 1,
        probe_at: None,
        gap_ms: 1_000,
        refused_at: 0,
        requests: 0,
    };
    let mut finish_ms = 0;
    client.send(0);
    while let Some((now_ms, event)) = client.inbox.take() {
        if let Event::Read { page, left_ms, is_page, stated_ms } = event {
            client.under_way -= 1;
            if is_page {
                finish_ms = now_ms;
            }
            client.read(now_ms, page, left_ms, is_page, stated_ms);
        }
        if client.requests < REQUESTS_MAX {
            client.send(now_ms);
        }
    }
    Honest { requests: client.requests, finish_ms }
}

impl Client<'_> {
    fn send(&mut self, now_ms: u64) {
        let window = if self.probe_at.is_some() { 1 } else { self.window };
        while self.under_way < window && self.probe_at.is_none_or(|at| at <= now_ms) {
            let Some(page) = self.left.pop() else { return };
            self.under_way += 1;
            self.requests += 1;
            let at_ms = now_ms + self.chance.up_to(TRAVEL_MS_MAX);
            let path = format!("/page/{page}");
            let reply = self.script.receive(Arrival { at_ms, wall_ms: EPOCH_MS + at_ms, path: &path }, self.chance);
            let (after_ms, stated_ms) = match &reply {
                Reply::Answer { fields, after_ms, .. } => (*after_ms, stated_ms(fields)),
                Reply::Nothing { after_ms, .. } => (*after_ms, None),
            };
            let read_ms = at_ms + after_ms + self.chance.up_to(TRAVEL_MS_MAX);
            self.inbox.put(read_ms, Event::Read { page, left_ms: now_ms, is_page: reply.is_page(), stated_ms });
        }
    }

    fn read(&mut self, now_ms: u64, page: u64, left_ms: u64, is_page: bool, stated_ms: Option<u64>) {
        if is_page {
            // An answer from before the refusal says nothing about the time after it.
            if self.probe_at.is_none() || left_ms > self.refused_at {
                self.probe_at = None;
                self.gap_ms = 1_000;
                self.window = (self.window + 1).min(WINDOW_MAX);
            }
            return;
        }
        self.left.push(page);
        if self.probe_at.is_some() && left_ms <= self.refused_at {
            return;
        }
        self.refused_at = now_ms;
        self.window = 1;
        let wait_ms = stated_ms.map_or(self.gap_ms, |stated_ms| stated_ms + 1);
        if stated_ms.is_none() {
            self.gap_ms = self.gap_ms * 17 / 10;
        }
        self.probe_at = Some(now_ms + wait_ms);
        self.inbox.put(now_ms + wait_ms, Event::Wake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Promise;
    use crate::world::maintaining::Delta;

    #[test]
    fn a_stated_outage_costs_one_request_for_each_hold() {
        let mut script = Delta::new(0, 9_000, 4);
        let honest = play(&mut script, 100, &mut Chance::from_rng_seed(1));
        // Asked at 0, and at about 4, 8 and 12 s; the page of the last one is fetched.
        assert_eq!(honest.requests, 103);
        assert!((12_000..14_000).contains(&honest.finish_ms), "{honest:?}");
    }

    #[test]
    fn a_host_that_never_answers_ends_the_play() {
        let mut script = Delta::new(0, u64::MAX, 1);
        assert_eq!(play(&mut script, 1, &mut Chance::from_rng_seed(1)).requests, REQUESTS_MAX);
    }

    /// Refuses bare until a time; answers take ten milliseconds.
    #[derive(Debug)]
    struct Silent {
        until_ms: u64,
    }

    impl Script for Silent {
        fn name(&self) -> &'static str {
            "silent"
        }

        fn promise(&self, _path: &str) -> Promise {
            Promise::Had
        }

        fn receive(&mut self, arrival: Arrival<'_>, _chance: &mut Chance) -> Reply {
            Reply::plain(if arrival.at_ms < self.until_ms { 503 } else { 200 }, 10)
        }
    }

    #[test]
    fn a_bare_outage_is_probed_at_gaps_growing_by_1_7() {
        // Probes at 0, 1, 2.7 and 5.6 s, each later by what the answers before it took: up to 50 ms each.
        for (until_ms, refusals, from_ms) in [(500, 1, 1_000), (2_000, 2, 2_700), (5_000, 3, 5_590), (9_000, 4, 10_503)] {
            let honest = play(&mut Silent { until_ms }, 100, &mut Chance::from_rng_seed(until_ms));
            assert_eq!(honest.requests, 100 + refusals);
            // Slow start: 100 pages in windows that grow by one for each answer are had within nine rounds.
            assert!((from_ms..from_ms + refusals * 50 + 500).contains(&honest.finish_ms), "{honest:?}");
        }
    }

    #[test]
    fn a_host_that_answers_costs_one_request_a_page_and_the_rounds_of_slow_start() {
        // A round takes up to 50 ms: 1, 2, 4, 8, 16, then 16 in each.
        let honest = play(&mut Silent { until_ms: 0 }, 31, &mut Chance::from_rng_seed(1));
        assert_eq!(honest.requests, 31);
        assert!((50..=250).contains(&honest.finish_ms), "{honest:?}");
    }
}
