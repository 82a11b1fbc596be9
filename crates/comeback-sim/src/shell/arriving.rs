//! A request reaches its server: what it answers, what the checkers see of it, and what the engine is told.

use comeback_engine::diagnosis::history::History;
use comeback_engine::ids::{LeaseId, PartitionId};
use comeback_engine::input::Input;

use super::{Event, Shell};
use crate::ended::Ended;
use crate::options::Plant;
use crate::scored::TRAVEL_MS_MAX;
use crate::simulation::EPOCH_MS;
use crate::world::{Arrival, Reply, stated_ms};

impl Shell<'_> {
    /// Ends a visit by the client's hand. What has left arrives all the same.
    pub(super) fn cut(&mut self, id: PartitionId, lease: LeaseId) {
        let Some(visit) = self.visits.get_mut(&(id, lease)) else { return };
        let input = if visit.left_ms.is_some() { Input::VisitCut(lease) } else { Input::VisitRecalled(lease) };
        if visit.arrived {
            self.around.watch.ended(visit.visit.host.host());
        }
        if visit.left_ms.is_some() && !visit.arrived {
            visit.is_cut = true;
        } else {
            self.visits.remove(&(id, lease));
        }
        self.deliver(id, input);
    }

    /// A request reaches its server, which answers in its own time.
    pub(super) fn arrive(&mut self, id: PartitionId, lease: LeaseId) {
        let Some(on_its_way) = self.visits.get_mut(&(id, lease)) else { return };
        on_its_way.arrived = true;
        let is_cut = on_its_way.is_cut;
        let (visit, left_ms) = (on_its_way.visit.clone(), on_its_way.left_ms.unwrap_or(self.around.at_ms));
        let at_ms = self.around.at_ms;
        self.around.requests += 1;
        self.around.page_requests += u64::from(!visit.robots);
        self.around.watch.arrived(visit.host.host(), left_ms, at_ms, self.around.slots);
        self.around.watch.retried(visit.host.host(), left_ms);
        let number: Option<usize> = visit.host.host().strip_prefix('h').and_then(|rest| rest.split('.').next()?.parse().ok());
        let arrival = Arrival { at_ms, wall_ms: EPOCH_MS + at_ms, path: visit.url.path() };
        let reply = match number.and_then(|number| self.around.scripts.get_mut(number)) {
            Some(script) if visit.robots => script.robots(arrival, &mut self.around.chance),
            Some(script) => script.receive(arrival, &mut self.around.chance),
            None => Reply::plain(404, 1),
        };
        if is_cut {
            self.visits.remove(&(id, lease));
            self.around.watch.ended(visit.host.host());
            return;
        }
        let (Reply::Answer { after_ms, .. } | Reply::Nothing { after_ms, .. }) = &reply;
        let read_ms = at_ms + after_ms + self.around.chance.up_to(TRAVEL_MS_MAX);
        if let Some(meter) = number.and_then(|number| self.around.meters.get_mut(number)) {
            if visit.robots {
                meter.robots_requests += 1;
            } else {
                meter.count(visit.url.path(), reply.is_page(), read_ms);
            }
        }
        if let Some(answered) = reply.answered(visit.robots) {
            self.around.watch.answered(visit.host.host(), read_ms, answered);
        }
        let script = number.and_then(|number| self.around.scripts.get(number));
        if let Some(gap_ms) = script.and_then(|script| script.crawl_delay_ms()).filter(|_| visit.robots) {
            self.around.watch.declared(visit.host.host(), gap_ms, read_ms);
        }
        if let Reply::Answer { fields, after_ms, .. } = &reply
            && let Some(delay_ms) = stated_ms(fields)
        {
            self.around.watch.stated(visit.host.host(), at_ms + after_ms, delay_ms, read_ms);
        }
        let fresh = History::default();
        let history = self.partitions[usize::from(id.0)].engine.history(lease).unwrap_or(&fresh);
        let address = number.and_then(|number| self.around.addresses.get(number)).copied();
        let ended = Ended { visit: &visit, reply: &reply, address, left_ms, read_ms };
        let report = ended.report(self.knowledge, history, self.options.plant);
        if self.options.plant == Some(Plant::AnswerLost) && self.around.chance.up_to(30) == 0 {
            return;
        }
        self.inbox.put(read_ms, Event::ToEngine(id, Box::new(Input::VisitEnded { lease, report: Box::new(report) })));
    }
}
