//! Redirects: the next hop is a visit to a host that has a clock of its own, perhaps in another partition. It goes there as a
//! guest; the URL's lease waits for the answer without a slot.

use comeback_diagnosis::cause::Cause;
use comeback_diagnosis::clock::Now;

use super::{Engine, Lease};
use crate::host::queue::UrlPlace;
use crate::host_key::HostKey;
use crate::ids::LeaseId;
use crate::outcome::Outcome;
use crate::output::Output;
use crate::visit::{Guest, Redirect};

impl Engine {
    /// Follows a redirect of a URL, or settles it where that is not possible.
    pub(super) fn follow(&mut self, now: Now, lease_id: LeaseId, lease: Lease, place: UrlPlace, redirect: &Redirect) {
        if lease.visit.hops >= self.config.redirects_max {
            let evidence = vec![format!("more than {} redirects, the last to {}", self.config.redirects_max, redirect.url)];
            self.settle_asked(now, place, Outcome::Failed, Cause::Redirect, None, evidence);
            return;
        }
        if self.progress(place).requests >= self.config.requests_max {
            let evidence = vec![format!("{} requests, and still redirected, to {}", self.config.requests_max, redirect.url)];
            self.settle_asked(now, place, Outcome::Failed, Cause::Redirect, None, evidence);
            return;
        }
        let failures = self.progress(place).failures;
        if self.send_elsewhere(lease_id, lease, redirect, failures).is_some() {
            let evidence = vec![format!("the redirect to {} leads to no host", redirect.url)];
            self.settle_asked(now, place, Outcome::Failed, Cause::Redirect, None, evidence);
        }
    }

    /// Sends a lease's next hop as a guest; gives the lease back where the redirect names no host.
    pub(super) fn send_elsewhere(
        &mut self,
        lease_id: LeaseId,
        mut lease: Lease,
        redirect: &Redirect,
        failures: u32,
    ) -> Option<Lease> {
        let Some(host) = HostKey::of(&redirect.url) else { return Some(lease) };
        lease.visit = lease.visit.redirected(redirect, host);
        self.send_guest(lease_id, lease, failures);
        None
    }

    /// The other host was in trouble: the guest queues there again, under that host's clock.
    pub(super) fn send_again(&mut self, lease_id: LeaseId, lease: Lease, place: UrlPlace) {
        let failures = self.progress(place).failures;
        self.send_guest(lease_id, lease, failures);
    }

    pub(super) fn send_robots_again(&mut self, lease_id: LeaseId, lease: Lease) {
        self.send_guest(lease_id, lease, 0);
    }

    fn send_guest(&mut self, lease_id: LeaseId, lease: Lease, failures: u32) {
        let guest = Guest { from: self.config.partition, lease: lease_id, visit: lease.visit.clone(), failures, cut: 0 };
        let to = guest.visit.host.partition(self.config.partition_count);
        self.hosts[lease.host].elsewhere += 1;
        self.leases.insert(lease_id, lease);
        self.outputs.push_back(Output::SendGuest { to, guest: Box::new(guest) });
    }
}
