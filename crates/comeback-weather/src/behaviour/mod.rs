//! What a host does with a request: one behaviour a file, behind the traits of this one.
//!
//! A behaviour has no clock: it is told when a request arrives, and says what becomes of it. A new one is a file beside the others
//! and a line in [`KINDS`].

use std::fmt::Debug;
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use toml::de::{Deserializer, Error};

pub(crate) use answer::{Answer, Body, Reaction};
pub(crate) use retry_after::RetryAfter;

mod answer;
mod bad_path;
mod challenge;
mod chance;
mod dead;
mod flapping;
mod healthy;
mod load_shedding;
mod maintenance;
mod odd_retry_after;
mod overload;
mod quota;
mod rate_limit;
mod retry_after;
mod slow;
mod upstream_trouble;

/// When a request arrives, as its host sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// Since the host's first request.
    pub(crate) since_first: Duration,
    /// By the host's own clock, right or wrong.
    pub(crate) wall: SystemTime,
}

/// The parameters of a behaviour, as a world file gives them.
pub(crate) trait Script: Debug + Send + Sync {
    /// What the host does, in a few words.
    fn describe(&self) -> String;

    /// The behaviour at its beginning. All chance in it comes from the seed.
    fn begin(&self, rng_seed: u64) -> Box<dyn Behaviour>;

    /// Whether anybody takes connections there.
    fn listens(&self) -> bool {
        true
    }
}

/// A behaviour under way.
pub(crate) trait Behaviour: Debug + Send {
    /// What becomes of a request for a page.
    fn answer(&mut self, at: Moment, path: &str) -> Reaction;

    /// What becomes of a request for robots.txt: `None` where the host's own (404, or what the world file says) is served. Counters
    /// of pages are not touched.
    fn robots(&mut self, _at: Moment) -> Option<Reaction> {
        None
    }
}

/// Reads the parameters of one kind from what a `[[host]]` says beyond the keys of every host.
type Reader = fn(Deserializer<'_>) -> Result<Box<dyn Script>, Error>;

/// Every behaviour that there is, by the name it has in a world file.
pub(crate) const KINDS: [(&str, Reader); 13] = [
    ("bad_path", read::<bad_path::BadPath>),
    ("challenge", read::<challenge::Challenge>),
    ("dead", read::<dead::Dead>),
    ("flapping", read::<flapping::Flapping>),
    ("healthy", read::<healthy::Healthy>),
    ("load_shedding", read::<load_shedding::LoadShedding>),
    ("maintenance", read::<maintenance::Maintenance>),
    ("odd_retry_after", read::<odd_retry_after::OddRetryAfter>),
    ("overload", read::<overload::Overload>),
    ("quota", read::<quota::Quota>),
    ("rate_limit", read::<rate_limit::RateLimit>),
    ("slow", read::<slow::Slow>),
    ("upstream_trouble", read::<upstream_trouble::UpstreamTrouble>),
];

fn read<S: Script + DeserializeOwned + 'static>(table: Deserializer<'_>) -> Result<Box<dyn Script>, Error> {
    Ok(Box::new(S::deserialize(table)?))
}

#[cfg(test)]
pub(crate) mod rehearsal {
    //! A behaviour in virtual time.

    use super::{Answer, Behaviour, KINDS, Moment, Reaction, Script};
    use std::time::{Duration, UNIX_EPOCH};

    /// The host's clock at its first request: 2026-11-24 00:00:00 UTC.
    pub(crate) const BEGINNING_S: u64 = 1_795_478_400;

    /// The script of a kind with these parameters.
    pub(crate) fn script(kind: &str, parameters: &str) -> Box<dyn Script> {
        let (_, reader) = KINDS.iter().find(|(name, _)| *name == kind).unwrap();
        reader(toml::de::Deserializer::parse(parameters).unwrap()).unwrap()
    }

    /// A kind under way with these parameters.
    pub(crate) fn begin(kind: &str, parameters: &str) -> Box<dyn Behaviour> {
        script(kind, parameters).begin(1)
    }

    pub(crate) fn moment(ms: u64) -> Moment {
        let since_first = Duration::from_millis(ms);
        Moment { since_first, wall: UNIX_EPOCH + Duration::from_secs(BEGINNING_S) + since_first }
    }

    /// The answer to a page's request.
    pub(crate) fn ask(behaviour: &mut Box<dyn Behaviour>, ms: u64, path: &str) -> Answer {
        let Reaction::Answer(answer) = behaviour.answer(moment(ms), path) else { panic!("an answer comes") };
        answer
    }

    /// The status of an answer, at a time.
    pub(crate) fn status(behaviour: &mut Box<dyn Behaviour>, ms: u64) -> u16 {
        ask(behaviour, ms, "/page/1").status.as_u16()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_defaults_a_description_and_no_unknown_parameter() {
        for (name, reader) in KINDS {
            let script = reader(Deserializer::parse("").unwrap()).unwrap();
            assert!(!script.describe().is_empty(), "{name}");
            assert!(reader(Deserializer::parse("extra = 1").unwrap()).is_err(), "{name}");
        }
        assert!(KINDS.is_sorted_by_key(|(name, _)| *name));
    }

    #[test]
    fn every_parameter_is_documented() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/weather.md");
        let page = std::fs::read_to_string(path).unwrap();
        for (name, reader) in KINDS {
            let row = page.lines().find(|line| line.starts_with(&format!("| `{name}` |"))).unwrap_or_else(|| panic!("{name}"));
            // The refusal of a parameter names all that there are.
            let refusal = reader(Deserializer::parse("extra = 1").unwrap()).unwrap_err();
            for parameter in refusal.message().split('`').skip(3).step_by(2) {
                assert!(row.contains(&format!("`{parameter}`")), "{name}: {parameter}");
            }
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_behaviour() {
        for (name, _) in KINDS {
            let script = rehearsal::script(name, "");
            let play = |seed| {
                let mut behaviour = script.begin(seed);
                (0..200)
                    .map(|index| format!("{:?}", behaviour.answer(rehearsal::moment(index * 37), "/page/7")))
                    .collect::<Vec<_>>()
            };
            assert_eq!(play(3), play(3), "{name}");
        }
    }
}
