//! The flag layer: what the command line was given, as words.

use super::{Given, Key, Origin};

/// The flags as they were typed; they are read with the other layers, so that a fault has one wording.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FlagValues {
    /// `--patience`.
    pub patience: Option<String>,
    /// `--attempts`.
    pub attempts: Option<String>,
    /// `--concurrency`.
    pub concurrency: Option<String>,
    /// `--per-host`.
    pub per_host: Option<String>,
    /// `--delay`.
    pub delay: Option<String>,
    /// `--timeout`.
    pub timeout: Option<String>,
    /// `--deadline`.
    pub deadline: Option<String>,
    /// `--body-max`.
    pub body_max: Option<String>,
    /// Each `--header`; one or more replace those of the lower layers.
    pub header: Vec<String>,
    /// `--user-agent`.
    pub user_agent: Option<String>,
    /// `--contact`.
    pub contact: Option<String>,
    /// Each `--ignore-robots`; one or more replace those of the lower layers.
    pub ignore_robots: Vec<String>,
    /// Each `--expect`; one or more replace those of the lower layers.
    pub expect: Vec<String>,
    /// `--memory`.
    pub memory: Option<String>,
    /// `--compress`.
    pub compress: Option<String>,
    /// Whether `--strict` was given.
    pub strict: bool,
}

impl FlagValues {
    /// What was given, in the order of [`Key::ALL`].
    pub(super) fn given(&self) -> Vec<Given> {
        // Without `..`, so that a new flag is not forgotten here.
        let Self {
            patience,
            attempts,
            concurrency,
            per_host,
            delay,
            timeout,
            deadline,
            body_max,
            header,
            user_agent,
            contact,
            ignore_robots,
            expect,
            memory,
            compress,
            strict,
        } = self;
        let one = |word: &Option<String>| word.iter().cloned().collect::<Vec<_>>();
        let switched = if *strict { vec!["true".to_owned()] } else { Vec::new() };
        let typed = [
            (Key::Patience, one(patience)),
            (Key::Attempts, one(attempts)),
            (Key::Concurrency, one(concurrency)),
            (Key::PerHost, one(per_host)),
            (Key::Delay, one(delay)),
            (Key::Timeout, one(timeout)),
            (Key::Deadline, one(deadline)),
            (Key::BodyMax, one(body_max)),
            (Key::Header, header.clone()),
            (Key::UserAgent, one(user_agent)),
            (Key::Contact, one(contact)),
            (Key::IgnoreRobots, ignore_robots.clone()),
            (Key::Expect, expect.clone()),
            (Key::Memory, one(memory)),
            (Key::Compress, one(compress)),
            (Key::Strict, switched),
        ];
        let given = typed.into_iter().filter(|(_, words)| !words.is_empty());
        given.map(|(key, words)| Given { key, words, origin: Origin::Flag { flag: key.flag() } }).collect()
    }
}
