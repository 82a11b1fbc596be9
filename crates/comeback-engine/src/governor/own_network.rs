//! The same block from many unrelated hosts: then it is about our own network, and no fault of theirs.
//!
//! Unrelated hosts have different registrable domains and different addresses. A challenge here and there says nothing, for many sites
//! stand behind the same products; where at least [`SITES_MIN`] meet us with the very same block within ten minutes, and at least half of
//! all that were met in that time, it is said. A site counts once, by its last answer. That is all: nothing is asked again, and nothing
//! changes its address.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use comeback_diagnosis::clock::Monotonic;

use super::told_blocks::ToldBlocks;

/// The fewest sites, and the fewest addresses.
const SITES_MIN: usize = 5;
/// What is looked at together, in milliseconds.
const TOGETHER_MS: u64 = 10 * 60 * 1000;
/// Sites that are remembered at most: where more are met, those met last stand for all, be they well or not.
const SITES_MAX: usize = 4096;

/// A block by its number: the same for the same cause, status and facts.
pub type BlockNumber = u64;

#[derive(Debug, Clone, Copy)]
struct Met {
    at: Monotonic,
    address: IpAddr,
    block: Option<BlockNumber>,
}

/// The sites that were met lately, and how.
#[derive(Debug, Default)]
pub(super) struct OwnNetwork {
    sites: BTreeMap<u64, Met>,
    /// Each site once, that met longest ago first.
    order: BTreeSet<(Monotonic, u64)>,
    told: ToldBlocks,
}

impl OwnNetwork {
    /// What was told.
    pub(super) const fn told(&self) -> &ToldBlocks {
        &self.told
    }

    /// A site was met. Says when a block is about us: the block, and from how many sites it came; again when they have doubled.
    pub(super) fn meet(
        &mut self,
        now: Monotonic,
        site: u64,
        address: IpAddr,
        block: Option<BlockNumber>,
    ) -> Option<(BlockNumber, u32)> {
        if let Some(before) = self.sites.insert(site, Met { at: now, address, block }) {
            self.order.remove(&(before.at, site));
        }
        self.order.insert((now, site));
        while let Some((at, oldest)) = self.order.first().copied()
            && (self.order.len() > SITES_MAX || now.since_ms(at) > TOGETHER_MS)
        {
            self.order.remove(&(at, oldest));
            self.sites.remove(&oldest);
        }
        let block = block?;
        let same = || self.sites.values().filter(|met| met.block == Some(block));
        let (sites, addresses) = (same().count(), same().map(|met| met.address).collect::<BTreeSet<_>>().len());
        let sites_told = u32::try_from(sites).unwrap_or(u32::MAX);
        let is_news = self.told.sites_of(block).is_none_or(|sites| sites_told >= sites.saturating_mul(2));
        if sites < SITES_MIN || addresses < SITES_MIN || sites * 2 < self.sites.len() || !is_news {
            return None;
        }
        self.told.note(block, sites_told);
        Some((block, sites_told))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u64) -> IpAddr {
        IpAddr::from(std::net::Ipv6Addr::from(u128::from(number)))
    }

    #[test]
    fn the_same_block_from_five_unrelated_sites_is_about_us() {
        let mut network = OwnNetwork::default();
        let told: Vec<_> = (0..12).map(|site| network.meet(Monotonic(site), site, address(site), Some(7))).collect();
        let expected: Vec<_> = (1..=12).map(|sites| matches!(sites, 5 | 10).then_some((7, sites))).collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn related_or_different_or_scattered_blocks_are_not() {
        // When, which site, which address, which block.
        let tells = |meeting: fn(u64) -> (u64, u64, u64, Option<u64>)| {
            let mut network = OwnNetwork::default();
            (0..100)
                .map(meeting)
                .any(|(at, site, number, block)| network.meet(Monotonic(at), site, address(number), block).is_some())
        };
        assert!(!tells(|at| (at, at, 1, Some(7))), "one address");
        assert!(!tells(|at| (at, at % 4, at, Some(7))), "four sites");
        assert!(!tells(|at| (at, at, at, Some(at))), "different blocks");
        assert!(!tells(|at| (at, at, at, (at % 3 == 0).then_some(7))), "most sites are well");
        assert!(!tells(|at| (at * 200_000, at, at, Some(7))), "hours between them");
    }

    /// Each block had a place of its own among those remembered: one site that went on blocking pushed all good ones out, and four more
    /// with the same block were then a network's fault.
    #[test]
    fn a_site_that_blocks_again_and_again_pushes_no_other_out() {
        let mut network = OwnNetwork::default();
        (0..100).for_each(|site| assert_eq!(network.meet(Monotonic(site), site, address(site), None), None));
        for at in 100..100 + 2 * SITES_MAX as u64 {
            assert_eq!(network.meet(Monotonic(at), 100, address(100), Some(7)), None);
        }
        for site in 101..110 {
            assert_eq!(network.meet(Monotonic(50_000), site, address(site), Some(7)), None, "site {site}");
        }
    }

    /// Only the last block was remembered as told: two of half the sites each were told again with each answer.
    #[test]
    fn blocks_that_alternate_are_told_once_each() {
        let mut network = OwnNetwork::default();
        let mut meet = |at: u64, site: u64| network.meet(Monotonic(at), site, address(site), Some(site % 2));
        let told: Vec<_> = (0..100).filter_map(|at| meet(at, at % 10)).collect();
        assert_eq!(told, [(0, 5), (1, 5)]);
    }

    #[test]
    fn a_site_counts_by_its_last_answer() {
        let mut network = OwnNetwork::default();
        for site in 0..10 {
            network.meet(Monotonic(0), site, address(site), None);
            network.meet(Monotonic(1), site, address(site), (site < 4).then_some(7));
        }
        (0..4).for_each(|site| assert_eq!(network.meet(Monotonic(2), site, address(site), None), None));
        (4..9).for_each(|site| {
            let expected = (site == 8).then_some((7, 5));
            assert_eq!(network.meet(Monotonic(3), site, address(site), Some(7)), expected, "site {site}");
        });
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut network = OwnNetwork::default();
        for site in 0..10_000 {
            assert_eq!(network.meet(Monotonic(site), site, address(1), None), None);
        }
        assert_eq!((network.sites.len(), network.order.len()), (SITES_MAX, SITES_MAX));
    }
}
