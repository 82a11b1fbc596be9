//! The checkers: what must hold in every run, judged from outside by what servers said and what was asked.

use std::collections::BTreeMap;

use comeback_engine::outcome::Outcome;

use crate::retries::{Answered, Retries};
use crate::scored::world::World;

/// Something that must not be: the simulation's result that matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The run.
    pub rng_seed: u64,
    /// When, in milliseconds since the run's beginning.
    pub at_ms: u64,
    /// The world of a scored run.
    pub world: Option<World>,
    /// What, in one line.
    pub what: String,
    /// The state of every engine at that moment, in lines; empty where none was alive.
    pub state: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { rng_seed, at_ms, world, what, state: _ } = self;
        let world = world.map(|world| format!(" of {}", world.word())).unwrap_or_default();
        write!(formatter, "rng_seed {rng_seed}{world}, at {at_ms} ms: {what}")
    }
}

/// A row as the checkers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) url: String,
    pub(crate) outcome: Outcome,
    pub(crate) attempts: u32,
    pub(crate) requests: u32,
    /// When it was settled, in milliseconds since the run's beginning.
    pub(crate) settled_ms: u64,
}

/// What one host's server remembers of its own words, for the checkers.
#[derive(Debug, Default)]
struct Spoken {
    /// The stated time before which nobody should ask, and when the client had read it.
    holds: Vec<(u64, u64)>,
    under_way: u64,
    /// The gap that robots.txt asks for, and when the client had read it.
    gap: Option<(u64, u64)>,
    /// When the last request left.
    last_sent_ms: Option<u64>,
}

/// Watches a run.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// Each host's behaviour, for the findings' words.
    names: BTreeMap<String, &'static str>,
    hosts: BTreeMap<String, Spoken>,
    under_way: u64,
    retries: Retries,
    /// The user's gap between two requests to one host.
    delay_ms: u64,
    findings: Vec<(u64, String)>,
}

/// Requests under way at one host that are allowed: the engine's window.
const WINDOW_MAX: u64 = 16;
/// What a connection that is slow to open may take off a gap.
const GRACE_MS: u64 = 50;

impl Watch {
    /// Of hosts with these behaviours, and a client with so many free retries in a minute and such a delay.
    pub(crate) fn of(names: BTreeMap<String, &'static str>, retries_free: u64, delay_ms: u64) -> Self {
        Self { names, retries: Retries::of(retries_free), delay_ms, ..Self::default() }
    }

    fn found(&mut self, at_ms: u64, host: &str, what: &str) {
        let name = self.names.get(host).copied().unwrap_or("unknown");
        self.findings.push((at_ms, format!("{host} ({name}) {what}")));
    }

    /// A request left at `sent_ms` and arrived at `at_ms`.
    pub(crate) fn arrived(&mut self, host: &str, sent_ms: u64, at_ms: u64, slots: u64) {
        let spoken = self.hosts.entry(host.to_owned()).or_default();
        spoken.under_way += 1;
        self.under_way += 1;
        let under_way = spoken.under_way;
        let gap = spoken.gap.filter(|(_, read_ms)| sent_ms > *read_ms).map(|(gap_ms, _)| gap_ms);
        let since_ms = spoken.last_sent_ms.map_or(u64::MAX, |last_ms| sent_ms.saturating_sub(last_ms));
        spoken.last_sent_ms = spoken.last_sent_ms.max(Some(sent_ms));
        let is_hurried = since_ms.saturating_add(GRACE_MS) < self.delay_ms;
        let hold = spoken.holds.iter().find(|(until_ms, read_ms)| sent_ms > *read_ms && at_ms < *until_ms);
        if let Some(before_ms) = hold.map(|(until_ms, _)| until_ms - at_ms) {
            self.found(at_ms, host, &format!("was asked {before_ms} ms before a hold ended"));
        }
        if gap.is_some_and(|gap_ms| since_ms.saturating_add(GRACE_MS) < gap_ms) {
            self.found(at_ms, host, &format!("was asked {since_ms} ms after the last request, against its Crawl-delay"));
        }
        if is_hurried {
            let delay_ms = self.delay_ms;
            self.found(at_ms, host, &format!("was asked {since_ms} ms after the last request, with --delay {delay_ms} ms"));
        }
        if under_way > WINDOW_MAX {
            self.found(at_ms, host, &format!("has {under_way} requests under way"));
        }
        if self.under_way > slots {
            self.findings.push((at_ms, format!("{} requests are under way in all; there are {slots} slots", self.under_way)));
        }
    }

