//! A host: its queue and all that politeness knows of it.
//!
//! Life story. *Idle*: nothing queued. *Ready*: it may be asked, alone at first (canary), then within a window that grows on
//! success. *Held*: nothing is asked until the hold ends; then one probe. *In trouble*: the last answers were refusals that
//! speak for the host; one probe at a time at growing gaps, until an accepted answer ends the trouble or patience is spent. Patience runs in any row of refusals.
//! *Condemned*: its URLs are settled unasked. What always holds: no request starts while a hold stands; in trouble, on the
//! canary and after a hold at most one request is under way; an error never makes the next request earlier.

use std::collections::{BTreeMap, BTreeSet};

use comeback_diagnosis::cause::Cause;
use comeback_diagnosis::clock::{Monotonic, Now};
use comeback_diagnosis::history::{History, PastAttempt};

use crate::commit::{Condemnation, HoldRecord, HostRecord};
use crate::config::EngineConfig;
use crate::governor::Purpose;
use crate::host_key::HostKey;
use crate::ids::{LeaseId, Ticket};
use crate::outlook::HostPace;

pub(crate) mod announced;
pub(crate) mod blame;
pub(crate) mod grouping;
pub(crate) mod judgement;
pub(crate) mod look;
pub(crate) mod meeting;
pub(crate) mod pace;
pub(crate) mod patience;
pub(crate) mod queue;
pub(crate) mod robots;
pub(crate) mod shown;
pub(crate) mod trouble;
pub(crate) mod window;

use announced::Announced;
use blame::FirstAnswers;
use grouping::Grouping;
use judgement::Suspicion;
use look::Look;
use meeting::Meeting;
use pace::Pace;
use patience::Patience;
use queue::HostQueue;
use robots::Robots;
use trouble::Trouble;
use window::Window;

/// Nothing is asked until a time, because someone said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) since: Monotonic,
    pub(crate) until: Monotonic,
    pub(crate) because: String,
}

#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) key: HostKey,
    pub(crate) robots: Robots,
    pub(crate) queue: HostQueue,
    pub(crate) window: Window,
    pub(crate) pace: Pace,
    pub(crate) grouping: Grouping,
    /// What the server last said of a limit of its own.
    pub(crate) announced: Option<Announced>,
    /// A refusal among requests under way, whose answers are awaited.
    pub(crate) look: Option<Look>,
    /// The user's gap for this host, in milliseconds.
    pub(crate) delay_ms: u64,
    pub(crate) hold: Option<Hold>,
    pub(crate) patience: Option<Patience>,
    pub(crate) trouble: Option<Trouble>,
    pub(crate) condemned: Option<Condemnation>,
    /// A refusal of robots since the last accepted answer, that spoke for its URL only.
    pub(crate) suspicion: Option<Suspicion>,
    pub(crate) history: History,
    pub(crate) first_answers: FirstAnswers,
    /// Until when the job's retry budget keeps it waiting; kept until it is asked.
    pub(crate) put_off_until: Option<Monotonic>,
    /// The last time a request started.
    pub(crate) asked_at: Option<Monotonic>,
    /// Requests under way, and when each was started.
    pub(crate) under_way: BTreeMap<LeaseId, Monotonic>,
    /// Its URLs that are not settled, wherever they are.
    pub(crate) unsettled: u64,
    /// Its URLs (and its robots.txt) that wait for a visit to another host.
    pub(crate) elsewhere: usize,
    /// Whether one of the user's own lists named a URL of it.
    pub(crate) is_listed: bool,
    /// How it met us, as the governor was last told.
    pub(crate) met: Option<Meeting>,
    /// Slots asked for and not yet used.
    pub(crate) tickets: BTreeSet<Ticket>,
    /// When the host's timer is set, if it is.
    pub(crate) timer: Option<Monotonic>,
    /// Whether its lasting state changed since the last commit, and whether a hold did.
    pub(crate) changed: bool,
    pub(crate) hold_changed: bool,
    /// Whether it stands in the row of those with nothing to do.
    pub(crate) is_resting: bool,
}

/// Whether a host may be asked now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// So many requests may start.
    Now(u32),
    /// None before a time.
    NotUntil { at: Monotonic, because: &'static str },
    /// None before something happens.
    Blocked,
}

