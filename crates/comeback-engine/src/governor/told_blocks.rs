//! The blocks that were told to be about our own network, a bounded number of them, the newest last. Who told so, and why, is not here:
//! the governor keeps them to say each once, a partition to give its rows the evidence.

use std::collections::VecDeque;

use super::BlockNumber;

/// Blocks that are remembered at most. A block takes half of all sites to be told, so there are never many.
const BLOCKS_MAX: usize = 16;

/// Blocks, and from how many sites each came when it was told last.
#[derive(Debug, Default)]
pub(crate) struct ToldBlocks(VecDeque<(BlockNumber, u32)>);

impl ToldBlocks {
    /// From how many sites this block came; `None` where it was not told.
    pub(crate) fn sites_of(&self, block: BlockNumber) -> Option<u32> {
        self.0.iter().find(|(told, _)| *told == block).map(|(_, sites)| *sites)
    }

    /// A block was told. It is the newest then; the oldest is forgotten where there are too many.
    pub(crate) fn note(&mut self, block: BlockNumber, sites: u32) {
        self.0.retain(|(told, _)| *told != block);
        self.0.push_back((block, sites));
        if self.0.len() > BLOCKS_MAX {
            self.0.pop_front();
        }
    }

    /// All, the newest last.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (BlockNumber, u32)> {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_blocks_are_remembered() {
        let mut told = ToldBlocks::default();
        (0..100).for_each(|block| told.note(block, 5));
        told.note(90, 10);
        assert_eq!(told.iter().count(), BLOCKS_MAX);
        assert_eq!(told.iter().last(), Some((90, 10)));
        assert_eq!((told.sites_of(83), told.sites_of(84), told.sites_of(90)), (None, Some(5), Some(10)));
    }
}
