//! What passes between the engine and the governor about our own network: which sites were met, and how.

use comeback_diagnosis::cause::Cause;
use comeback_diagnosis::clock::Now;
use comeback_diagnosis::diagnosis::Evidence;
use xxhash_rust::xxh3::xxh3_64;

use super::{Engine, HostId};
use crate::governor::{BlockNumber, ToGovernor};
use crate::host::meeting::Meeting;
use crate::output::Output;
use crate::visit::VisitReport;

/// The number of a block that could be about our network: the same for the same cause, status, product and heaviest fact.
fn block_of(report: &VisitReport) -> Option<BlockNumber> {
    let diagnosis = &report.diagnosis;
    if !matches!(diagnosis.cause, Cause::BotChallenge | Cause::IpBan | Cause::WafBlock) {
        return None;
    }
    let fact = diagnosis.evidence.first().map_or("", |evidence| evidence.what.as_str());
    let product = diagnosis.product.as_deref().unwrap_or("");
    Some(xxh3_64(format!("{} {:?} {product} {fact}", diagnosis.cause, report.status).as_bytes()))
}

impl Engine {
    /// Tells the governor how a site meets us: at a host's first answer, at one that is not as the one before, and else once a minute, so
    /// that those that are well stay known. A block that came from many unrelated sites gets that as evidence.
    pub(super) fn note_meeting(&mut self, now: Now, id: HostId, report: &mut VisitReport) {
        let block = block_of(report);
        let host = &mut self.hosts[id];
        let meeting = Meeting { at: now.monotonic, block };
        // Whoever did not answer was not met.
        let is_answer = report.status.is_some() || block.is_some();
        if let Some(address) = report.address.filter(|_| is_answer && meeting.is_news(host.met)) {
            host.met = Some(meeting);
            let message = ToGovernor::Met { site: host.key.site_number(), address, block };
            self.outputs.push_back(Output::ToGovernor(message));
        }
        if let Some(sites) = block.and_then(|block| self.same_blocks.sites_of(block)) {
            let what = format!("the same block came from {sites} unrelated sites within minutes: it is about your network");
            report.diagnosis.evidence.insert(0, Evidence { what, weight: 1.0 });
        }
    }
}
