//! The flags of settings, which `fetch` and `config` share. Values are words here; the configuration reads them.

use std::path::{Path, PathBuf};

use clap::Args;
use comeback::config::{self, FlagValues, InForce};
use comeback::failure::Failure;

#[derive(Debug, Args)]
#[command(next_help_heading = "Settings")]
pub(super) struct SettingFlags {
    /// How long a host may go without an accepted answer [default: 15m]
    #[arg(long, value_name = "DURATION")]
    patience: Option<String>,
    /// Charged attempts for a URL, 1 to 32 [default: 4]
    #[arg(long, value_name = "N")]
    attempts: Option<String>,
    /// Exchanges in flight, over all hosts [default: 256]
    #[arg(long, value_name = "N")]
    concurrency: Option<String>,
    /// Exchanges in flight to one host, at most [default: 16]
    #[arg(long, value_name = "N")]
    per_host: Option<String>,
    /// A fixed gap between requests to one host [default: none]
    #[arg(long, value_name = "DURATION")]
    delay: Option<String>,
    /// Wait for the first byte, and between two pieces [default: 30s]
    #[arg(long, value_name = "DURATION")]
    timeout: Option<String>,
    /// Stop after this time, resumable [default: none]
    #[arg(long, value_name = "DURATION")]
    deadline: Option<String>,
    /// The largest body that is taken [default: 64MiB]
    #[arg(long, value_name = "SIZE")]
    body_max: Option<String>,
    /// A header field on every request; repeatable
    #[arg(long, value_name = "NAME: VALUE")]
    header: Vec<String>,
    /// Who we say we are [default: comeback/VERSION]
    #[arg(long, value_name = "TEXT")]
    user_agent: Option<String>,
    /// Where a site's operator can reach you: an address or a page
    #[arg(long, value_name = "TEXT")]
    contact: Option<String>,
    /// Hosts of your own whose robots.txt is not asked; repeatable
    #[arg(long, value_name = "PATTERN")]
    ignore_robots: Vec<String>,
    /// All caches together [default: 256MiB]
    #[arg(long, value_name = "SIZE")]
    memory: Option<String>,
    /// How captures are compressed: gzip, zstd or none [default: gzip]
    #[arg(long, value_name = "WAY")]
    compress: Option<String>,
    /// A bad line in a list is an error
    #[arg(long)]
    strict: bool,
    /// Read settings from this file instead of comeback.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What durations, sizes and patterns look like, below the help of each command that takes them.
pub(super) const FORMS: &str = "\
A duration is 500ms, 5s, 10m or 1h; a size is an integer with KiB, MiB or GiB.
A host pattern is a host name without port, in which * matches any characters.";

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
            memory: self.memory.clone(),
            compress: self.compress.clone(),
            strict: self.strict,
        };
        Ok(config::load(self.config.as_deref(), Path::new("."), std::env::vars_os(), &flags)?)
    }
}
