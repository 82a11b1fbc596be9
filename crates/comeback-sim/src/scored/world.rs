//! The worlds of scored runs. A new world is a line here, one in `World::draw`, and its function in `drawing`.

use super::{Host, drawing};

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
    Group "group" "Two to four hosts behind one address share a rate and a burst; it refuses with a bare 503.",
    Neighbours "neighbours" "Two to four hosts behind one address, each with a rate and a burst of its own; a bare 503.",
    Mix "mix" "All of these but neighbours in one list, with three healthy hosts.",
}

impl World {
    /// The world of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|world| world.word() == word)
    }

    /// Draws the hosts of a run.
    pub(crate) fn draw(self, rng_seed: u64) -> Vec<Host> {
        let one = |draw: drawing::Draw| vec![drawing::one(rng_seed, draw)];
        match self {
            Self::Maintenance => one(drawing::maintenance),
            Self::MaintenanceDate => one(drawing::maintenance_date),
            Self::LeakyBucket => one(drawing::leaky_bucket),
            Self::FixedWindow => one(drawing::fixed_window),
            Self::SlidingCounter => one(drawing::sliding_counter),
            Self::TooMany => one(drawing::too_many),
            Self::RateFields => one(drawing::rate_fields),
            Self::Overload => one(drawing::overload),
            Self::Shedding => one(drawing::shedding),
            Self::Flapping => one(drawing::flapping),
            Self::Upstream => one(drawing::upstream),
            Self::Challenge => one(drawing::challenge),
            Self::Absurd => one(drawing::absurd),
            Self::Unusable => one(drawing::unusable),
            Self::Dead => one(drawing::dead),
            Self::Slow => one(drawing::slow),
            Self::BadPath => one(drawing::bad_path),
            Self::Quota => one(drawing::quota),
            Self::Group => drawing::group(rng_seed),
            Self::Neighbours => drawing::neighbours(rng_seed),
            Self::Mix => {
                // Neighbours show what a wrong guess costs: their time is beyond what a list of many hosts should be judged by.
                let others = Self::ALL.iter().filter(|world| !matches!(**world, Self::Mix | Self::Neighbours));
                let seeds = (0..).map(|number: u64| rng_seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
                let mut hosts: Vec<Host> = others.zip(seeds).flat_map(|(world, rng_seed)| world.draw(rng_seed)).collect();
                hosts.extend(drawing::healthy(rng_seed));
                hosts
            }
        }
    }

    /// Draws the healthy hosts of a mix alone.
    pub(crate) fn draw_healthy(self, rng_seed: u64) -> Option<Vec<Host>> {
        (self == Self::Mix).then(|| drawing::healthy(rng_seed))
    }
}
