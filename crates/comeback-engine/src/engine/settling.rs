//! Settling: a URL's end becomes a row, once.

use comeback_diagnosis::cause::Cause;
use comeback_diagnosis::clock::{Now, WallTime};

use super::{Engine, HostId};
use crate::batch::UrlProgress;
use crate::host::queue::UrlPlace;
use crate::outcome::{Outcome, Settlement};
use crate::output::{Output, Settled};
use crate::visit::GuestAnswer;

impl Engine {
    /// What is known of an unsettled URL; a fresh record where nothing was.
    ///
    /// # Panics
    /// When the URL's batch is gone: its URLs are settled, and a settled URL has no lease and no place in a queue.
    pub(super) fn progress(&mut self, place: UrlPlace) -> &mut UrlProgress {
        let batch = self.batches.get_mut(&place.batch).expect("a URL in a queue or lease is unsettled, so its batch is here");
        batch.progress.asked.entry(place.index).or_default()
    }

    /// Settles a URL by its own last answer: that attempt counts.
    pub(super) fn settle_asked(
        &mut self,
        now: Now,
        place: UrlPlace,
        outcome: Outcome,
        cause: Cause,
        until: Option<WallTime>,
        evidence: Vec<String>,
    ) {
        let attempts_max = self.config.attempts_max;
        let progress = self.progress(place);
        progress.charged = (progress.charged + 1).min(attempts_max);
        self.settle(now, place, outcome, cause, until, evidence);
    }

    /// Settles a URL, once: by an answer that was not its own fault, or unasked.
    pub(super) fn settle(
        &mut self,
        now: Now,
        place: UrlPlace,
        outcome: Outcome,
        cause: Cause,
        until: Option<WallTime>,
        evidence: Vec<String>,
    ) {
        let seed = self.seed(place);
        let Some(batch) = self.batches.get_mut(&place.batch) else { return };
        if !batch.progress.settled.insert(place.index) {
            return;
        }
        let host = self.hosts[batch.host].key.clone();
        let UrlProgress { requests, failures: _, charged, first_at, last } =
            batch.progress.asked.remove(&place.index).unwrap_or_default();
        let (status, bytes, capture) = last.map_or((None, 0, None), |last| (last.status, last.bytes, last.capture));
        let settlement =
            Settlement { outcome, cause, status, attempts: charged, requests, first_at, settled_at: now.wall, until, evidence };
        let settled = Settled { job: batch.job, batch: place.batch, index: place.index, seed, host, settlement, bytes, capture };
        self.outputs.push_back(Output::Settle(Box::new(settled)));
        self.tally.count(outcome);
        self.unsettled -= 1;
        self.hosts[batch.host].unsettled -= 1;
        if outcome.is_unfinished() {
            self.commit_clock.unfinished.push((place.batch, place.index));
        }
        if let (Outcome::Parked, Some(until)) = (outcome, until) {
            self.commit_clock.parked.push((place.batch, place.index, until));
        }
        let done = batch.progress.settled.count() == batch.count;
        if done {
            self.batches.remove(&place.batch);
            self.commit_clock.touched.remove(&place.batch);
            self.commit_clock.retired.push(place.batch);
        } else {
            self.commit_clock.touched.insert(place.batch);
        }
    }

    /// Settles every loaded URL of a condemned host, and turns its guests away.
    pub(super) fn settle_condemned(&mut self, now: Now, id: HostId) {
        let Some(condemned) = self.hosts[id].condemned.clone() else { return };
        for place in self.hosts[id].queue.drain_urls() {
            let condemned = condemned.clone();
            self.settle(now, place, condemned.outcome, condemned.cause, condemned.until, condemned.evidence);
        }
        for guest in std::mem::take(&mut self.hosts[id].queue.guests) {
            let condemned = condemned.clone();
            let answer = GuestAnswer::Unasked {
                outcome: condemned.outcome,
                cause: condemned.cause,
                until: condemned.until,
                evidence: condemned.evidence,
                cut: guest.cut,
            };
            self.answer_guest(&guest, None, answer);
        }
    }
}
