//! Judging an answer for the host: what it changes in the host's clock, and what it means for the URL.
//!
//! This is the policy's heart in its first form. In: an answer with its diagnosis. Out: a [`Verdict`] for the URL; the host's
//! hold, trouble, window and pace are moved on the way. An error never makes the next request earlier.

use comeback_diagnosis::cause::Cause;
use comeback_diagnosis::clock::{Monotonic, Now, WallTime};
use comeback_diagnosis::diagnosis::{Diagnosis, Remedy, Scope};
use comeback_diagnosis::history::PastAttempt;
use comeback_diagnosis::retry_after::RetryAfterKind;
use url::Url;
use xxhash_rust::xxh3::xxh3_64;

use super::Host;
use super::announced::{Announced, Telling};
use super::blame::{Others, is_charged, speaks_for_url};
use super::look::Look;
use super::pace::Meaning;
use super::patience::Patience;
use super::trouble::{Refusal, Trouble};
use crate::chance::Chance;
use crate::commit::Condemnation;
use crate::config::EngineConfig;
use crate::outcome::Outcome;
use crate::visit::{Verdict, VisitReport};

/// How long the last URL of a healthy host is given before its failures count as its own, in milliseconds: nothing else is left
/// to ask that could tell a host's outage from a bad URL.
const LONE_URL_MS: u64 = 30_000;
/// How many other URLs must have been answered for that.
const LONE_URL_OTHERS: u32 = 8;

/// First answers by which a host can be known to be well.
const WELL_ANSWERS_MIN: u32 = 8;

/// URLs of one section that confirm a refusal for the whole host; of two sections, two do.
const RELATED_TO_CONFIRM: u32 = 3;

/// A refusal that speaks for URLs, until another confirms it for the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Suspicion {
    pub(crate) cause: Cause,
    /// The last URL that met it.
    url: u64,
    section: u64,
    /// How many met it in a row.
    pub(crate) urls: u32,
}

/// The number of a URL's section: the first part of its path.
pub(crate) fn section_of(url: &Url) -> u64 {
    xxh3_64(url.path().split('/').nth(1).unwrap_or("").as_bytes())
}

/// The facts of the request that an answer belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    /// When it was started.
    pub(crate) at: Monotonic,
    /// A number that is the same for the same URL.
    pub(crate) url: u64,
    /// A number that is the same for URLs below the same first part of the path.
    pub(crate) section: u64,
    /// Requests made for the URL before.
    pub(crate) requests: u32,
    /// Failures counted for the URL before.
    pub(crate) failures: u32,
}

/// What an answer says about when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stated {
    Nothing,
    /// An estimate: the server means it.
    Until(Monotonic),
    /// A constant that the product always sends.
    Floor(Monotonic),
    /// Beyond the patience that is left.
    Beyond(WallTime),
}

fn refusal_of(asked: Asked, report: &VisitReport, stated: Stated) -> Refusal {
    Refusal {
        asked_at: asked.at,
        url: asked.url,
        cause: report.diagnosis.cause,
        is_lasting: report.diagnosis.waiting_helps == Some(false),
        stated: match stated {
            Stated::Until(until) => Some(until),
            Stated::Nothing | Stated::Floor(_) | Stated::Beyond(_) => None,
        },
    }
}

/// The facts behind a diagnosis, for people.
pub(crate) fn evidence_of(diagnosis: &Diagnosis) -> Vec<String> {
    diagnosis.evidence.iter().take(8).map(|evidence| evidence.what.clone()).collect()
}

impl Host {
    /// Judges the answer to a page's request.
    pub(crate) fn judge(
        &mut self,
        now: Now,
        config: &EngineConfig,
        chance: &mut Chance,
        asked: Asked,
        report: &VisitReport,
    ) -> Verdict {
        self.remember(now, asked, report);
        let under_way = self.under_way.len();
        if let Some(allowance) = report.allowance {
            let telling = Telling { allowance, asked_at: asked.at, under_way };
            self.announced = Announced::read(self.announced, now.monotonic, telling, config.patience_ms);
        }
        let stated = self.read_stated(now, config, &report.diagnosis);
        self.end_hold(asked);
        let is_looking = self.look.is_some();
        let verdict = match report.diagnosis.remedy {
            Remedy::Accept => {
                self.accept(now, asked);
                Verdict::Accepted
            }
            Remedy::GiveUp => {
                self.accept(now, asked);
                Verdict::GivenUp
            }
            Remedy::Park => self.turn_away(asked, &report.diagnosis),
            Remedy::Wait | Remedy::SlowDown => self.refuse(now, chance, asked, report, stated),
        };
        if let Some(look) = self.look.as_mut().filter(|_| is_looking) {
            look.hear(asked.at, verdict);
        }
        self.obey(now, stated, &report.diagnosis);
        self.end_look(now, chance);
        match stated {
            Stated::Beyond(until) if verdict != Verdict::Accepted => Verdict::Sticky { until: Some(until) },
            Stated::Beyond(_) | Stated::Nothing | Stated::Until(_) | Stated::Floor(_) => verdict,
        }
    }