impl Host {
    pub(crate) fn new(key: HostKey, config: &EngineConfig) -> Self {
        let robots = if config.ignores_robots_of(&key) { Robots::Ignored } else { Robots::Unknown };
        let (delay_ms, window_max) = (config.delay_ms_of(&key), config.window_max_of(&key));
        Self {
            key,
            robots,
            queue: HostQueue::default(),
            window: Window::new(window_max),
            pace: Pace::default(),
            grouping: Grouping::Alone { from: Monotonic::default() },
            announced: None,
            look: None,
            delay_ms,
            hold: None,
            patience: None,
            trouble: None,
            condemned: None,
            suspicion: None,
            history: History::default(),
            first_answers: FirstAnswers::default(),
            put_off_until: None,
            asked_at: None,
            under_way: BTreeMap::new(),
            unsettled: 0,
            elsewhere: 0,
            is_listed: false,
            met: None,
            tickets: BTreeSet::new(),
            timer: None,
            changed: false,
            hold_changed: false,
            is_resting: false,
        }
    }

    /// Takes over what a commit said of the host. Clock jumps are bounded: no hold lasts longer than it was placed for.
    pub(crate) fn restore(&mut self, record: &HostRecord, now: Now) {
        let HostRecord { host: _, hold, patience, trouble, condemned } = record;
        self.hold = hold.as_ref().map(|hold| {
            let length_ms = hold.until.since_ms(hold.since);
            let left_ms = hold.until.since_ms(now.wall).min(length_ms);
            Hold { since: now.monotonic, until: now.monotonic.plus_ms(left_ms), because: hold.because.clone() }
        });
        self.patience = patience.as_ref().map(|record| Patience::restore(record, now));
        self.trouble = trouble.as_ref().map(|record| Trouble::restore(record, now));
        self.condemned = condemned.clone().filter(|condemned| condemned.until.is_none_or(|until| until > now.wall));
        // Whoever was in trouble or held is asked alone first; so is any host after a restart.
        self.window.restart();
    }

    /// What must be known of the host after a crash.
    pub(crate) fn record(&self, now: Now) -> HostRecord {
        HostRecord {
            host: self.key.clone(),
            hold: self.hold.as_ref().filter(|hold| hold.until > now.monotonic).map(|hold| HoldRecord {
                since: now.wall_at(hold.since),
                until: now.wall_at(hold.until),
                because: hold.because.clone(),
            }),
            patience: self.patience.as_ref().map(|patience| patience.record(now)),
            trouble: self.trouble.as_ref().map(|trouble| trouble.record(now)),
            condemned: self.condemned.clone(),
        }
    }

