//! The flags of settings, which `fetch` and `config` share. Values are words here; the configuration reads them.

use std::path::{Path, PathBuf};

use clap::Args;
use comeback::config::{self, FlagValues, InForce, Key, KeyKind};
use comeback::failure::Failure;

#[derive(Debug, Args)]
#[command(next_help_heading = "Settings")]
pub(super) struct SettingFlags {
    #[arg(long, value_name = "DURATION", help = help_of(Key::Patience))]
    patience: Option<String>,
    #[arg(long, value_name = "N", help = help_of(Key::Attempts))]
    attempts: Option<String>,
    #[arg(long, value_name = "N", help = help_of(Key::Concurrency))]
    concurrency: Option<String>,
    #[arg(long, value_name = "N", help = help_of(Key::PerHost))]
    per_host: Option<String>,
    #[arg(long, value_name = "DURATION", help = help_of(Key::Delay))]
    delay: Option<String>,
    #[arg(long, value_name = "DURATION", help = help_of(Key::Timeout))]
    timeout: Option<String>,
    #[arg(long, value_name = "DURATION", help = help_of(Key::Deadline))]
    deadline: Option<String>,
    #[arg(long, value_name = "SIZE", help = help_of(Key::BodyMax))]
    body_max: Option<String>,
    #[arg(long, value_name = "NAME: VALUE", help = help_of(Key::Header))]
    header: Vec<String>,
    #[arg(long, value_name = "TEXT", help = help_of(Key::UserAgent))]
    user_agent: Option<String>,
    #[arg(long, value_name = "TEXT", help = help_of(Key::Contact))]
    contact: Option<String>,
    #[arg(long, value_name = "PATTERN", help = help_of(Key::IgnoreRobots))]
    ignore_robots: Vec<String>,
    #[arg(long, value_name = "RULE", help = help_of(Key::Expect))]
    expect: Vec<String>,
    #[arg(long, value_name = "SIZE", help = help_of(Key::Memory))]
    memory: Option<String>,
    #[arg(long, value_name = "WAY", help = help_of(Key::Compress))]
    compress: Option<String>,
    #[arg(long, help = help_of(Key::Strict))]
    strict: bool,
    /// Read settings from this file instead of comeback.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What durations, sizes and patterns look like, below the help of each command that takes them.
pub(super) const FORMS: &str = "\
A duration is 500ms, 5s, 10m or 1h; a size is an integer with KiB, MiB or GiB.
A host pattern is a host name without port, in which * matches any characters.
A rule is contains:TEXT, regex:PATTERN, bytes>=N or type:TYPE/SUBTYPE.";

/// What a key does, and what holds without its flag.
fn help_of(key: Key) -> String {
    let meaning = key.meaning();
    match key.kind() {
        KeyKind::Switch => meaning.to_owned(),
        KeyKind::List { .. } => format!("{meaning}; repeatable"),
        KeyKind::Duration | KeyKind::Size | KeyKind::Count | KeyKind::Text => {
            format!("{meaning} [default: {}]", key.default_value().as_deref().unwrap_or("none"))
        }
    }
}

impl SettingFlags {
    /// Joins all layers: defaults, the file, the environment, these flags.
    pub(super) fn load(&self) -> Result<InForce, Failure> {
        let flags = FlagValues {
            patience: self.patience.clone(),
            attempts: self.attempts.clone(),
            concurrency: self.concurrency.clone(),
            per_host: self.per_host.clone(),
            delay: self.delay.clone(),
            timeout: self.timeout.clone(),
            deadline: self.deadline.clone(),
            body_max: self.body_max.clone(),
            header: self.header.clone(),
            user_agent: self.user_agent.clone(),
            contact: self.contact.clone(),
            ignore_robots: self.ignore_robots.clone(),
            expect: self.expect.clone(),
            memory: self.memory.clone(),
            compress: self.compress.clone(),
            strict: self.strict,
        };
        Ok(config::load(self.config.as_deref(), Path::new("."), std::env::vars_os(), &flags)?)
    }
}