    /// Judges a robots.txt that did not come: the host is in trouble, by the same rules.
    pub(crate) fn judge_robots_trouble(
        &mut self,
        now: Now,
        config: &EngineConfig,
        chance: &mut Chance,
        asked: Asked,
        report: &VisitReport,
    ) {
        let stated = self.read_stated(now, config, &report.diagnosis);
        self.end_hold(asked);
        if report.diagnosis.remedy == Remedy::Park {
            self.condemn(Outcome::Parked, report.diagnosis.cause, None, evidence_of(&report.diagnosis));
        } else {
            self.count_patience(now, &report.diagnosis);
            self.step_trouble(now, chance, asked, report, stated);
        }
        self.obey(now, stated, &report.diagnosis);
    }

    /// A hold has done its work when a request that came after it is answered.
    fn end_hold(&mut self, asked: Asked) {
        if self.hold.take_if(|hold| hold.until <= asked.at).is_some() {
            self.changed = true;
        }
    }

    /// Obeys what an answer says about when to come back, whatever else it is.
    pub(crate) fn obey_retry_after(&mut self, now: Now, config: &EngineConfig, diagnosis: &Diagnosis) {
        let stated = self.read_stated(now, config, diagnosis);
        self.obey(now, stated, diagnosis);
    }

    fn remember(&mut self, now: Now, asked: Asked, report: &VisitReport) {
        self.history.record(PastAttempt {
            ended_at: now.monotonic,
            url: asked.url,
            status: report.status,
            cause: report.diagnosis.cause,
            elapsed_ms: report.elapsed_ms,
            concurrency: u32::try_from(self.under_way.len()).unwrap_or(u32::MAX).saturating_add(1),
        });
        if asked.requests == 0 {
            self.first_answers.record(report.diagnosis.cause != Cause::None);
        }
    }

    /// Reads Retry-After against the patience that is left.
    fn read_stated(&self, now: Now, config: &EngineConfig, diagnosis: &Diagnosis) -> Stated {
        let Some((retry_after, delay_ms)) = diagnosis.retry_after.and_then(|said| said.delay_ms.map(|delay_ms| (said, delay_ms)))
        else {
            return Stated::Nothing;
        };
        // Clocks are read in whole milliseconds, rounded down: one more makes sure that no request is early.
        let until = now.monotonic.plus_ms(delay_ms.saturating_add(1));
        let patience_until = self.patience_until(config).unwrap_or(now.monotonic.plus_ms(config.patience_ms));
        match retry_after.kind {
            RetryAfterKind::Unusable => Stated::Nothing,
            _ if until > patience_until => Stated::Beyond(now.wall.plus_ms(delay_ms)),
            RetryAfterKind::Boilerplate => Stated::Floor(until),
            RetryAfterKind::Seconds | RetryAfterKind::Date | RetryAfterKind::RateLimit => Stated::Until(until),
        }
    }

    fn obey(&mut self, now: Now, stated: Stated, diagnosis: &Diagnosis) {
        match stated {
            Stated::Nothing => {}
            Stated::Until(until) => {
                self.hold_until(now, until, "the server said when to come back".into());
            }
            Stated::Floor(until) => {
                let because = "the least wait, which this product always states".into();
                self.hold_until(now, until, because);
            }
            Stated::Beyond(until) => {
                let cause = if diagnosis.cause == Cause::None { Cause::Unknown } else { diagnosis.cause };
                let mut evidence = evidence_of(diagnosis);
                evidence.push("the stated time to come back is beyond the patience that is left".into());
                let wait_ms = until.since_ms(now.wall);
                self.hold_until(now, now.monotonic.plus_ms(wait_ms + 1), "the server said when to come back".into());
                self.condemn(Outcome::Parked, cause, Some(until), evidence);
            }
        }
    }

