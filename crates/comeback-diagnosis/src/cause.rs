//! The closed list of causes: why an exchange failed, or was refused.
//!
//! What is known of each cause (does waiting help, default scope, advice, ...) is data: `knowledge/causes.toml`.

use serde::{Deserialize, Serialize};

/// Why an exchange failed. `None` means that nothing failed: a page, or a final answer of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The server has more work than it can do.
    Overload,
    /// The site is down on purpose, for a while.
    Maintenance,
    /// The server is booting.
    Starting,
    /// A gateway cannot reach the server behind it.
    UpstreamDown,
    /// A gateway waited too long for the server behind it.
    UpstreamTimeout,
    /// A plain 500: the server's program failed.
    ServerError,
    /// We asked more often than this server allows.
    RateLimit,
    /// A count for a day or a month is used up.
    Quota,
    /// Visitors queue for admission.
    WaitingRoom,
    /// The server is set up wrongly.
    ConfigError,
    /// A page that wants proof of a human.
    BotChallenge,
    /// A firewall rule refused the request.
    WafBlock,
    /// A page that looks like success and is a refusal.
    SoftBlock,
    /// Our address is refused.
    IpBan,
    /// Our country is refused.
    GeoBlock,
    /// The page needs an account.
    LoginWall,
    /// The page has a price.
    PaymentRequired,
    /// The site's rules for robots forbid the URL.
    RobotsPolicy,
    /// The name could not be resolved.
    Dns,
    /// Nothing listens at the address.
    ConnectRefused,
    /// No connection within the limit.
    ConnectTimeout,
    /// No trustworthy encrypted connection.
    Tls,
    /// The connection broke.
    Reset,
    /// The answer stopped coming.
    ReadTimeout,
    /// The answer is not HTTP, or not an answer to what was asked.
    Protocol,
    /// The answer exceeds a size limit.
    TooLarge,
    /// The body cannot be decoded.
    Decode,
    /// Too many redirects, or one that leads nowhere.
    Redirect,
    /// The address is one that we must not connect to.
    AddressRefused,
    /// The egress failed, not the site.
    EgressFault,
    /// The browser failed, not the site.
    BrowserFault,
    /// The provider limits our rate.
    ProviderRateLimit,
    /// The provider account has no credits left.
    ProviderCredits,
    /// The provider is overloaded.
    ProviderOverload,
    /// The provider failed.
    ProviderFault,
    /// The job's own budget is spent.
    Budget,
    /// Nothing failed.
    None,
    /// Something failed, and the evidence does not say why.
    Unknown,
}

impl Cause {
    /// Every cause, in the order of DESIGN's list.
    pub const ALL: [Self; 38] = [
        Self::Overload,
        Self::Maintenance,
        Self::Starting,
        Self::UpstreamDown,
        Self::UpstreamTimeout,
        Self::ServerError,
        Self::RateLimit,
        Self::Quota,
        Self::WaitingRoom,
        Self::ConfigError,
        Self::BotChallenge,
        Self::WafBlock,
        Self::SoftBlock,
        Self::IpBan,
        Self::GeoBlock,
        Self::LoginWall,
        Self::PaymentRequired,
        Self::RobotsPolicy,
        Self::Dns,
        Self::ConnectRefused,
        Self::ConnectTimeout,
        Self::Tls,
        Self::Reset,
        Self::ReadTimeout,
        Self::Protocol,
        Self::TooLarge,
        Self::Decode,
        Self::Redirect,
        Self::AddressRefused,
        Self::EgressFault,
        Self::BrowserFault,
        Self::ProviderRateLimit,
        Self::ProviderCredits,
        Self::ProviderOverload,
        Self::ProviderFault,
        Self::Budget,
        Self::None,
        Self::Unknown,
    ];

    /// The word that rows, flags and reports use.
    ///
    /// ```
    /// use comeback_diagnosis::cause::Cause;
    /// assert_eq!(Cause::UpstreamDown.word(), "upstream_down");
    /// assert!(Cause::ALL.iter().all(|cause| Cause::from_word(cause.word()) == Some(*cause)));
    /// ```
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Overload => "overload",
            Self::Maintenance => "maintenance",
            Self::Starting => "starting",
            Self::UpstreamDown => "upstream_down",
            Self::UpstreamTimeout => "upstream_timeout",
            Self::ServerError => "server_error",
            Self::RateLimit => "rate_limit",
            Self::Quota => "quota",
            Self::WaitingRoom => "waiting_room",
            Self::ConfigError => "config_error",
            Self::BotChallenge => "bot_challenge",
            Self::WafBlock => "waf_block",
            Self::SoftBlock => "soft_block",
            Self::IpBan => "ip_ban",
            Self::GeoBlock => "geo_block",
            Self::LoginWall => "login_wall",
            Self::PaymentRequired => "payment_required",
            Self::RobotsPolicy => "robots_policy",
            Self::Dns => "dns",
            Self::ConnectRefused => "connect_refused",
            Self::ConnectTimeout => "connect_timeout",
            Self::Tls => "tls",
            Self::Reset => "reset",
            Self::ReadTimeout => "read_timeout",
            Self::Protocol => "protocol",
            Self::TooLarge => "too_large",
            Self::Decode => "decode",
            Self::Redirect => "redirect",
            Self::AddressRefused => "address_refused",
            Self::EgressFault => "egress_fault",
            Self::BrowserFault => "browser_fault",
            Self::ProviderRateLimit => "provider_rate_limit",
            Self::ProviderCredits => "provider_credits",
            Self::ProviderOverload => "provider_overload",
            Self::ProviderFault => "provider_fault",
            Self::Budget => "budget",
            Self::None => "none",
            Self::Unknown => "unknown",
        }
    }

    /// The cause that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.word() == word)
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.word())
    }
}
