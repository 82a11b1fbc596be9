//! What passes between the engine and the governor about groups of hosts.

use comeback_diagnosis::clock::{Monotonic, Now};

use super::{Engine, HostId};
use crate::governor::{RunSeen, ToGovernor};
use crate::ids::HostNumber;
use crate::output::Output;
use crate::visit::{Verdict, VisitReport};

/// A host's name for the governor.
pub(super) fn number_of(id: HostId) -> HostNumber {
    HostNumber(u32::try_from(id).expect("a partition has fewer hosts than 2^32: each takes more than a byte"))
}

impl Engine {
    pub(super) fn join_group(&mut self, now: Now, number: HostNumber) {
        let id = number.0 as HostId;
        // It may have been put aside while the message was on its way.
        let Some(host) = self.hosts.get_mut(id) else { return self.tell_gone(number) };
        host.join_group();
        self.note_host(id);
        self.tend(now, id);
    }

    /// A host of a group is put aside.
    pub(super) fn tell_gone(&mut self, host: HostNumber) {
        self.outputs.push_back(Output::ToGovernor(ToGovernor::Gone(host)));
    }

    pub(super) fn leave_group(&mut self, now: Now, number: HostNumber, gap_us: u64) {
        let id = number.0 as HostId;
        if let Some(host) = self.hosts.get_mut(id) {
            host.leave_group(now.monotonic, gap_us);
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
        let number = number_of(id);
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
