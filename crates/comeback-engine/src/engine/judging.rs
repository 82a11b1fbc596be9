//! Judging: an exchange ended; the host draws its conclusions, then the URL.

use comeback_diagnosis::cause::Cause;
use comeback_diagnosis::clock::{Monotonic, Now, WallTime};

use super::{Engine, HostId, Lease, LeaseOf};
use crate::batch::LastAnswer;
use crate::host::judgement::{Asked, evidence_of, section_of};
use crate::host::queue::UrlPlace;
use crate::host::robots::{ROBOTS_REDIRECTS_MAX, Robots, RobotsAnswer};
use crate::ids::LeaseId;
use crate::outcome::Outcome;
use crate::output::Output;
use crate::visit::{Guest, GuestAnswer, Verdict, VisitReport, is_unrepeatable};

/// The longest wait of a blamed URL, in milliseconds.
const URL_BACKOFF_MS_MAX: u64 = 60_000;
/// How long a URL waits that was refused by its host's pace or by chance, in milliseconds.
pub(super) const REFUSED_MS: u64 = 200;
/// A URL that was asked more often than this waits twice as long with each further refusal: few are that unlucky.
const REFUSED_SOON_MAX: u32 = 12;
/// The longest wait of a URL that was refused by its host's pace or by chance, in milliseconds.
const REFUSED_MS_MAX: u64 = 5_000;
/// The least wait of a blamed URL, in milliseconds.
const URL_BACKOFF_MS_MIN: u64 = 500;
/// The URL number of robots.txt in a host's history.
const ROBOTS_NUMBER: u64 = u64::MAX;
/// The bit that tells guests' numbers from those of the host's own URLs.
const GUEST_BIT: u64 = 1 << 63;

impl Engine {
    pub(super) fn end_visit(&mut self, now: Now, lease_id: LeaseId, mut report: VisitReport) {
        let Some(mut lease) = self.leases.remove(&lease_id) else { return };
        let id = lease.host;
        let asked_at = self.hosts[id].under_way.remove(&lease_id).unwrap_or(now.monotonic);
        lease.ticket.take().into_iter().for_each(|ticket| self.return_slot(ticket));
        if !lease.visit.robots {
            self.note_meeting(now, id, &mut report);
        }
        match lease.of {
            LeaseOf::Robots => self.end_robots(now, lease_id, lease, asked_at, &report),
            LeaseOf::Guest(guest) => self.end_guest(now, lease_id, id, &guest, asked_at, report),
            LeaseOf::Url(place) => {
                let (requests, failures) = self.batches[&place.batch]
                    .progress
                    .asked
                    .get(&place.index)
                    .map_or((0, 0), |asked| (asked.requests, asked.failures));
                let url = place.batch.0 << 8 | u64::from(place.index);
                let asked = Asked { at: asked_at, url, section: section_of(&lease.visit.url), requests, failures };
                let run = self.hosts[id].pace.run_seen();
                let verdict = self.hosts[id].judge(now, &self.config, &mut self.chance, asked, &report);
                self.tell_governor(now, id, asked_at, run, &report, verdict);
                self.conclude(now, lease_id, Lease { of: LeaseOf::Url(place), ..lease }, place, &report, verdict);
            }
        }
        self.note_host(id);
        self.recall_unsent(id);
        self.tend(now, id);
    }

    fn end_guest(&mut self, now: Now, lease_id: LeaseId, id: HostId, guest: &Guest, asked_at: Monotonic, report: VisitReport) {
        let number = GUEST_BIT | u64::from(guest.from.0) << 40 | guest.lease.0;
        let section = section_of(&guest.visit.url);
        let asked = Asked { at: asked_at, url: number, section, requests: guest.failures, failures: guest.failures };
        let verdict = if !guest.visit.robots {
            let run = self.hosts[id].pace.run_seen();
            let verdict = self.hosts[id].judge(now, &self.config, &mut self.chance, asked, &report);
            self.tell_governor(now, id, asked_at, run, &report, verdict);
            verdict
        } else if RobotsAnswer::of(&report) == RobotsAnswer::Trouble {
            self.hosts[id].judge_robots_trouble(now, &self.config, &mut self.chance, asked, &report);
            Verdict::HostTrouble { counted: false, charge: false }
        } else {
            self.hosts[id].obey_retry_after(now, &self.config, &report.diagnosis);
            Verdict::Accepted
        };
        let answer = GuestAnswer::Visited(Box::new(report), verdict);
        self.answer_guest(guest, Some(lease_id), answer);
    }

