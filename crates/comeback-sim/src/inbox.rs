//! Virtual time: what will happen, in order.

use std::collections::BTreeMap;

/// Events by their time; events of one moment happen in the order in which they were put in.
#[derive(Debug)]
pub(crate) struct Inbox<E> {
    events: BTreeMap<(u64, u64), E>,
    count: u64,
}

impl<E> Default for Inbox<E> {
    fn default() -> Self {
        Self { events: BTreeMap::new(), count: 0 }
    }
}

impl<E> Inbox<E> {
    pub(crate) fn put(&mut self, at_ms: u64, event: E) {
        self.count += 1;
        self.events.insert((at_ms, self.count), event);
    }

    pub(crate) fn take(&mut self) -> Option<(u64, E)> {
        self.events.pop_first().map(|((at_ms, _), event)| (at_ms, event))
    }
}
