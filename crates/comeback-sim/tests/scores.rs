//! Scores: no world has a finding, and no figure is much worse than it was. The limits are coarse on purpose; `docs/scores.md` has the
//! targets, and says which of them are missed. A limit only goes down.

use comeback_sim::Simulator;
use comeback_sim::scored::figures::{Figures, Gathering};
use comeback_sim::scored::world::World;

/// Runs of a world; the limits on lost pages are for so many.
const SEEDS: u64 = 60;
/// Runs of a mix: its tail is that of its one host that fails by chance, and three runs in sixty say little of it.
const SEEDS_OF_MIX: u64 = 200;

/// What 60 runs of a world may cost at most: lost pages, requests at 95 %, and time at 50 and 95 %, in thousandths.
struct Limits {
    lost: u64,
    requests: u64,
    time: [u64; 2],
}

fn seeds(world: World) -> u64 {
    if world == World::Mix { SEEDS_OF_MIX } else { SEEDS }
}

fn figures(world: World) -> Figures {
    let simulator = Simulator::new();
    let mut gathering: Option<Gathering> = None;
    for rng_seed in 0..seeds(world) {
        let score = simulator.score(world, rng_seed).expect("a scored run has no finding");
        let host = score.whole().filter(|_| world == World::Mix).unwrap_or_else(|| score.hosts[0].clone());
        let gathering = gathering.get_or_insert_with(|| Gathering::new(host.script, host.bound.kind));
        gathering.take(&host);
        gathering.take_healthy(&score);
    }
    gathering.expect("there are seeds").figures()
}

fn assert_within(world: World, limits: &Limits) {
    let figures = figures(world);
    let time = figures.time.unwrap_or_default();
    let is_within = figures.missing * SEEDS <= limits.lost * seeds(world)
        && figures.requests[1] <= limits.requests
        && time[0] <= limits.time[0]
        && time[1] <= limits.time[1];
    assert!(is_within, "{} has become worse: {figures:?}", world.word());
}

macro_rules! limits {
    ($($name:ident $world:ident $lost:literal $requests:literal $time:expr;)*) => {
        $(
            #[test]
            fn $name() {
                assert_within(World::$world, &Limits { lost: $lost, requests: $requests, time: $time });
            }
        )*

        #[test]
        fn every_world_has_its_limits() {
            assert_eq!([$(World::$world),*].as_slice(), World::ALL);
        }
    };
}

limits! {
    maintenance_stays_good Maintenance 0 1_100 [1_250, 2_000];
    maintenance_date_stays_good MaintenanceDate 0 1_050 [1_150, 1_500];
    leaky_bucket_stays_good LeakyBucket 0 1_150 [1_200, 1_900];
    fixed_window_stays_good FixedWindow 0 1_180 [1_400, 2_000];
    sliding_counter_stays_good SlidingCounter 0 1_200 [1_600, 2_500];
    too_many_stays_good TooMany 0 1_150 [1_100, 1_500];
    rate_fields_stays_good RateFields 0 1_100 [1_100, 1_500];
    overload_stays_good Overload 0 1_100 [1_100, 1_500];
    shedding_stays_good Shedding 0 1_150 [0, 0];
    flapping_stays_as_it_is Flapping 0 1_000 [2_200, 5_500];
    upstream_stays_good Upstream 0 1_100 [1_250, 1_700];
    challenge_stays_good Challenge 0 1_000 [0, 0];
    absurd_stays_good Absurd 0 1_000 [0, 0];
    unusable_stays_good Unusable 0 1_100 [0, 0];
    dead_stays_good Dead 0 1_000 [0, 0];
    slow_stays_good Slow 0 1_000 [0, 0];
    bad_path_stays_good BadPath 0 1_060 [0, 0];
    quota_stays_good Quota 0 1_100 [0, 0];
    group_stays_good Group 0 1_080 [1_150, 1_700];
    neighbours_stay_as_they_are Neighbours 0 1_200 [1_800, 5_000];
    mix_stays_as_it_is Mix 100 1_150 [1_600, 4_500];
}