    /// Whether a request may start, by the host's own clock; what there is to ask is not considered.
    pub(crate) fn readiness(&self, now: Now) -> Readiness {
        if self.condemned.is_some() {
            return Readiness::Blocked;
        }
        let mut until = (now.monotonic, "ready");
        let mut not_before = |at: Monotonic, because: &'static str| {
            if at > until.0 {
                until = (at, because);
            }
        };
        if let Some(hold) = &self.hold {
            not_before(hold.until, "the server asked to come back later");
        }
        if let Some(trouble) = &self.trouble {
            not_before(trouble.next_probe_at, "the host refuses; the next probe is due then");
        }
        if let Some(until) = self.put_off_until {
            not_before(until, "many hosts refuse at once, and the job's retry budget is spent");
        }
        let left = self.announced.and_then(|announced| announced.left(now.monotonic));
        if let Some(announced) = self.announced.filter(|_| left == Some(0)) {
            not_before(announced.renewed_at, "the server says that its limit is used up until then");
        }
        if let Some(look) = self.look.as_ref().filter(|_| !self.under_way.is_empty()) {
            not_before(look.until, "a request was refused; the others under way are awaited");
        }
        let fixed_ms = self.delay_ms.max(self.robots.crawl_delay_ms());
        if let (Some(asked_at), true) = (self.asked_at, fixed_ms > 0) {
            not_before(asked_at.plus_ms(fixed_ms), "the gap between requests");
        }
        not_before(self.pace.next_at(), "the gap between requests");
        let has_gaps = self.is_grouped() || self.gap_ms() > 0;
        if until.0 > now.monotonic {
            return Readiness::NotUntil { at: until.0, because: until.1 };
        }
        let busy = u32::try_from(self.under_way.len() + self.tickets.len()).unwrap_or(u32::MAX);
        let limit = if self.asks_alone() { 1 } else { self.window.limit() };
        let tickets = self.tickets.len() as u64;
        let left = left.map_or(u32::MAX, |left| u32::try_from(left.saturating_sub(tickets)).unwrap_or(u32::MAX));
        match limit.saturating_sub(busy).min(left) {
            0 => Readiness::Blocked,
            _ if has_gaps && !self.tickets.is_empty() => Readiness::Blocked,
            free if has_gaps => Readiness::Now(free.min(1)),
            free => Readiness::Now(free),
        }
    }

    /// What its next request is, for the job's retry budget. A probe at a time that the server named is its own wish.
    pub(crate) const fn purpose(&self) -> Purpose {
        let refuses = self.trouble.is_some() || self.pace.is_refused();
        match (refuses, &self.hold, self.put_off_until) {
            (true, None, None) => Purpose::Retry,
            (true, None, Some(_)) => Purpose::RetryPutOff,
            (false, _, _) | (true, Some(_), _) => Purpose::Request,
        }
    }

    /// Whether only one request may be under way: canary, probe, robots.txt.
    pub(crate) fn asks_alone(&self) -> bool {
        self.trouble.is_some() || self.hold.is_some() || !self.robots.settled()
    }

    /// Whether its next request needs to keep no gap from its last one.
    pub(crate) fn gap_is_over(&self, now: Now) -> bool {
        let gap_ms = self.delay_ms.max(self.robots.crawl_delay_ms());
        let fixed_at = self.asked_at.map_or(now.monotonic, |asked_at| asked_at.plus_ms(gap_ms));
        fixed_at.max(self.pace.next_at()) <= now.monotonic
    }

    /// The least gap between two requests: the user's delay, the site's crawl delay, the pace found.
    pub(crate) fn gap_ms(&self) -> u64 {
        self.delay_ms.max(self.robots.crawl_delay_ms()).max(self.pace.gap_ms())
    }

    /// How fast it is asked, from its latest answers: the accepted ones where there are any. `None` where it never answered.
    pub(crate) fn pace_seen(&self) -> Option<HostPace> {
        let mean_ms = |is_counted: fn(&PastAttempt) -> bool| {
            let counted = self.history.iter().filter(|attempt| is_counted(attempt));
            let (count, sum_ms) =
                counted.fold((0_u64, 0_u64), |(count, sum_ms), attempt| (count + 1, sum_ms + attempt.elapsed_ms));
            sum_ms.checked_div(count)
        };
        let answer_ms = mean_ms(|attempt| attempt.cause == Cause::None).or_else(|| mean_ms(|_| true))?;
        Some(HostPace { answer_ms: answer_ms.max(1), window: self.window.limit_soon(), gap_ms: self.gap_ms() })
    }

    /// One of the user's own lists names the host too: its address is refused to those that public lists name, and to nobody else.
    pub(crate) fn pardon_refused_address(&mut self) {
        if self.condemned.as_ref().is_some_and(|condemned| condemned.cause == Cause::AddressRefused) {
            self.condemned = None;
            self.changed = true;
        }
    }

    /// Extends or places a hold; never shortens one.
    pub(crate) fn hold_until(&mut self, now: Now, until: Monotonic, because: String) {
        self.changed = true;
        self.hold_changed = true;
        self.window.restart();
        match &mut self.hold {
            Some(hold) if hold.until >= until => {}
            Some(hold) => {
                hold.until = until;
                hold.because = because;
            }
            None => self.hold = Some(Hold { since: now.monotonic, until, because }),
        }
    }

    /// When patience is spent, if the host refuses and there is something to ask.
    pub(crate) fn patience_until(&self, config: &EngineConfig) -> Option<Monotonic> {
        self.patience.as_ref().and_then(|patience| patience.spent_at(config.patience_ms))
    }
}
