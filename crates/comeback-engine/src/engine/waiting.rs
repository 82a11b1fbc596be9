//! Which hosts wait, and why: for people who ask "when will it be done?".

use comeback_diagnosis::cause::Cause;
use comeback_diagnosis::clock::{Now, WallTime};

use super::Engine;
use crate::host::{Host, Readiness};
use crate::host_key::HostKey;
use crate::ids::BatchSeq;
use crate::outlook::{HostWork, Outlook};

/// A host that may not be asked now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingHost {
    /// Which.
    pub host: HostKey,
    /// The cause of its last refusal; `none` when it only keeps a gap.
    pub cause: Cause,
    /// Why it waits, in words.
    pub because: String,
    /// Since when.
    pub since: WallTime,
    /// Until when.
    pub until: WallTime,
    /// What happens then.
    pub next: String,
    /// How many of its URLs wait.
    pub queued: u64,
}

impl Engine {
    /// The hosts that wait for longer than a second, at most so many, those with the earliest end first.
    #[must_use]
    pub fn waiting_hosts(&self, now: Now, count_max: usize) -> Vec<WaitingHost> {
        let soon = now.monotonic.plus_ms(1_000);
        let waiting = self.timers.iter().filter(|(at, _)| *at >= soon).map(|(_, id)| &self.hosts[*id]);
        waiting.filter_map(|host| self.waiting_host(now, host)).take(count_max).collect()
    }

    fn waiting_host(&self, now: Now, host: &Host) -> Option<WaitingHost> {
        let Readiness::NotUntil { at, because } = host.readiness(now) else { return None };
        let trouble = host.trouble.as_ref();
        let held = host.hold.as_ref().filter(|hold| hold.until > now.monotonic);
        let since = host
            .patience
            .as_ref()
            .map(|patience| patience.since)
            .or(held.map(|hold| hold.since))
            .or(host.asked_at)
            .unwrap_or(now.monotonic);
        let loaded = (host.queue.ready.len() + host.queue.waiting.len()) as u64;
        let left_in = |batch: &BatchSeq| self.batches.get(batch).map_or(0, |batch| batch.count - batch.progress.settled.count());
        let unloaded: u64 = host.queue.batches_to_come().map(|batch| u64::from(left_in(batch))).sum();
        let next = match (trouble, self.patience_left_words(now, host)) {
            (Some(_), Some(left)) => format!("one request to see whether it answers; patience ends in {left}"),
            (Some(_) | None, _) if held.is_some() => "one request to see whether it answers".to_owned(),
            (Some(_) | None, _) => "the next request".to_owned(),
        };
        Some(WaitingHost {
            host: host.key.clone(),
            cause: trouble.map_or(Cause::None, |trouble| trouble.cause),
            because: held.map_or_else(|| because.to_owned(), |hold| hold.because.clone()),
            since: now.wall_at(since),
            until: now.wall_at(at),
            next,
            queued: loaded + unloaded,
        })
    }

    /// When the work will be done, as far as its hosts can tell. It looks at every host that is met; of batches
    /// that it does not know it says nothing.
    #[must_use]
    pub fn outlook(&self, now: Now) -> Outlook {
        let mut outlook = Outlook::default();
        // The URLs of a condemned host are settled as soon as they are loaded.
        for (_, host) in self.hosts.iter().filter(|(_, host)| host.unsettled > 0 && host.condemned.is_none()) {
            let is_open = host.trouble.is_none() && host.hold.as_ref().is_none_or(|hold| hold.until <= now.monotonic);
            let end = self.host_work(now, host).end(now.monotonic);
            outlook.merge(&Outlook {
                last_end: end.map(|end| now.wall_at(end)),
                open_urls: if is_open { host.unsettled } else { 0 },
                unpaced_urls: if end.is_none() { host.unsettled } else { 0 },
            });
        }
        outlook
    }

    fn host_work(&self, now: Now, host: &Host) -> HostWork {
        let is_held = host.hold.as_ref().is_some_and(|hold| hold.until > now.monotonic);
        let opens_at = match host.readiness(now) {
            Readiness::NotUntil { at, because: _ } => at,
            Readiness::Now(_) | Readiness::Blocked => now.monotonic,
        };
        HostWork {
            urls: host.unsettled,
            opens_at,
            trouble_since: host.trouble.as_ref().filter(|_| !is_held).map(|trouble| trouble.began_at),
            patience_until: host.patience_until(&self.config),
            last_due: host.queue.last_waiting(),
            pace: host.pace_seen(),
        }
    }

    fn patience_left_words(&self, now: Now, host: &Host) -> Option<String> {
        let until = host.patience_until(&self.config)?;
        Some(format!("{} s", until.since_ms(now.monotonic).div_ceil(1000)))
    }
}
