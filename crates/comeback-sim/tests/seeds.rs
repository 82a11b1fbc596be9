//! Seeds: many runs without a finding, planted bugs that are found, and the runs that once failed.

use comeback_sim::options::{Options, Plant};
use comeback_sim::scored::bound::Kind;
use comeback_sim::scored::figures::Gathering;
use comeback_sim::scored::world::World;
use comeback_sim::{Finding, Simulator};

fn first_finding(options: &Options, rng_seeds: std::ops::Range<u64>) -> Option<Finding> {
    let simulator = Simulator::new();
    rng_seeds.into_iter().find_map(|rng_seed| simulator.run(rng_seed, options).err())
}

#[test]
fn two_thousand_seeds_have_no_finding() {
    assert_eq!(first_finding(&Options::default(), 0..2_000), None);
}

/// A request that a redirect had led to another host was under way there when that host's patience was spent: it was in no row's count.
#[test]
fn a_request_that_was_cut_at_another_host_is_counted() {
    assert_eq!(first_finding(&Options::default(), 17_109..17_110), None);
}

/// A request that waited for its connection when its host's patience was spent had never been sent, and was counted all the same.
#[test]
fn a_request_that_is_cut_before_it_was_sent_is_not_counted() {
    assert_eq!(first_finding(&Options::default(), 11_345..11_346), None);
}

/// A page that a sliding counter refused was asked again each 200 ms, and lost after eight seconds: it had used up its requests.
#[test]
fn a_page_that_is_refused_often_does_not_use_up_its_requests_within_seconds() {
    assert_eq!(first_finding(&Options::default(), 24_181..24_182), None);
}

/// A page of a host with a limit was charged with four refusals that it met by chance, and was lost.
#[test]
fn a_page_that_a_limit_refuses_again_and_again_is_not_lost() {
    assert_eq!(Simulator::new().score(World::Mix, 653).err(), None);
}

#[test]
fn crowds_of_failing_hosts_have_no_finding() {
    let crowd = Options { hosts_max: 100, urls_max: 4, small_budget_percent: 100, ..Options::default() };
    assert_eq!(first_finding(&crowd, 0..200), None);
}

#[test]
fn a_run_is_repeatable() {
    let simulator = Simulator::new();
    assert_eq!(simulator.run(42, &Options::default()), simulator.run(42, &Options::default()));
}

#[test]
fn planted_bugs_are_found_within_a_hundred_seeds() {
    for plant in Plant::ALL.iter().filter(|plant| **plant != Plant::ChallengeRetried) {
        // A budget is for many hosts that fail at once.
        let usual = Options { plant: Some(*plant), ..Options::default() };
        let crowd = Options { hosts_max: 100, urls_max: 4, small_budget_percent: 100, ..usual.clone() };
        let options = if *plant == Plant::RetriesUncounted { crowd } else { usual };
        assert!(first_finding(&options, 0..100).is_some(), "{plant:?} was not found");
    }
}

/// It breaks no rule that a checker could know: the host never gives a page, and only the requests tell.
#[test]
fn a_challenge_that_is_asked_again_is_found_by_its_score() {
    let simulator = Simulator::new();
    for (plant, is_met) in [(None, true), (Some(Plant::ChallengeRetried), false)] {
        let mut gathering = Gathering::new("challenge", Kind::Closed);
        for rng_seed in 0..20 {
            let score = simulator.score_planted(World::Challenge, rng_seed, plant).expect("no checker minds");
            gathering.take(&score.hosts[0]);
        }
        assert_eq!(gathering.figures().missed.is_empty(), is_met, "{plant:?}");
    }
}
