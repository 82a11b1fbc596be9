//! Families of causes: what a wrong answer costs depends on the family, hardly on the cause within it.

use crate::cause::Cause;

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

impl Cause {
    /// The family that the cause belongs to.
    ///
    /// ```
    /// use comeback_diagnosis::cause::Cause;
    /// use comeback_diagnosis::family::Family;
    /// assert_eq!(Cause::Quota.family(), Family::Rate);
    /// ```
    #[must_use]
    pub const fn family(self) -> Family {
        match self {
            Self::Overload
            | Self::Maintenance
            | Self::Starting
            | Self::UpstreamDown
            | Self::UpstreamTimeout
            | Self::ServerError
            | Self::ConfigError => Family::Trouble,
            Self::RateLimit | Self::Quota | Self::WaitingRoom => Family::Rate,
            Self::BotChallenge
            | Self::WafBlock
            | Self::SoftBlock
            | Self::IpBan
            | Self::GeoBlock
            | Self::LoginWall
            | Self::PaymentRequired
            | Self::RobotsPolicy => Family::Block,
            Self::None => Family::None,
            Self::Unknown => Family::Unknown,
            Self::Dns
            | Self::ConnectRefused
            | Self::ConnectTimeout
            | Self::Tls
            | Self::Reset
            | Self::ReadTimeout
            | Self::Protocol
            | Self::TooLarge
            | Self::Decode
            | Self::Redirect
            | Self::AddressRefused
            | Self::EgressFault
            | Self::BrowserFault
            | Self::ProviderRateLimit
            | Self::ProviderCredits
            | Self::ProviderOverload
            | Self::ProviderFault
            | Self::Budget => Family::OwnSide,
        }
    }
}
