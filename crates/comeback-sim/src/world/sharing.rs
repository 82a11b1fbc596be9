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
    name: &'static str,
}

impl Shared {
    pub(crate) const fn behind(door: Rc<RefCell<Bucket>>) -> Self {
        Self { door, name: "group" }
    }

    /// Behind a limiter of its own, at an address that is not.
    pub(crate) fn beside(bucket: Bucket) -> Self {
        Self { door: Rc::new(RefCell::new(bucket)), name: "neighbours" }
    }
}

impl Script for Shared {
    fn name(&self) -> &'static str {
        self.name
    }

    fn promise(&self, _path: &str) -> Promise {
        Promise::Had
    }

    fn receive(&mut self, arrival: Arrival<'_>, chance: &mut Chance) -> Reply {
        self.door.borrow_mut().receive(arrival, chance)
    }
}
