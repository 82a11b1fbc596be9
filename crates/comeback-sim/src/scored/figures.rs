//! The figures of many runs of one behaviour, and the targets that they meet or miss. The targets are those of `docs/scores.md`.

use super::PATIENCE_MS;
use super::bound::Kind;
use super::score::{HostScore, Score};

/// Requests for each of the clairvoyant's, at 95 %, in thousandths.
const REQUESTS_PERMILLE_MAX: u64 = 1_100;
/// Time for the honest client's, at the median and at 95 %, in thousandths.
const TIME_PERMILLE_MAX: [u64; 2] = [1_150, 1_500];
/// How much later the healthy hosts of a mix may be done than alone, at 95 %, in thousandths; or by so many milliseconds.
const HEALTHY_PERMILLE_MAX: u64 = 1_500;
const HEALTHY_LATER_MS_MAX: u64 = 1_000;

/// The value below which a share of the values lies, in hundredths; 0 of nothing.
///
/// ```
/// use comeback_sim::scored::figures::quantile;
/// assert_eq!(quantile(&mut [4, 1, 3, 2], 50), 2);
/// assert_eq!(quantile(&mut [1, 2, 3], 95), 3);
/// ```
#[must_use]
pub fn quantile(values: &mut [u64], percent: usize) -> u64 {
    values.sort_unstable();
    let place = (values.len() * percent).div_ceil(100).max(1);
    values.get(place - 1).copied().unwrap_or(0)
}

/// Gathers one behaviour's runs.
#[derive(Debug)]
pub struct Gathering {
    name: &'static str,
    kind: Kind,
    hosts: u64,
    missing: u64,
    repeated: u64,
    unparked: u64,
    early: u64,
    requests: Vec<u64>,
    wasted: Vec<u64>,
    beyond: Vec<u64>,
    time: Vec<u64>,
    healthy: Vec<u64>,
    healthy_late: u64,
}

/// A row of the table. Shares are in thousandths; pairs are the median and the value at 95 %.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// The behaviour's name.
    pub name: &'static str,
    /// Hosts, or groups of hosts, of all runs.
    pub hosts: u64,
    /// Pages that could be had and were not.
    pub missing: u64,
    /// Requests for each that the clairvoyant makes; where nothing can be had, for each that is allowed.
    pub requests: [u64; 2],
    /// The share of requests that got no page, at 95 %.
    pub wasted: u64,
    /// Time for the honest client's, where time is judged.
    pub time: Option<[u64; 2]>,
    /// Time of a mix's healthy hosts for the same hosts alone.
    pub healthy: Option<[u64; 2]>,
    /// The targets that were missed, in words.
    pub missed: Vec<String>,
}

/// A share in thousandths as people write it: 1.07.
#[must_use]
pub fn share(permille: u64) -> String {
    format!("{}.{:02}", permille / 1000, permille % 1000 / 10)
}

/// The same to the last thousandth, where a target is missed by little.
fn exact(permille: u64) -> String {
    format!("{}.{:03}", permille / 1000, permille % 1000)
}

impl Gathering {
    /// Of nothing yet.
    #[must_use]
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            hosts: 0,
            missing: 0,
            repeated: 0,
            unparked: 0,
            early: 0,
            requests: Vec::new(),
            wasted: Vec::new(),
            beyond: Vec::new(),
            time: Vec::new(),
            healthy: Vec::new(),
            healthy_late: 0,
        }
    }

    /// Takes a host of one run.
    pub fn take(&mut self, host: &HostScore) {
        self.hosts += 1;
        self.missing += host.bound.obtainable.abs_diff(host.obtained);
        self.repeated += host.repeated;
        self.unparked += host.urls - host.parked;
        self.early += u64::from(host.settled_from_ms < PATIENCE_MS / 2);
        self.requests.push(host.requests_permille());
        self.wasted.push(host.wasted * 1000 / host.requests.max(1));
        self.beyond.push(host.waste_beyond());
        self.time.extend(host.time_permille());
    }

    /// Takes what a mix's run tells of its healthy hosts.
    pub fn take_healthy(&mut self, score: &Score) {
        if let Some((beside_ms, alone_ms)) = score.healthy_ms() {
            let permille = beside_ms * 1000 / alone_ms.max(1);
            self.healthy.push(permille);
            self.healthy_late +=
                u64::from(permille > HEALTHY_PERMILLE_MAX && beside_ms.saturating_sub(alone_ms) > HEALTHY_LATER_MS_MAX);
        }
    }

    /// The row.
    #[must_use]
    pub fn figures(mut self) -> Figures {
        let pair = |values: &mut [u64]| [quantile(values, 50), quantile(values, 95)];
        let mut figures = Figures {
            name: self.name,
            hosts: self.hosts,
            missing: self.missing,
            requests: pair(&mut self.requests),
            wasted: quantile(&mut self.wasted, 95),
            time: (!self.time.is_empty()).then(|| pair(&mut self.time)),
            healthy: (!self.healthy.is_empty()).then(|| pair(&mut self.healthy)),
            missed: Vec::new(),
        };
        figures.missed = self.missed(&figures);
        figures
    }

    fn missed(&mut self, figures: &Figures) -> Vec<String> {
        let mut missed = Vec::new();
        let mut miss = |is_missed: bool, what: String| missed.extend(is_missed.then_some(what));
        miss(self.missing > 0, format!("{} pages that could be had were not", self.missing));
        miss(self.repeated > 0, format!("{} requests for pages that had been had", self.repeated));
        let (requests, percent, requests_max) = match self.kind {
            // Nothing here is a matter of luck.
            Kind::Closed | Kind::Dead => (quantile(&mut self.requests, 100), 100, 1_000),
            Kind::Flapping => (figures.requests[1], 95, 1_000),
            Kind::Outage | Kind::Limit | Kind::Overload | Kind::Well | Kind::Mix => {
                (figures.requests[1], 95, REQUESTS_PERMILLE_MAX)
            }
        };
        miss(requests > requests_max, format!("requests {} at {percent} %, target {}", exact(requests), exact(requests_max)));
        let beyond = quantile(&mut self.beyond, 95);
        miss(beyond > 0, format!("{beyond} wasted requests too many at 95 %"));
        for ((time, time_max), percent) in figures.time.into_iter().flatten().zip(TIME_PERMILLE_MAX).zip([50, 95]) {
            miss(time > time_max, format!("time {} at {percent} %, target {}", exact(time), exact(time_max)));
        }
        miss(self.kind == Kind::Closed && self.unparked > 0, format!("{} URLs were not parked", self.unparked));
        miss(self.kind == Kind::Dead && self.early > 0, format!("{} hosts settled before half the patience", self.early));
        let late = self.healthy_late;
        miss(late * 100 > self.hosts * 5, format!("healthy hosts were late in {late} of {} runs, target 5 %", self.hosts));
        missed
    }
}