    fn accept(&mut self, now: Now, asked: Asked) {
        let is_from_before = self.trouble.as_ref().is_some_and(|trouble| asked.at <= trouble.step_at);
        if is_from_before {
            self.patience.iter_mut().for_each(|patience| patience.renew(now));
        } else {
            if let Some(trouble) = self.trouble.take() {
                let by_rate = trouble.stated > 0 && matches!(trouble.cause, Cause::RateLimit | Cause::Quota);
                self.pace.recovered(now.monotonic, by_rate);
            }
            self.patience = None;
        }
        if self.trouble.is_none() && self.hold.is_none() {
            self.window.grow();
        }
        self.changed = true;
        self.suspicion = None;
        self.pace.accepted(now.monotonic, asked.at);
    }

    /// A refusal of robots, or one that only another way or a person can cure.
    fn turn_away(&mut self, asked: Asked, diagnosis: &Diagnosis) -> Verdict {
        self.window.restart();
        let seen = match self.suspicion {
            Some(seen) if seen.cause == diagnosis.cause && seen.url != asked.url => Some(seen),
            Some(_) | None => None,
        };
        let confirmed = seen.is_some_and(|seen| seen.section != asked.section || seen.urls + 1 >= RELATED_TO_CONFIRM);
        let speaks_for_host = match diagnosis.scope {
            Scope::Host | Scope::Group | Scope::Account => true,
            // Pages that are not as expected, on a host whose other pages are, speak for themselves.
            Scope::Url | Scope::Path | Scope::Unknown => {
                confirmed && !(diagnosis.cause == Cause::SoftBlock && self.is_mostly_well())
            }
        };
        if speaks_for_host {
            self.condemn(Outcome::Parked, diagnosis.cause, None, evidence_of(diagnosis));
        } else {
            let urls = seen.map_or(0, |seen| seen.urls) + 1;
            self.suspicion = Some(Suspicion { cause: diagnosis.cause, url: asked.url, section: asked.section, urls });
        }
        Verdict::Sticky { until: None }
    }

    /// Whether the host answers the first requests for its URLs well, but for a few.
    fn is_mostly_well(&self) -> bool {
        self.first_answers.count() >= WELL_ANSWERS_MIN && self.first_answers.refused() * 8 <= self.first_answers.count()
    }

    /// Patience begins with the first refusal after the last accepted answer, and remembers the last one.
    fn count_patience(&mut self, now: Now, diagnosis: &Diagnosis) {
        self.changed = true;
        let evidence = evidence_of(diagnosis);
        match &mut self.patience {
            None => self.patience = Some(Patience::begin(now, diagnosis.cause, evidence)),
            Some(patience) => {
                patience.cause = diagnosis.cause;
                patience.evidence = evidence;
            }
        }
    }

    fn refuse(&mut self, now: Now, chance: &mut Chance, asked: Asked, report: &VisitReport, stated: Stated) -> Verdict {
        self.count_patience(now, &report.diagnosis);
        let others = Others::of(&self.history, &self.first_answers, asked.url);
        let scope = report.diagnosis.scope;
        let own =
            if speaks_for_url(scope) { !others.mostly_refused() } else { others.well_since_failure && others.hardly_refused() };
        // A rate is the host's, never a URL's.
        let own = own && report.diagnosis.remedy != Remedy::SlowDown;
        if own && self.trouble.is_none() {
            return Verdict::Blamed { charge: is_charged(others, scope, asked.failures + 1) };
        }
        let is_lone = self.trouble.as_ref().is_some_and(|trouble| {
            trouble.only_url == Some(asked.url) && now.monotonic.since_ms(trouble.began_at) >= LONE_URL_MS
        });
        // A server that names a time speaks for itself.
        let is_lone = is_lone && stated == Stated::Nothing;
        let is_lone =
            is_lone && others.asked >= LONE_URL_OTHERS && others.hardly_refused() && report.diagnosis.remedy == Remedy::Wait;
        let is_bare = report.status.is_some() && stated == Stated::Nothing;
        if self.trouble.is_none() && is_bare && self.is_grouped() {
            return Verdict::Refused { charge: None };
        }
        if self.trouble.is_none() && is_bare {
            let meaning = self.pace.refused(now.monotonic, asked.at);
            // Of refusals in a row only the first may be the URL's own.
            let may_be_own = report.diagnosis.remedy != Remedy::SlowDown && self.pace.answered_others();
            let charge = may_be_own.then(|| is_charged(others, scope, asked.failures + 1));
            match meaning {
                Meaning::Look => {
                    self.look.get_or_insert_with(|| Look::begin(now, refusal_of(asked, report, stated)));
                    return Verdict::Refused { charge };
                }
                Meaning::Borne => return Verdict::Refused { charge },
                Meaning::Trouble => {}
            }
        }
        let counted = self.trouble.is_none() || is_lone;
        self.step_trouble(now, chance, asked, report, stated);
        Verdict::HostTrouble { counted, charge: is_lone && is_charged(others, scope, asked.requests + 1) }
    }