    fn end_robots(&mut self, now: Now, lease_id: LeaseId, lease: Lease, asked_at: Monotonic, report: &VisitReport) {
        let id = lease.host;
        self.tally.robots_requests += 1;
        if report.diagnosis.cause == Cause::AddressRefused {
            self.hosts[id].robots = Robots::Unknown;
            let evidence = evidence_of(&report.diagnosis);
            self.turn_guests_away(id, &evidence);
            if self.hosts[id].queue.has_urls() {
                // Its own URLs were named by lists from public addresses only, and end so too.
                self.hosts[id].condemn(Outcome::Failed, Cause::AddressRefused, None, evidence);
                self.note_host(id);
            }
            return;
        }
        let answer = RobotsAnswer::of(report);
        if answer == RobotsAnswer::Trouble {
            let asked = Asked { at: asked_at, url: ROBOTS_NUMBER, section: 0, requests: 1, failures: 0 };
            self.hosts[id].judge_robots_trouble(now, &self.config, &mut self.chance, asked, report);
            self.hosts[id].robots = Robots::Unknown;
            return;
        }
        self.hosts[id].obey_retry_after(now, &self.config, &report.diagnosis);
        self.learn_robots(lease_id, lease, report, answer);
    }

    /// The host's address is none that a public host may lead to: its guests end with that, and nothing was asked.
    fn turn_guests_away(&mut self, id: HostId, evidence: &[String]) {
        for guest in std::mem::take(&mut self.hosts[id].queue.guests) {
            let evidence = evidence.to_vec();
            let answer = GuestAnswer::Unasked {
                outcome: Outcome::Failed,
                cause: Cause::AddressRefused,
                until: None,
                evidence,
                cut: guest.cut,
            };
            self.answer_guest(&guest, None, answer);
        }
    }

    pub(super) fn answer_guest(&mut self, guest: &Guest, visited: Option<LeaseId>, answer: GuestAnswer) {
        let (to, lease) = (guest.from, guest.lease);
        self.outputs.push_back(Output::AnswerGuest { to, lease, visited, answer: Box::new(answer) });
    }

    /// Takes in a robots.txt, from this host or from where it redirected to.
    pub(super) fn learn_robots(&mut self, lease_id: LeaseId, lease: Lease, report: &VisitReport, answer: RobotsAnswer) {
        let id = lease.host;
        match (answer, &report.redirect) {
            (RobotsAnswer::Elsewhere, Some(Ok(redirect))) if lease.visit.hops < ROBOTS_REDIRECTS_MAX => {
                if self.send_elsewhere(lease_id, lease, redirect, 0).is_some() {
                    self.hosts[id].robots.learn(None, &self.config.robots_agent);
                }
            }
            (RobotsAnswer::Rules, _) => self.hosts[id].robots.learn(report.robots_text.as_deref(), &self.config.robots_agent),
            (RobotsAnswer::Elsewhere | RobotsAnswer::NoRules | RobotsAnswer::Trouble, _) => {
                self.hosts[id].robots.learn(None, &self.config.robots_agent);
            }
        }
    }

