//! The same block from many unrelated sites: then it is not the sites that refuse us. Our own network does (a filter, a login page),
//! or our address is on a list that they share.
//!
//! A pure judgement over a summary that somebody else keeps: for each site its latest answer, as a mark that can be compared. It knows
//! no host by name and decides nothing.

use std::collections::BTreeMap;

use crate::diagnosis::Diagnosis;
use crate::exchange::Response;
use crate::family::Family;
use crate::reading::Reading;

/// So many unrelated sites at least must say the same: fewer may have the same maker, or chance.
pub const SITES_MIN: usize = 5;

/// Of the sites that were asked, at least so many of a hundred must say it.
pub const SHARE_PERCENT_MIN: usize = 80;

/// How much of a page's words goes into its mark.
const COMPARED_BYTES_MAX: usize = 4 * 1024;

/// A block's status and words, without what differs from one answer to the next: numbers, identifiers, names of hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockMark(u64);

impl BlockMark {
    /// The mark of a response that was diagnosed as a block; `None` for any other.
    #[must_use]
    pub fn of(response: &Response<'_>, diagnosis: &Diagnosis) -> Option<Self> {
        if diagnosis.cause.family() != Family::Block {
            return None;
        }
        let reading = Reading::of(&response.body[..response.body.len().min(COMPARED_BYTES_MAX)]);
        let is_steady = |word: &&str| !word.bytes().any(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'@' | b'/'));
        let words = reading.text.split(' ').filter(is_steady).flat_map(|word| word.bytes().chain([b' ']));
        let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let [high, low] = response.status.to_be_bytes();
        Some(Self([high, low].into_iter().chain(words).fold(0xcbf2_9ce4_8422_2325, mix)))
    }
}

/// The latest answer of one site: hosts of one registrable domain are one site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SiteAnswer {
    /// A number that is the same for the same site.
    pub site: u64,
    /// The mark of the block, or `None` where it was none.
    pub block: Option<BlockMark>,
}

/// The same block from many unrelated sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharedBlock {
    /// What they all say.
    pub block: BlockMark,
    /// How many sites say it.
    pub sites: usize,
    /// Of how many that were asked.
    pub asked: usize,
}

impl SharedBlock {
    /// Whether unrelated sites say the same so often that the block is about our network. A site that is there more than once counts
    /// by its last answer.
    ///
    /// ```
    /// use comeback_diagnosis::own_network::SharedBlock;
    /// assert_eq!(SharedBlock::among([].into_iter()), None);
    /// ```
    #[must_use]
    pub fn among(answers: impl Iterator<Item = SiteAnswer>) -> Option<Self> {
        let by_site: BTreeMap<u64, Option<BlockMark>> = answers.map(|SiteAnswer { site, block }| (site, block)).collect();
        let mut sites_of: BTreeMap<BlockMark, usize> = BTreeMap::new();
        for block in by_site.values().flatten() {
            *sites_of.entry(*block).or_default() += 1;
        }
        let (block, sites) = sites_of.into_iter().max_by_key(|(_, sites)| *sites)?;
        let asked = by_site.len();
        (sites >= SITES_MIN && sites * 100 >= asked * SHARE_PERCENT_MIN).then_some(Self { block, sites, asked })
    }

    /// The fact, in words for people.
    #[must_use]
    pub fn says(&self) -> String {
        format!(
            "{} of {} unrelated sites answer with the same block: our own network, or our address, is what is refused",
            self.sites, self.asked
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::WallTime;
    use crate::exchange::Exchange;
    use crate::history::History;
    use crate::knowledge::Knowledge;

    fn mark(knowledge: &Knowledge, status: u16, body: &str) -> Option<BlockMark> {
        let response = Response { status, reason: b"", fields: &[], body: body.as_bytes(), body_bytes: None };
        let (response_there, received_at) = (Some(response), WallTime(0));
        let exchange = Exchange { method: "GET", url: "", response: response_there, failure: None, received_at, elapsed_ms: 0 };
        BlockMark::of(&response, &knowledge.diagnose(&exchange, &History::default()))
    }

    fn page(host: &str, number: u32) -> String {
        format!("<html><title>Request blocked</title><p>Your request to {host} has been blocked. Incident {number}.</p></html>")
    }

    #[test]
    fn a_mark_leaves_out_what_differs_from_one_answer_to_the_next() {
        let knowledge = Knowledge::builtin();
        let one = mark(&knowledge, 403, &page("a.example", 17));
        assert!(one.is_some());
        assert_eq!(one, mark(&knowledge, 403, &page("b.example", 9)));
        assert_ne!(one, mark(&knowledge, 403, "<html><title>You have been blocked</title></html>"));
        assert_eq!(mark(&knowledge, 404, "<html><title>No such page</title></html>"), None);
    }

    #[test]
    fn the_same_block_counts_only_from_many_of_the_sites() {
        let knowledge = Knowledge::builtin();
        let block = mark(&knowledge, 403, &page("a.example", 1));
        let answers = |blocked: u64, others: u64| {
            let of_blocked = (0..blocked).map(move |site| SiteAnswer { site, block });
            of_blocked.chain((0..others).map(move |site| SiteAnswer { site: 100 + site, block: None }))
        };
        assert_eq!(SharedBlock::among(answers(8, 2)).map(|shared| (shared.sites, shared.asked)), Some((8, 10)));
        assert_eq!(SharedBlock::among(answers(4, 0)), None);
        assert_eq!(SharedBlock::among(answers(8, 3)), None);
        let one_site = (0..50).map(|_| SiteAnswer { site: 1, block });
        assert_eq!(SharedBlock::among(one_site), None);
    }
}