    /// Ends a look when all that was under way is answered, or its time is over. Says whether a trouble began.
    pub(crate) fn end_look(&mut self, now: Now, chance: &mut Chance) -> bool {
        let is_over = |look: &mut Look| self.under_way.is_empty() || look.until <= now.monotonic;
        let Some(look) = self.look.take_if(is_over).filter(|_| self.trouble.is_none()) else { return false };
        // A URL that is left alone, or a host that accepted nothing, has nothing to compare with.
        let may_be_coincidence = look.is_small() && self.pace.has_accepted() && self.unsettled > 1;
        if look.is_mixed() || may_be_coincidence {
            self.pace.mixed(now.monotonic);
            return false;
        }
        self.begin_trouble(now, look.refusal, chance);
        true
    }

    fn begin_trouble(&mut self, now: Now, refusal: Refusal, chance: &mut Chance) {
        self.changed = true;
        self.look = None;
        self.trouble = Some(Trouble::begin(now, refusal, chance));
        self.window.shrink();
        self.pace.interrupted(now.monotonic);
    }

    fn step_trouble(&mut self, now: Now, chance: &mut Chance, asked: Asked, report: &VisitReport, stated: Stated) {
        let refusal = refusal_of(asked, report, stated);
        self.changed = true;
        if let Some(trouble) = &mut self.trouble {
            trouble.confirm(now, refusal, chance);
            let is_incurable = trouble.is_incurable();
            self.window.restart();
            if is_incurable {
                let mut evidence = evidence_of(&report.diagnosis);
                evidence.push("the same again and again: waiting does not cure it".into());
                self.condemn(Outcome::Failed, report.diagnosis.cause, None, evidence);
            }
            return;
        }
        self.begin_trouble(now, refusal, chance);
    }

    /// From now on the host's URLs are settled unasked.
    pub(crate) fn condemn(&mut self, outcome: Outcome, cause: Cause, until: Option<WallTime>, evidence: Vec<String>) {
        self.changed = true;
        self.condemned.get_or_insert(Condemnation { outcome, cause, until, evidence });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::governor::Purpose;
    use crate::host_key::HostKey;
    use crate::ids::PartitionId;
    use comeback_diagnosis::diagnosis::Responder;
    use comeback_diagnosis::retry_after::RetryAfter;

    /// The report of a robots.txt that did not come.
    fn robots_trouble(retry_after_s: Option<u64>) -> VisitReport {
        let said = |s| RetryAfter { kind: RetryAfterKind::Seconds, delay_ms: Some(s * 1_000) };
        VisitReport {
            status: Some(503),
            address: None,
            sent_at: WallTime(0),
            elapsed_ms: 1,
            bytes: 0,
            robots_text: None,
            redirect: None,
            allowance: None,
            capture: None,
            diagnosis: Diagnosis {
                cause: Cause::Maintenance,
                responder: Responder::Unknown,
                product: None,
                scope: Scope::Host,
                remedy: Remedy::Wait,
                waiting_helps: None,
                retry_after: retry_after_s.map(said),
                confidence: 0.9,
                evidence: Vec::new(),
            },
        }
    }

    /// A hold that a robots.txt had stated was kept when it was over: all later probes counted as the server's own wish, and no retry
    /// budget put them off.
    #[test]
    fn a_probe_after_a_stated_time_in_vain_is_a_retry() {
        let config = EngineConfig::new(PartitionId(0), 1);
        let mut host = Host::new(HostKey::of(&"http://h.example/".parse().unwrap()).unwrap(), &config);
        let mut chance = Chance::from_rng_seed(1);
        let mut answer = |host: &mut Host, at_ms, retry_after_s| {
            let now = Now { monotonic: Monotonic(at_ms + 1), wall: WallTime(at_ms + 1) };
            let asked = Asked { at: Monotonic(at_ms), url: 0, section: 0, requests: 1, failures: 0 };
            host.judge_robots_trouble(now, &config, &mut chance, asked, &robots_trouble(retry_after_s));
            host.purpose()
        };
        assert_eq!(answer(&mut host, 0, Some(5)), Purpose::Request, "the server named the time");
        assert_eq!(answer(&mut host, 6_000, None), Purpose::Retry);
        assert_eq!(answer(&mut host, 20_000, None), Purpose::Retry);
    }
}