    /// Draws the URL's conclusion from a verdict on its visit, here or at another host.
    pub(super) fn conclude(
        &mut self,
        now: Now,
        lease_id: LeaseId,
        lease: Lease,
        place: UrlPlace,
        report: &VisitReport,
        verdict: Verdict,
    ) {
        self.note_answer(place, report);
        // The first hop of a redirected POST was carried out; going back to it would do it again.
        let has_acted = lease.visit.hops > 0 && is_unrepeatable(&self.seed(place).method);
        let cause = report.diagnosis.cause;
        match verdict {
            Verdict::Accepted => match &report.redirect {
                Some(Ok(redirect)) => self.follow(now, lease_id, lease, place, redirect),
                Some(Err(why)) => self.settle_asked(now, place, Outcome::Failed, Cause::Redirect, None, vec![why.clone()]),
                None if report.status.is_some_and(|status| (200..300).contains(&status)) => {
                    self.settle_asked(now, place, Outcome::Fetched, Cause::None, None, evidence_of(&report.diagnosis));
                }
                None => self.settle_asked(now, place, Outcome::Answered, Cause::None, None, evidence_of(&report.diagnosis)),
            },
            Verdict::GivenUp => self.settle_asked(now, place, Outcome::Failed, cause, None, evidence_of(&report.diagnosis)),
            Verdict::Sticky { until } => {
                self.settle_asked(now, place, Outcome::Parked, cause, until, evidence_of(&report.diagnosis));
            }
            Verdict::HostTrouble { .. } | Verdict::Refused { .. } if lease.visit.is_unrepeatable() && may_have_acted(report) => {
                self.settle_unrepeatable(now, place, report);
            }
            Verdict::Blamed { .. } if has_acted || lease.visit.is_unrepeatable() && may_have_acted(report) => {
                self.settle_unrepeatable(now, place, report);
            }
            Verdict::HostTrouble { counted, charge } => {
                // Charged in its host's trouble: it is the last one left, and all its failures were its own.
                let before = self.progress(place).clone();
                let failures = if charge { before.requests - before.failures } else { u32::from(counted) };
                let is_given_up = self.is_given_up(now, place, report, failures, charge);
                if !is_given_up && lease.visit.hops > 0 {
                    self.send_again(lease_id, lease, place);
                } else if !is_given_up {
                    self.put_back(now, place, None);
                }
            }
            Verdict::Refused { charge } => {
                if !self.is_given_up(now, place, report, u32::from(charge.is_some()), charge.unwrap_or(false)) {
                    if lease.visit.hops > 0 {
                        self.send_again(lease_id, lease, place);
                    } else {
                        let wait_ms = refused_wait_ms(self.progress(place).requests);
                        self.put_back(now, place, Some(now.monotonic.plus_ms(wait_ms)));
                    }
                }
            }
            Verdict::Blamed { charge } => {
                if !self.is_given_up(now, place, report, 1, charge) {
                    let failures = self.progress(place).failures;
                    let at = self.url_backoff(now, failures);
                    self.put_back(now, place, Some(at));
                }
            }
        }
    }

    /// Fails a URL rather than do something twice.
    fn settle_unrepeatable(&mut self, now: Now, place: UrlPlace, report: &VisitReport) {
        let mut evidence = evidence_of(&report.diagnosis);
        evidence.push(format!("a {} that may have been carried out is not repeated", self.seed(place).method));
        self.settle_asked(now, place, Outcome::Failed, report.diagnosis.cause, None, evidence);
    }

    /// Counts an answer, and keeps its facts as the newest.
    fn note_answer(&mut self, place: UrlPlace, report: &VisitReport) {
        self.tally.requests += 1;
        self.tally.bytes += report.bytes;
        let progress = self.progress(place);
        progress.requests += 1;
        progress.first_at.get_or_insert(report.sent_at);
        progress.last = Some(LastAnswer {
            status: report.status,
            cause: report.diagnosis.cause,
            bytes: report.bytes,
            capture: report.capture.clone(),
            evidence: evidence_of(&report.diagnosis),
        });
        self.commit_clock.touched.insert(place.batch);
    }

    /// Counts a failure, and gives the URL up where it has had all that a URL gets.
    fn is_given_up(&mut self, now: Now, place: UrlPlace, report: &VisitReport, failures: u32, charge: bool) -> bool {
        let (attempts_max, requests_max) = (self.config.attempts_max, self.config.requests_max);
        let progress = self.progress(place);
        progress.failures += failures;
        if charge {
            progress.charged = progress.failures.min(attempts_max);
        }
        let because = if progress.charged >= attempts_max {
            "its host answers other URLs"
        } else if progress.requests >= requests_max {
            "no URL is asked more often"
        } else {
            return false;
        };
        let mut evidence = evidence_of(&report.diagnosis);
        evidence.push(format!("given up after {} requests: {because}", progress.requests));
        self.settle(now, place, Outcome::Failed, report.diagnosis.cause, None, evidence);
        true
    }

    /// Back to the queue: to its end, or until a time of its own.
    pub(super) fn put_back(&mut self, now: Now, place: UrlPlace, at: Option<Monotonic>) {
        let id = self.batches[&place.batch].host;
        match at {
            Some(at) => {
                self.hosts[id].queue.waiting.insert((at, place));
            }
            None => self.hosts[id].queue.ready.push_back(place),
        }
        if self.hosts[id].condemned.is_some() {
            self.settle_condemned(now, id);
        }
    }

    /// Exponential backoff with full jitter above a floor.
    fn url_backoff(&mut self, now: Now, failures: u32) -> Monotonic {
        let most_ms = (1_000_u64 << failures.saturating_sub(1).min(16)).min(URL_BACKOFF_MS_MAX);
        now.monotonic.plus_ms(URL_BACKOFF_MS_MIN + self.chance.up_to(most_ms))
    }

    /// Requests that have not left yet don't leave for a host that has just refused.
    pub(super) fn recall_unsent(&mut self, id: HostId) {
        let host = &self.hosts[id];
        if host.hold.is_some() || host.trouble.is_some() || host.condemned.is_some() {
            self.outputs.extend(host.under_way.keys().copied().map(Output::Recall));
        }
    }