    /// A request left; is it a retry too many?
    pub(crate) fn retried(&mut self, host: &str, sent_ms: u64) {
        if let Some(what) = self.retries.asked(host, sent_ms) {
            self.found(sent_ms, host, &what);
        }
    }

    /// A request was answered; the client reads it at `read_ms`.
    pub(crate) fn answered(&mut self, host: &str, read_ms: u64, answered: Answered) {
        self.retries.answered(host, read_ms, answered);
    }

    /// robots.txt asked for a gap; the client read it at `read_ms`.
    pub(crate) fn declared(&mut self, host: &str, gap_ms: u64, read_ms: u64) {
        self.hosts.entry(host.to_owned()).or_default().gap = Some((gap_ms, read_ms));
    }

    /// A new process asks for robots.txt before it can know of a gap: that gap is not kept over the restart.
    pub(crate) fn restarted(&mut self) {
        self.retries.restarted();
        self.hosts.values_mut().for_each(|spoken| (spoken.gap, spoken.last_sent_ms) = (None, None));
    }

    /// A request ended, for the server or by the client's hand.
    pub(crate) fn ended(&mut self, host: &str) {
        let spoken = self.hosts.entry(host.to_owned()).or_default();
        spoken.under_way = spoken.under_way.saturating_sub(1);
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// The server said at `said_ms` to stay away for so long; the client read it at `read_ms`.
    pub(crate) fn stated(&mut self, host: &str, said_ms: u64, delay_ms: u64, read_ms: u64) {
        let spoken = self.hosts.entry(host.to_owned()).or_default();
        spoken.holds.retain(|(until_ms, _)| *until_ms > said_ms);
        spoken.holds.push((said_ms + delay_ms, read_ms));
    }

    /// The process died: nothing is under way, and what it had read within the last `uncommitted_ms` may be forgotten.
    pub(crate) fn crashed(&mut self, at_ms: u64, uncommitted_ms: u64) {
        self.under_way = 0;
        for spoken in self.hosts.values_mut() {
            spoken.under_way = 0;
            spoken.holds.retain(|(_, read_ms)| read_ms + uncommitted_ms < at_ms);
        }
    }

    pub(crate) fn first_finding(&self) -> Option<&(u64, String)> {
        self.findings.first()
    }
}

/// Judges the rows at the end: each URL once, within the bounds on attempts and requests.
pub(crate) fn judge_rows(given: &[String], rows: &[Row], attempts_max: u32, requests_max: u32) -> Option<String> {
    let mut seen: BTreeMap<&str, u32> = given.iter().map(|url| (url.as_str(), 0)).collect();
    for row in rows {
        match seen.get_mut(row.url.as_str()) {
            Some(count) => *count += 1,
            None => return Some(format!("a row for {}, which nobody gave", row.url)),
        }
        if row.attempts > attempts_max || row.requests > requests_max {
            return Some(format!("{} has {} charged attempts and {} requests", row.url, row.attempts, row.requests));
        }
        if row.outcome == Outcome::Fetched && row.requests == 0 {
            return Some(format!("{} was fetched without a request", row.url));
        }
    }
    let wrong = seen.into_iter().find(|(_, count)| *count != 1);
    wrong.map(|(url, count)| format!("{url} has {count} rows"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(url: &str) -> Row {
        Row { url: url.into(), outcome: Outcome::Fetched, attempts: 1, requests: 1, settled_ms: 0 }
    }

    #[test]
    fn a_missing_a_doubled_and_a_foreign_row_are_found() {
        let given = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(judge_rows(&given, &[row("a"), row("b")], 4, 32), None);
        assert!(judge_rows(&given, &[row("a")], 4, 32).is_some());
        assert!(judge_rows(&given, &[row("a"), row("b"), row("b")], 4, 32).is_some());
        assert!(judge_rows(&given, &[row("a"), row("b"), row("c")], 4, 32).is_some());
    }

    #[test]
    fn a_request_within_a_crawl_delay_is_found() {
        let mut watch = Watch::default();
        watch.declared("h", 2_000, 100);
        watch.arrived("h", 200, 210, 99);
        watch.arrived("h", 2_170, 2_180, 99);
        assert!(watch.first_finding().is_none());
        watch.arrived("h", 4_000, 4_010, 99);
        assert!(watch.first_finding().is_some());
    }

    #[test]
    fn a_request_in_a_hold_is_found_and_one_that_had_left_is_not() {
        let mut watch = Watch::default();
        watch.stated("h", 1_000, 5_000, 1_010);
        watch.arrived("h", 1_005, 1_020, 99);
        assert!(watch.first_finding().is_none());
        watch.arrived("h", 5_980, 5_999, 99);
        assert!(watch.first_finding().is_some());
    }
}
