//! The checker of the retry budget: are requests to hosts that refuse kept in bounds where many do at once?
//!
//! It sees what servers saw. A retry here is a request to a host whose last answer was a refusal that named no time, with nothing
//! else under way there, where the host has not accepted as many requests as were repeated. That is not quite what the engine counts, so the bound has some room.

use std::collections::{BTreeMap, VecDeque};

/// What the budget looks at, and how long it puts a retry off, in milliseconds.
const MINUTE_MS: u64 = 60_000;
const PUT_OFF_MS: u64 = 30_000;
/// One retry for each so many requests.
const REQUESTS_PER_RETRY: u64 = 10;
/// Retries beyond the budget that are no finding.
const ROOM: u64 = 48;

/// How a request was answered, for a host's standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answered {
    /// A page, a final answer, a redirect.
    Well,
    /// A refusal; whether it named a time.
    Refused { stated: bool },
}

#[derive(Debug, Default)]
struct Host {
    /// Answers that the client has yet to read, by the time of that.
    unread: BTreeMap<(u64, u64), Answered>,
    answers: u64,
    /// The last answer that was read, and when.
    last: Option<(u64, Answered)>,
    /// Accepted requests that have not paid for a retry.
    paid: u64,
}

/// Watches the retries of a process.
#[derive(Debug, Default)]
pub(crate) struct Retries {
    free: u64,
    hosts: BTreeMap<String, Host>,
    /// The requests of the last minute, and whether they were retries.
    asked: VecDeque<(u64, bool)>,
}

impl Host {
    fn read_until(&mut self, at_ms: u64) {
        while let Some(entry) = self.unread.first_entry().filter(|entry| entry.key().0 <= at_ms) {
            let ((read_ms, _), answered) = entry.remove_entry();
            self.paid += u64::from(answered == Answered::Well);
            self.last = Some((read_ms, answered));
        }
    }
}

impl Retries {
    /// So many retries in a minute are free.
    pub(crate) fn of(free: u64) -> Self {
        Self { free, ..Self::default() }
    }

    /// A new process counts anew.
    pub(crate) fn restarted(&mut self) {
        *self = Self::of(self.free);
    }

    pub(crate) fn answered(&mut self, host: &str, read_ms: u64, answered: Answered) {
        let host = self.hosts.entry(host.to_owned()).or_default();
        host.answers += 1;
        host.unread.insert((read_ms, host.answers), answered);
    }

    /// A request left; says what is wrong with it, if anything.
    pub(crate) fn asked(&mut self, host: &str, sent_ms: u64) -> Option<String> {
        let host = self.hosts.entry(host.to_owned()).or_default();
        host.read_until(sent_ms);
        let refused_ms = host.last.filter(|(_, last)| *last == Answered::Refused { stated: false }).map(|(read_ms, _)| read_ms);
        // A probe goes alone.
        let is_retry = refused_ms.is_some() && host.paid == 0 && host.unread.is_empty();
        if refused_ms.is_some() {
            host.paid = host.paid.saturating_sub(1);
        }
        self.asked.retain(|(at_ms, _)| at_ms + MINUTE_MS > sent_ms);
        self.asked.push_back((sent_ms, is_retry));
        let retries = self.asked.iter().filter(|(_, is_retry)| *is_retry).count() as u64;
        let allowed = self.free + self.asked.len() as u64 / REQUESTS_PER_RETRY + ROOM;
        let was_put_off = refused_ms.is_some_and(|refused_ms| refused_ms + PUT_OFF_MS <= sent_ms);
        (is_retry && retries > allowed && !was_put_off)
            .then(|| format!("was asked again at once: the {retries}th retry of a minute, where {allowed} are allowed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: Answered = Answered::Refused { stated: false };

    /// Asks each of so many hosts twice within a second; the number of findings.
    fn findings(hosts: u64, first: Answered, again_ms: u64) -> usize {
        let mut retries = Retries::of(5);
        let name = |host: u64| format!("h{host}");
        (0..hosts).for_each(|host| {
            assert_eq!(retries.asked(&name(host), host), None);
            retries.answered(&name(host), host + 10, first);
        });
        (0..hosts).filter_map(|host| retries.asked(&name(host), again_ms + host)).count()
    }

    #[test]
    fn retries_beyond_the_budget_are_found_and_those_that_were_put_off_are_not() {
        assert_eq!(findings(36, REFUSED, 1_000), 0);
        assert!(findings(100, REFUSED, 1_000) > 20);
        assert_eq!(findings(100, REFUSED, 31_000), 0);
        assert_eq!(findings(100, Answered::Refused { stated: true }, 1_000), 0);
        assert_eq!(findings(100, Answered::Well, 1_000), 0);
    }
}
