//! What is in force for a job: every limit and choice, with its default.
//!
//! Settings are complete: no field is "unset, look elsewhere". Where a value came from (default, comeback.toml, environment, flag)
//! is the command line's concern; from here on a job runs by this one value, which [`job_file::JobFile`] keeps beside its results,
//! so that `resume` goes on under the rules that the job was started with.

use comeback_archive::ArchiveSettings;
use comeback_diagnosis::expectation::Expectation;
use comeback_engine::host_key::host_matches;
use serde::{Deserialize, Serialize};

use self::host_rule::{HOST_RULES_MAX, HostRule};

pub mod host_rule;
pub mod job_file;
pub mod quantity;
pub mod request_field;

/// The most attempts that a URL can be given, for whatever reason.
pub const ATTEMPTS_MAX: u32 = 32;

/// The most exchanges in flight that can be asked for.
pub const CONCURRENCY_MAX: u32 = 65_536;

/// The widest window for one host that can be asked for.
pub const PER_HOST_MAX: u32 = 1_024;

/// The most partitions that a job can be cut into.
pub const PARTITIONS_MAX: u16 = 4_096;

/// How captures are compressed, one member for each record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// `.warc.gz`: what every WARC reader takes.
    Gzip,
    /// `.warc.zst`: smaller and faster, read by fewer tools.
    Zstd,
    /// `.warc`.
    None,
}

impl Compression {
    /// Every way, in the order of help texts.
    pub const ALL: [Self; 3] = [Self::Gzip, Self::Zstd, Self::None];

    /// The word that flags and files use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::None => "none",
        }
    }

    /// The way that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.word() == word)
    }
}

/// What is in force for a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How long a host may go without an accepted answer before its URLs are settled.
    pub patience_ms: u64,
    /// Charged attempts that a URL gets: the first and its retries.
    pub attempts: u32,
    /// Exchanges in flight, over all hosts.
    pub concurrency: u32,
    /// The widest window of one host; slow start leads up to it.
    pub per_host: u32,
    /// A fixed gap between requests to one host; without it, robots.txt and the host's answers pace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// How long to wait for the first byte of an answer, and between two pieces of it.
    pub timeout_ms: u64,
    /// How long the job may run before it stops, resumable; without it, until it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
    /// The largest body that is taken, in bytes as they come over the wire.
    pub body_bytes_max: u64,
    /// Fields on every request, in order.
    pub headers: Vec<(String, String)>,
    /// Who we say we are, without the contact; [`Settings::user_agent_field`] is what is sent.
    pub user_agent: String,
    /// Where an operator can reach the one who runs this: an address or a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// Patterns of hosts whose robots.txt is not asked: the user's own.
    pub ignore_robots: Vec<String>,
    /// What the user expects of a page.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expect: Vec<Expectation>,
    /// All caches together, in bytes.
    pub memory_bytes: u64,
    /// How captures are compressed.
    pub compress: Compression,
    /// The length at which a file of captures or rows is closed, and the next one begun, in bytes.
    #[serde(default = "file_bytes_max_default")]
    pub file_bytes_max: u64,
    /// Whether a bad line in a list is an error of the command.
    pub strict: bool,
    /// The number of partitions; fixed when the job is made.
    pub partitions: u16,
    /// The column of CSV lists that holds the URLs, by name or by number from 1; without it, the lists must say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_column: Option<String>,
    /// What holds for hosts of a pattern only; a later rule is stronger than an earlier one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<HostRule>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            patience_ms: 15 * 60_000,
            attempts: 4,
            concurrency: 256,
            per_host: 16,
            delay_ms: None,
            timeout_ms: 30_000,
            deadline_ms: None,
            body_bytes_max: 64 << 20,
            headers: Vec::new(),
            user_agent: concat!("comeback/", env!("CARGO_PKG_VERSION")).to_owned(),
            contact: None,
            ignore_robots: Vec::new(),
            expect: Vec::new(),
            memory_bytes: 256 << 20,
            compress: Compression::Gzip,
            file_bytes_max: file_bytes_max_default(),
            strict: false,
            partitions: 64,
            url_column: None,
            hosts: Vec::new(),
        }
    }
}

/// What holds for a job that was made before it could be set, too.
fn file_bytes_max_default() -> u64 {
    ArchiveSettings::default().file_bytes_max
}

impl Settings {
    /// The User-Agent that is sent: the product and, in the form that crawlers use, the contact: `comeback/0.1.0 (+https://a.example)`.
    ///
    /// ```
    /// use comeback_driver::settings::Settings;
    /// let settings = Settings { user_agent: "bot/1".into(), contact: Some("me@a.example".into()), ..Settings::default() };
    /// assert_eq!(settings.user_agent_field(), "bot/1 (+me@a.example)");
    /// ```
    #[must_use]
    pub fn user_agent_field(&self) -> String {
        match &self.contact {
            Some(contact) if !self.user_agent.contains(contact.as_str()) => format!("{} (+{contact})", self.user_agent),
            Some(_) | None => self.user_agent.clone(),
        }
    }

    /// What is outside its range, in words; a setting of the command line or a file has been checked before it came here.
    #[must_use]
    pub fn out_of_range(&self) -> Option<String> {
        if self.hosts.len() > HOST_RULES_MAX {
            return Some(format!("there are {} rules for hosts; there may be {HOST_RULES_MAX}", self.hosts.len()));
        }
        let windows = self.hosts.iter().filter_map(|rule| rule.per_host);
        let windows = windows.map(|window| ("per_host of a rule", u64::from(window), u64::from(PER_HOST_MAX)));
        let ranges = [
            ("attempts", u64::from(self.attempts), u64::from(ATTEMPTS_MAX)),
            ("concurrency", u64::from(self.concurrency), u64::from(CONCURRENCY_MAX)),
            ("per_host", u64::from(self.per_host), u64::from(PER_HOST_MAX)),
            ("partitions", u64::from(self.partitions), u64::from(PARTITIONS_MAX)),
        ];
        let wrong = ranges.into_iter().chain(windows).find(|(_, value, most)| !(1..=*most).contains(value));
        wrong.map(|(name, value, most)| format!("{name} is {value}; it may be 1 to {most}"))
    }

    /// Whether robots.txt of this host (a name or an address, without port) is left unasked by the user's order.
    #[must_use]
    pub fn ignores_robots_of(&self, host: &str) -> bool {
        self.ignore_robots.iter().any(|pattern| host_matches(pattern, host))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contact_is_said_once() {
        let mut settings = Settings::default();
        assert!(settings.user_agent_field().starts_with("comeback/"));
        settings.contact = Some("https://a.example/bot".into());
        assert!(settings.user_agent_field().ends_with(" (+https://a.example/bot)"));
        settings.user_agent = "mine/2 (+https://a.example/bot)".into();
        assert_eq!(settings.user_agent_field(), "mine/2 (+https://a.example/bot)");
    }

    #[test]
    fn robots_are_ignored_only_where_written() {
        let settings = Settings { ignore_robots: vec!["127.*".into(), "*.example.org".into()], ..Settings::default() };
        assert!(settings.ignores_robots_of("127.0.0.1"));
        assert!(settings.ignores_robots_of("a.EXAMPLE.org"));
        assert!(!settings.ignores_robots_of("example.org"));
        assert!(!Settings::default().ignores_robots_of("127.0.0.1"));
    }

    #[test]
    fn each_compression_is_found_by_its_word() {
        for way in Compression::ALL {
            assert_eq!(Compression::from_word(way.word()), Some(way));
        }
        assert_eq!(Compression::from_word("GZIP"), None);
    }
}