    /// A guest's answer has come back to its lease.
    pub(super) fn hear_of_guest(&mut self, now: Now, lease_id: LeaseId, answer: GuestAnswer) {
        let Some(lease) = self.leases.remove(&lease_id) else { return };
        let id = lease.host;
        self.hosts[id].elsewhere = self.hosts[id].elsewhere.saturating_sub(1);
        match (&lease.of, answer) {
            (LeaseOf::Url(place), GuestAnswer::Visited(report, verdict)) => {
                let place = *place;
                self.conclude(now, lease_id, lease, place, &report, verdict);
            }
            (LeaseOf::Url(place), GuestAnswer::Unasked { outcome, cause, until, evidence, cut }) => {
                self.tally.requests += u64::from(cut);
                self.progress(*place).requests += cut;
                self.settle(now, *place, outcome, cause, until, evidence);
            }
            (LeaseOf::Robots, GuestAnswer::Visited(report, _)) => {
                self.tally.robots_requests += 1;
                match RobotsAnswer::of(&report) {
                    RobotsAnswer::Trouble => self.send_robots_again(lease_id, lease),
                    answer @ (RobotsAnswer::Rules | RobotsAnswer::NoRules | RobotsAnswer::Elsewhere) => {
                        self.learn_robots(lease_id, lease, &report, answer);
                    }
                }
            }
            (LeaseOf::Robots, GuestAnswer::Unasked { outcome, cause, until, mut evidence, cut }) => {
                self.tally.robots_requests += u64::from(cut);
                evidence.push(format!("its robots.txt is at {}", lease.visit.host));
                self.hosts[id].condemn(outcome, cause, until, evidence);
            }
            (LeaseOf::Guest(_), _) => {}
        }
        self.note_host(id);
        self.tend(now, id);
    }

    /// Condemns a host whose patience is spent, and has cut what is under way there.
    pub(super) fn spend_patience(&mut self, now: Now, id: HostId) {
        let host = &mut self.hosts[id];
        if host.condemned.is_some() || host.patience_until(&self.config).is_none_or(|until| until > now.monotonic) {
            return;
        }
        let Some(patience) = &host.patience else { return };
        let cause = patience.cause;
        let mut evidence = patience.evidence.clone();
        evidence.push(format!("no accepted answer for {}: patience is spent", seconds(self.config.patience_ms)));
        host.condemn(Outcome::Failed, cause, None::<WallTime>, evidence);
        self.outputs.extend(host.under_way.keys().copied().map(Output::Cut));
        self.note_host(id);
    }

    /// A request was cut that had been sent: it counts, and says nothing.
    pub(super) fn count_cut(&mut self, now: Now, lease_id: LeaseId) {
        let Some(lease) = self.leases.remove(&lease_id) else { return };
        let id = lease.host;
        self.hosts[id].under_way.remove(&lease_id);
        lease.ticket.into_iter().for_each(|ticket| self.return_slot(ticket));
        match lease.of {
            LeaseOf::Url(place) => {
                self.tally.requests += 1;
                self.progress(place).requests += 1;
                self.hosts[id].queue.ready.push_back(place);
            }
            LeaseOf::Guest(guest) => self.hosts[id].queue.guests.push_back(Guest { cut: guest.cut + 1, ..*guest }),
            LeaseOf::Robots => {
                self.tally.robots_requests += 1;
                self.hosts[id].robots = Robots::Unknown;
            }
        }
        self.note_host(id);
        self.tend(now, id);
    }
}

/// How long a URL waits that was refused by its host's pace or by chance after so many requests, in milliseconds.
fn refused_wait_ms(requests: u32) -> u64 {
    (REFUSED_MS << requests.saturating_sub(REFUSED_SOON_MAX).min(16)).min(REFUSED_MS_MAX)
}

/// Whether the server may have acted on a request that it did not answer well: it may have, once the request was sent, unless it
/// refused (RFC 9110, section 9.2.2). An answer that broke off has a status, and was an answer.
fn may_have_acted(report: &VisitReport) -> bool {
    match report.status {
        Some(status) => !matches!(status, 425 | 429 | 503),
        None => matches!(report.diagnosis.cause, Cause::Reset | Cause::ReadTimeout | Cause::Protocol),
    }
}

fn seconds(milliseconds: u64) -> String {
    if milliseconds.is_multiple_of(1000) { format!("{} s", milliseconds / 1000) } else { format!("{milliseconds} ms") }
}
