//! Hosts that share what stands before them: one address, one limiter.

use std::cell::RefCell;
use std::rc::Rc;

use comeback_engine::Chance;

use super::limiting::Bucket;
use super::{Arrival, Promise, Reply, Script};

/// One of several hosts behind the same limiter.
#[derive(Debug)]
pub(crate) struct Shared {
    door: Rc<RefCell<Bucket>>,
}

impl Shared {
    pub(crate) const fn behind(door: Rc<RefCell<Bucket>>) -> Self {
        Self { door }
    }
}

impl Script for Shared {
    fn name(&self) -> &'static str {
        "group"
    }

    fn promise(&self, _path: &str) -> Promise {
        // Until hosts of one address share a clock, one may use up what another waits for.
        Promise::Open
    }

    fn receive(&mut self, arrival: Arrival<'_>, chance: &mut Chance) -> Reply {
        self.door.borrow_mut().receive(arrival, chance)
    }
}
