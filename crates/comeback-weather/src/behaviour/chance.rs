//! Chance, from a seed: the same world falls out the same way.

use rand_pcg::Pcg32;
use rand_pcg::rand_core::{Rng as _, SeedableRng as _};

use crate::parameter::Share;

/// The generator of one host.
#[derive(Debug)]
pub(super) struct Chance(Pcg32);

impl Chance {
    pub(super) fn from_rng_seed(rng_seed: u64) -> Self {
        Self(Pcg32::seed_from_u64(rng_seed))
    }

    /// Whether what happens in that share of all cases happens now.
    pub(super) fn happens(&mut self, share: Share) -> bool {
        f64::from(self.0.next_u32()) < share.0 * (f64::from(u32::MAX) + 1.0)
    }

    /// One of these; `None` of none.
    pub(super) fn one_of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let count = u32::try_from(all.len()).ok().filter(|count| *count > 0)?;
        usize::try_from(self.0.next_u32() % count).ok().and_then(|index| all.get(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_about_that_share() {
        let mut chance = Chance::from_rng_seed(7);
        let happened = (0..10_000).filter(|_| chance.happens(Share(0.3))).count();
        assert!((2_800..3_200).contains(&happened), "{happened}");
        assert!((0..1_000).all(|_| chance.happens(Share(1.0)) && !chance.happens(Share(0.0))));
        assert_eq!(chance.one_of::<u8>(&[]), None);
    }
}
