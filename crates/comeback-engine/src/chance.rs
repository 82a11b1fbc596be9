//! Chance, as a seeded generator that comes in from outside: the same seed gives the same run.

use rand_pcg::Pcg32;
use rand_pcg::rand_core::{Rng, SeedableRng};

/// The generator behind jitter.
#[derive(Debug, Clone)]
pub struct Chance(Pcg32);

impl Chance {
    /// A generator from a seed.
    #[must_use]
    pub fn from_rng_seed(rng_seed: u64) -> Self {
        Self(Pcg32::seed_from_u64(rng_seed))
    }

    /// A number from 0 to `most`, both included.
    pub fn up_to(&mut self, most: u64) -> u64 {
        let Some(range) = most.checked_add(1) else { return self.0.next_u64() };
        // The modulo's bias is below 2^-32 for any wait that we draw (days in milliseconds): of no matter for jitter.
        self.0.next_u64() % range
    }
}
