//! Seeds: many runs without a finding, planted bugs that are found, and the runs that once failed.

use comeback_sim::options::{Options, Plant};
use comeback_sim::{Finding, Simulator};

fn first_finding(options: &Options, rng_seeds: std::ops::Range<u64>) -> Option<Finding> {
    let simulator = Simulator::new();
    rng_seeds.into_iter().find_map(|rng_seed| simulator.run(rng_seed, options).err())
}

#[test]
fn two_thousand_seeds_have_no_finding() {
    assert_eq!(first_finding(&Options::default(), 0..2_000), None);
}

#[test]
fn a_run_is_repeatable() {
    let simulator = Simulator::new();
    assert_eq!(simulator.run(42, &Options::default()), simulator.run(42, &Options::default()));
}

/// Pages of another host redirected to the one bad path of h4. Guests went before the host's own URLs, so every probe was the
/// bad path again, and URLs that nobody had asked were given up when patience was spent.
#[test]
fn guests_and_own_urls_take_turns() {
    assert_eq!(first_finding(&Options::default(), 142..143), None);
}

/// A URL met the limit of 3 in 4 seconds four times in a row while others were answered, and was charged for it.
#[test]
fn a_rate_limit_is_never_a_urls_fault() {
    assert_eq!(first_finding(&Options::default(), 21_204..21_205), None);
}

#[test]
fn planted_bugs_are_found_within_a_hundred_seeds() {
    for plant in [Plant::HoldIgnored, Plant::RowWrittenTwice, Plant::LeftoversKept, Plant::CommitForgotten] {
        let options = Options { plant: Some(plant), ..Options::default() };
        assert!(first_finding(&options, 0..100).is_some(), "{plant:?} was not found");
    }
}
