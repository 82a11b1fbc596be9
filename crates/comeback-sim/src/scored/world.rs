//! The worlds of scored runs: which hosts they draw, with which parameters and bounds. A new world is a variant and its line in `host`.

use comeback_engine::Chance;
use comeback_engine::diagnosis::cause::Cause;

use super::bound::{self, Bound};
use super::{Host, PATIENCE_MS};
use crate::world::Script;
use crate::world::answering::{BadPath, Healthy, Slow};
use crate::world::blocking::Challenge;
use crate::world::failing::{Dead, Flapping, Upstream};
use crate::world::limiting::{Bucket, FixedWindow, Quota, SlidingCounter};
use crate::world::loading::{Overload, Shedding};
use crate::world::maintaining::{Absurd, Date, Delta, Unusable};

/// Tries that a URL of its own trouble may cost: `--attempts`.
const BAD_PATH_TRIES: u64 = 4;
/// Probes of a dead host in a minute.
const DEAD_PROBES: u64 = 8;

macro_rules! worlds {
    ($($variant:ident $word:literal $what:literal,)*) => {
        /// A kind of web.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum World {
            $(#[doc = $what] $variant,)*
        }

        impl World {
            /// Every world, in the order of reports.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word that names it.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }
    };
}

worlds! {
    Maintenance "maintenance" "Away for a while; Retry-After in seconds.",
    MaintenanceDate "maintenance-date" "Away for a while; Retry-After as a date, by a clock up to an hour off.",
    LeakyBucket "leaky-bucket" "A rate and a burst; refuses with a bare 503.",
    FixedWindow "fixed-window" "So many requests in each window; refuses with a bare 503.",
    SlidingCounter "sliding-counter" "So many requests in any window, refused ones counted; refuses with a bare 503.",
    TooMany "too-many" "So many requests in each window; refuses with 429 and Retry-After.",
    RateFields "rate-fields" "So many requests in each window; each answer says how many are left.",
    Overload "overload" "A queue before a capacity; beyond it a bare 503, and abandoned work is done all the same.",
    Shedding "shedding" "Above a rate, a share is refused by chance.",
    Flapping "flapping" "Each request fails by chance.",
    Upstream "upstream" "502, 503 and 504 in turn for a while.",
    Challenge "challenge" "Every page is a challenge, at one of four statuses.",
    Absurd "absurd" "Away for a day, it says.",
    Unusable "unusable" "Away for a while; Retry-After is zero, past or garbage.",
    Dead "dead" "Nobody answers.",
    Slow "slow" "Each answer takes seconds.",
    BadPath "bad-path" "One page always fails.",
    Quota "quota" "So many requests, then 429 until a time.",
    Mix "mix" "One host of each, and three healthy ones.",
}

impl World {
    /// The world of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|world| world.word() == word)
    }

    /// Draws the hosts of a run.
    pub(crate) fn draw(self, rng_seed: u64) -> Vec<Host> {
        let worlds =
            if self == Self::Mix { Self::ALL.iter().copied().filter(|world| *world != Self::Mix).collect() } else { vec![self] };
        let seeds = (0..).map(|number: u64| rng_seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        let mut hosts: Vec<Host> = worlds.into_iter().zip(seeds).map(|(world, rng_seed)| world.host(rng_seed)).collect();
        hosts.extend(self.draw_healthy(rng_seed).into_iter().flatten());
        hosts
    }

    /// Draws the healthy hosts of a mix alone.
    pub(crate) fn draw_healthy(self, rng_seed: u64) -> Option<Vec<Host>> {
        let healthy = |number: u64| {
            let urls = 100 + Chance::from_rng_seed(rng_seed.wrapping_add(number)).up_to(300);
            Host { script: Box::new(Healthy::steady()), urls, bound: bound::well(urls, 0, 1) }
        };
        (self == Self::Mix).then(|| (0..3).map(healthy).collect())
    }

    /// Draws one host. What it is drawn from is drawn again for the bound, which plays a script of its own.
    fn host(self, rng_seed: u64) -> Host {
        let drawn = || {
            let mut chance = Chance::from_rng_seed(rng_seed);
            let urls = 100 + chance.up_to(300);
            let (script, bound) = self.script(&mut chance, urls);
            (script, bound, urls, chance)
        };
        let (script, rule, urls, _) = drawn();
        let bound = match rule {
            Rule::Fixed(bound) => bound,
            Rule::Played { timed } => {
                let (mut other, _, _, mut chance) = drawn();
                bound::outage(&mut *other, urls, &mut chance, timed)
            }
        };
        Host { script, urls, bound }
    }

    fn script(self, chance: &mut Chance, urls: u64) -> (Box<dyn Script>, Rule) {
        match self {
            Self::Maintenance => {
                let from_ms = chance.up_to(1) * chance.up_to(300);
                let until_ms = from_ms + 1_000 + chance.up_to(15_000);
                (Box::new(Delta::new(from_ms, until_ms, 1 + chance.up_to(9))), Rule::Played { timed: true })
            }
            Self::MaintenanceDate => (Box::new(Date::draw(chance)), Rule::Played { timed: true }),
            Self::Unusable => (Box::new(Unusable::draw(chance)), Rule::Played { timed: false }),
            Self::Upstream => (Box::new(Upstream::draw(chance)), Rule::Played { timed: true }),
            Self::LeakyBucket => {
                let script = Bucket::draw(chance);
                let bound = bound::limit(urls, script.clairvoyant_ms(urls), None);
                (Box::new(script), Rule::Fixed(bound))
            }
            Self::FixedWindow => {
                let script = FixedWindow::bare(chance);
                let bound = bound::limit(urls, script.clairvoyant_ms(urls), None);
                (Box::new(script), Rule::Fixed(bound))
            }
            Self::SlidingCounter => {
                let script = SlidingCounter::draw(chance);
                let bound = bound::limit(urls, script.clairvoyant_ms(urls), None);
                (Box::new(script), Rule::Fixed(bound))
            }
            Self::TooMany => {
                let script = FixedWindow::too_many(chance);
                let bound = bound::limit(urls, script.clairvoyant_ms(urls), Some(script.window_ms()));
                (Box::new(script), Rule::Fixed(bound))
            }
            Self::RateFields => {
                let script = FixedWindow::with_fields(chance);
                let bound = bound::limit(urls, script.clairvoyant_ms(urls), Some(script.window_ms()));
                (Box::new(script), Rule::Fixed(bound))
            }
            Self::Overload => {
                let script = Overload::draw(chance);
                let bound = bound::overload(urls, script.capacity());
                (Box::new(script), Rule::Fixed(bound))
            }
            Self::Shedding => {
                let script = Shedding::draw(chance);
                let bound = Bound { honest_ms: None, ..bound::limit(urls, 0, None) };
                (Box::new(script), Rule::Fixed(bound))
            }
            Self::Flapping => {
                let script = Flapping::draw(chance);
                let tries: Vec<u64> = (0..urls).map(|page| script.tries(&format!("/page/{page}"))).collect();
                (Box::new(script), Rule::Fixed(bound::flapping(&tries)))
            }
            Self::Quota => {
                let script = Quota::draw(chance, PATIENCE_MS);
                let bound = Bound { honest_ms: None, ..bound::limit(urls, 0, None) };
                (Box::new(script), Rule::Fixed(bound))
            }
            Self::Challenge => (Box::new(Challenge::draw(chance)), Rule::Fixed(bound::closed(1))),
            Self::Absurd => (Box::new(Absurd), Rule::Fixed(bound::closed(1))),
            Self::Dead => (Box::new(Dead::silent(chance, Cause::ConnectRefused)), Rule::Fixed(bound::closed(DEAD_PROBES))),
            Self::Slow => (Box::new(Slow), Rule::Fixed(bound::well(urls, 0, 1))),
            Self::BadPath => (Box::new(BadPath::draw(chance)), Rule::Fixed(bound::well(urls, 1, BAD_PATH_TRIES))),
            Self::Mix => (Box::new(Healthy::steady()), Rule::Fixed(bound::well(urls, 0, 1))),
        }
    }
}

/// How a host's bound comes about.
enum Rule {
    Fixed(Bound),
    /// By the honest client's play against the same script.
    Played {
        timed: bool,
    },
}
