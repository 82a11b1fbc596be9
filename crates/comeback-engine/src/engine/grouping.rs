//! What passes between the engine and the governor about groups of hosts.

use comeback_diagnosis::clock::{Monotonic, Now};

use super::{Engine, HostId};
use crate::governor::{RunSeen, ToGovernor};
use crate::ids::HostNumber;
use crate::output::Output;
use crate::visit::{Verdict, VisitReport};

impl Engine {
    pub(super) fn join_group(&mut self, now: Now, number: HostNumber) {
        // It may have been put aside while the message was on its way, and another have its place.
        let Some(id) = self.hosts.place_of(number) else { return self.tell_gone(number) };
        self.hosts[id].join_group();
        self.note_host(id);
        self.tend(now, id);
    }

    /// A host of a group is put aside.
    pub(super) fn tell_gone(&mut self, host: HostNumber) {
        self.outputs.push_back(Output::ToGovernor(ToGovernor::Gone(host)));
    }

    pub(super) fn leave_group(&mut self, now: Now, number: HostNumber, gap_us: u64) {
        if let Some(id) = self.hosts.place_of(number) {
            self.hosts[id].leave_group(now.monotonic, gap_us);
            self.tend(now, id);
        }
    }

    /// Tells the governor what may matter to a group: what a group's host accepted, and what any host refused as for a rate. `run`: what
    /// the host had been asked before this answer.
    pub(super) fn tell_governor(
        &mut self,
        now: Now,
        id: HostId,
        asked_at: Monotonic,
        run: RunSeen,
        report: &VisitReport,
        verdict: Verdict,
    ) {
        let host = &self.hosts[id];
        let number = self.hosts.number_of(id);
        let is_bare = report.diagnosis.retry_after.and_then(|said| said.delay_ms).is_none();
        let message = match verdict {
            Verdict::Accepted | Verdict::GivenUp if host.is_grouped() => ToGovernor::Accepted { host: number, asked_at },
            Verdict::Refused { .. } | Verdict::HostTrouble { .. } if is_bare && host.is_groupable(now.monotonic) => {
                let (Some(status), Some(address)) = (report.status, report.address) else { return };
                ToGovernor::Refused { host: number, asked_at, address, status, run }
            }
            Verdict::Accepted
            | Verdict::GivenUp
            | Verdict::Refused { .. }
            | Verdict::HostTrouble { .. }
            | Verdict::Sticky { .. }
            | Verdict::Blamed { .. } => return,
        };
        self.outputs.push_back(Output::ToGovernor(message));
    }
}
