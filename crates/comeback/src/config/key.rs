//! The names of what can be configured, and the kind of value of each.

use comeback_driver::settings::Settings;

/// Something that can be configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// How long a host may go without an accepted answer.
    Patience,
    /// Charged attempts of a URL.
    Attempts,
    /// Exchanges in flight, over all hosts.
    Concurrency,
    /// The widest window of one host.
    PerHost,
    /// A fixed gap between requests to a host.
    Delay,
    /// First byte and idle.
    Timeout,
    /// How long the job may run.
    Deadline,
    /// The largest body.
    BodyMax,
    /// Fields on every request.
    Header,
    /// Who we say we are.
    UserAgent,
    /// Where an operator can reach the user.
    Contact,
    /// Hosts whose robots.txt is not asked.
    IgnoreRobots,
    /// What a page must hold.
    Expect,
    /// All caches together.
    Memory,
    /// How captures are compressed.
    Compress,
    /// The length at which result files are closed.
    FileMax,
    /// Whether a bad line is an error of the command.
    Strict,
    /// The number of partitions of a new job.
    Partitions,
}

/// The kind of a value: how it is written in each layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// `"10m"`.
    Duration,
    /// `"64MiB"`.
    Size,
    /// `4`.
    Count,
    /// Any text, or one word of a closed list.
    Text,
    /// `true` or `false`; as a flag, its presence.
    Switch,
    /// Several texts; as a flag, repeated; in a variable, separated by this character.
    List {
        /// Between two entries of a variable.
        separator: char,
    },
}

impl Key {
    /// Every key, in the order of `comeback config`.
    pub const ALL: [Self; 18] = [
        Self::Patience,
        Self::Attempts,
        Self::Concurrency,
        Self::PerHost,
        Self::Delay,
        Self::Timeout,
        Self::Deadline,
        Self::BodyMax,
        Self::Header,
        Self::UserAgent,
        Self::Contact,
        Self::IgnoreRobots,
        Self::Expect,
        Self::Memory,
        Self::Compress,
        Self::FileMax,
        Self::Strict,
        Self::Partitions,
    ];

    /// The name in comeback.toml; the flag has dashes for underscores, the variable is in upper case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Patience => "patience",
            Self::Attempts => "attempts",
            Self::Concurrency => "concurrency",
            Self::PerHost => "per_host",
            Self::Delay => "delay",
            Self::Timeout => "timeout",
            Self::Deadline => "deadline",
            Self::BodyMax => "body_max",
            Self::Header => "header",
            Self::UserAgent => "user_agent",
            Self::Contact => "contact",
            Self::IgnoreRobots => "ignore_robots",
            Self::Expect => "expect",
            Self::Memory => "memory",
            Self::Compress => "compress",
            Self::FileMax => "file_max",
            Self::Strict => "strict",
            Self::Partitions => "partitions",
        }
    }

    /// The kind of its value.
    #[must_use]
    pub const fn kind(self) -> KeyKind {
        match self {
            Self::Patience | Self::Delay | Self::Timeout | Self::Deadline => KeyKind::Duration,
            Self::BodyMax | Self::Memory | Self::FileMax => KeyKind::Size,
            Self::Attempts | Self::Concurrency | Self::PerHost | Self::Partitions => KeyKind::Count,
            Self::UserAgent | Self::Contact | Self::Compress => KeyKind::Text,
            Self::Strict => KeyKind::Switch,
            // A field's value and a rule may contain commas, a host pattern may not.
            Self::Header | Self::Expect => KeyKind::List { separator: '\n' },
            Self::IgnoreRobots => KeyKind::List { separator: ',' },
        }
    }

    /// What it does, in a few words without an end: the help of its flag, and its row in the reference.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Patience => "How long a host may go without an accepted answer",
            Self::Attempts => "Charged attempts for a URL, 1 to 32",
            Self::Concurrency => "Exchanges in flight, over all hosts",
            Self::PerHost => "Exchanges in flight to one host, at most",
            Self::Delay => "A fixed gap between requests to one host",
            Self::Timeout => "Wait for the first byte, and between two pieces",
            Self::Deadline => "Stop after this time, resumable",
            Self::BodyMax => "The largest body that is taken",
            Self::Header => "A header field on every request",
            Self::UserAgent => "Who we say we are",
            Self::Contact => "An address or page where an operator reaches you",
            Self::IgnoreRobots => "Hosts of your own whose robots.txt is not asked",
            Self::Expect => "A rule that a page must meet",
            Self::Memory => "All caches together",
            Self::Compress => "How captures are compressed: gzip, zstd or none",
            Self::FileMax => "A result file that has this size is closed, and the next one begun",
            Self::Strict => "A bad line in a list is an error",
            Self::Partitions => "Partitions of a new job: parts that share no state",
        }
    }

    /// The value in force where nobody says anything, as it would be written; `None` where there is none.
    #[must_use]
    pub fn default_value(self) -> Option<String> {
        super::table::shown(self, &Settings::default()).into_iter().next()
    }

    /// The key of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name)
    }

    /// The name as a flag: `--per-host`.
    #[must_use]
    pub fn flag(self) -> String {
        format!("--{}", self.name().replace('_', "-"))
    }

    /// The name as an environment variable: `COMEBACK_PER_HOST`.
    #[must_use]
    pub fn variable(self) -> String {
        format!("{}{}", super::VARIABLE_PREFIX, self.name().to_ascii_uppercase())
    }
}

impl KeyKind {
    /// How the value is written in comeback.toml, for a message.
    #[must_use]
    pub const fn in_file(self) -> &'static str {
        match self {
            Self::Duration => "a duration in quotes, such as \"10m\"",
            Self::Size => "a size in quotes, such as \"64MiB\"",
            Self::Count => "a whole number, without quotes",
            Self::Text => "a text in quotes",
            Self::Switch => "true or false, without quotes",
            Self::List { .. } => "a list of texts, such as [\"a\", \"b\"]",
        }
    }
}
