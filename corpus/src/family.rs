//! Families of causes: what a wrong answer costs depends on the family, hardly on the cause within it.

use comeback_diagnosis::cause::Cause;

/// A group of causes that call for the same manners.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// The server, or what stands before it, is in trouble.
    Trouble,
    /// We asked too often, or must queue.
    Rate,
    /// Robots, or we, are turned away.
    Block,
    /// Nothing failed.
    None,
    /// It cannot be told.
    Unknown,
    /// A failure on our side of the wire, a route's or a provider's: never right for a response alone.
    OwnSide,
}

impl Family {
    /// The family of a cause.
    ///
    /// ```
    /// use comeback_diagnosis::cause::Cause;
    /// use corpus::family::Family;
    /// assert_eq!(Family::of(Cause::Quota), Family::Rate);
    /// ```
    #[must_use]
    pub const fn of(cause: Cause) -> Self {
        match cause {
            Cause::Overload
            | Cause::Maintenance
            | Cause::Starting
            | Cause::UpstreamDown
            | Cause::UpstreamTimeout
            | Cause::ServerError
            | Cause::ConfigError => Self::Trouble,
            Cause::RateLimit | Cause::Quota | Cause::WaitingRoom => Self::Rate,
            Cause::BotChallenge
            | Cause::WafBlock
            | Cause::SoftBlock
            | Cause::IpBan
            | Cause::GeoBlock
            | Cause::LoginWall
            | Cause::PaymentRequired
            | Cause::RobotsPolicy => Self::Block,
            Cause::None => Self::None,
            Cause::Unknown => Self::Unknown,
            Cause::Dns
            | Cause::ConnectRefused
            | Cause::ConnectTimeout
            | Cause::Tls
            | Cause::Reset
            | Cause::ReadTimeout
            | Cause::Protocol
            | Cause::TooLarge
            | Cause::Decode
            | Cause::Redirect
            | Cause::AddressRefused
            | Cause::EgressFault
            | Cause::BrowserFault
            | Cause::ProviderRateLimit
            | Cause::ProviderCredits
            | Cause::ProviderOverload
            | Cause::ProviderFault
            | Cause::Budget => Self::OwnSide,
        }
    }
}
