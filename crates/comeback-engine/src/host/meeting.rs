//! How a host met us, as the governor was last told: what it needs to say when a block is about our own network. It judges nothing.

use comeback_diagnosis::clock::Monotonic;

use crate::governor::BlockNumber;

/// A host that answers as before is told of again after this time, in milliseconds: well within what the governor looks at together.
const AGAIN_MS: u64 = 60_000;

/// An answer that was told, or is to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meeting {
    pub(crate) at: Monotonic,
    /// The block, where it was one that could be about our network.
    pub(crate) block: Option<BlockNumber>,
}

impl Meeting {
    /// Whether this is to be told after what was told last: at once where it differs, else after a minute.
    pub(crate) fn is_news(self, told: Option<Self>) -> bool {
        told.is_none_or(|told| told.block != self.block || self.at.since_ms(told.at) >= AGAIN_MS)
    }
}
