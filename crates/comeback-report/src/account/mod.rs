//! The account of a job: how its URLs ended, why, and where.
//!
//! It is built from the committed rows, one after another, so it holds for a running job as well. Here they are counted; `brief` and
//! `report` are the texts for a terminal. Single URLs are the `outcomes` command's.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use comeback_archive::OutcomeRow;
use comeback_engine::diagnosis::cause::Cause;
use comeback_engine::diagnosis::clock::WallTime;
use comeback_engine::outcome::Outcome;

mod brief;
mod report;
#[cfg(test)]
mod samples;

/// Hosts that are told apart; the URLs of any further host are counted together.
pub const HOSTS_COUNTED_MAX: usize = 1_000_000;

/// How the URLs of a job ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    outcomes: [u64; Outcome::ALL.len()],
    causes: BTreeMap<(Outcome, Cause), CauseCount>,
    hosts: BTreeMap<String, HostCount>,
    other_hosts: HostCount,
    first_at: Option<WallTime>,
    last_at: Option<WallTime>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct CauseCount {
    urls: u64,
    /// Those of them that wait for a time.
    timed: u64,
    /// The earliest of these times.
    until: Option<WallTime>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct HostCount {
    urls: u64,
    requests: u64,
    /// Its failed and parked URLs; mostly there are none, or there is one cause.
    unfinished: Vec<((Outcome, Cause), u64)>,
}

impl HostCount {
    fn take(&mut self, row: &OutcomeRow) {
        self.urls += 1;
        self.requests += u64::from(row.requests);
        if row.outcome.is_unfinished() {
            let why = (row.outcome, row.cause);
            match self.unfinished.iter_mut().find(|(other, _)| *other == why) {
                Some((_, urls)) => *urls += 1,
                None => self.unfinished.push((why, 1)),
            }
        }
    }

    fn unfinished(&self) -> u64 {
        self.unfinished.iter().map(|(_, urls)| urls).sum()
    }

    /// The cause of most of its unfinished URLs.
    fn main_cause(&self) -> Option<Cause> {
        let most = self.unfinished.iter().max_by_key(|(why, urls)| (*urls, Reverse(*why)));
        most.map(|((_, cause), _)| *cause)
    }
}

/// Where an outcome is counted.
fn place(outcome: Outcome) -> usize {
    Outcome::ALL.iter().position(|other| *other == outcome).expect("ALL holds every outcome")
}

impl Account {
    /// Counts a row.
    pub fn take(&mut self, row: &OutcomeRow) {
        self.outcomes[place(row.outcome)] += 1;
        if row.outcome.is_unfinished() {
            let cause = self.causes.entry((row.outcome, row.cause)).or_default();
            cause.urls += 1;
            let until = row.until.map(|until| until.0);
            cause.timed += u64::from(until.is_some());
            cause.until = cause.until.into_iter().chain(until).min();
        }
        let begun = row.first_at.unwrap_or(row.settled_at).0;
        self.first_at = self.first_at.into_iter().chain([begun]).min();
        self.last_at = self.last_at.max(Some(row.settled_at.0));
        let host = row.host.as_deref().unwrap_or("(no host)");
        if self.hosts.len() < HOSTS_COUNTED_MAX || self.hosts.contains_key(host) {
            if let Some(counted) = self.hosts.get_mut(host) {
                counted.take(row);
            } else {
                self.hosts.entry(host.to_owned()).or_default().take(row);
            }
        } else {
            self.other_hosts.take(row);
        }
    }

    /// The URLs that are settled.
    #[must_use]
    pub fn settled(&self) -> u64 {
        self.outcomes.iter().sum()
    }

    fn of_outcome(&self, outcome: Outcome) -> u64 {
        self.outcomes[place(outcome)]
    }

    /// The causes of what failed or was parked, those with the most URLs first.
    /// Why URLs failed or were parked: outcome, cause, how many URLs, and the earliest time at which one may be asked again; those
    /// with the most URLs first.
    pub fn causes(&self) -> impl Iterator<Item = (Outcome, Cause, u64, Option<WallTime>)> {
        self.causes_by_count().into_iter().map(|((outcome, cause), counted)| (outcome, cause, counted.urls, counted.until))
    }

    fn causes_by_count(&self) -> Vec<((Outcome, Cause), CauseCount)> {
        let mut causes: Vec<_> = self.causes.iter().map(|(key, counted)| (*key, *counted)).collect();
        causes.sort_by_key(|(key, counted)| (Reverse(counted.urls), *key));
        causes
    }
}
