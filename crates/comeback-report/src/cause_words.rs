//! A few words for each cause, for a line that has room for no more.
//!
//! The causes' own words are what scripts read; their meaning and advice are knowledge, shown by `report` and `explain`.

use comeback_engine::diagnosis::cause::Cause;

/// The longest of the texts, in characters.
pub const CAUSE_CHARS_MAX: usize = 23;

/// The cause in a few plain words, as an answer to "why does this host wait?".
///
/// ```
/// use comeback_engine::diagnosis::cause::Cause;
/// use comeback_report::cause_words::cause_words;
/// assert_eq!(cause_words(Cause::Maintenance), "in maintenance");
/// ```
#[must_use]
pub const fn cause_words(cause: Cause) -> &'static str {
    match cause {
        Cause::Overload => "overloaded",
        Cause::Maintenance => "in maintenance",
        Cause::Starting => "starting up",
        Cause::UpstreamDown => "its backend is down",
        Cause::UpstreamTimeout => "its backend is too slow",
        Cause::ServerError => "server error",
        Cause::RateLimit => "rate limit",
        Cause::Quota => "quota used up",
        Cause::WaitingRoom => "waiting room",
        Cause::ConfigError => "set up wrongly",
        Cause::BotChallenge => "challenges robots",
        Cause::WafBlock => "blocked by a firewall",
        Cause::SoftBlock => "blocked in disguise",
        Cause::IpBan => "refuses our address",
        Cause::GeoBlock => "refuses our country",
        Cause::LoginWall => "wants a login",
        Cause::PaymentRequired => "wants payment",
        Cause::RobotsPolicy => "rules for robots",
        Cause::Dns => "name not found",
        Cause::ConnectRefused => "connection refused",
        Cause::ConnectTimeout => "cannot be reached",
        Cause::Tls => "no trusted encryption",
        Cause::Reset => "connection broken",
        Cause::ReadTimeout => "stopped answering",
        Cause::Protocol => "answer is not HTTP",
        Cause::TooLarge => "answer too large",
        Cause::Decode => "body not decodable",
        Cause::Redirect => "redirects lead nowhere",
        Cause::AddressRefused => "address not asked",
        Cause::EgressFault => "fault of our network",
        Cause::BrowserFault => "fault of the browser",
        Cause::ProviderRateLimit => "limit of the provider",
        Cause::ProviderCredits => "no credits left",
        Cause::ProviderOverload => "provider overloaded",
        Cause::ProviderFault => "fault of the provider",
        Cause::Budget => "budget spent",
        Cause::None => "keeps a gap",
        Cause::Unknown => "does not say why",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_words_of_its_own_that_fit() {
        let mut all: Vec<&str> = Cause::ALL.map(cause_words).to_vec();
        assert!(all.iter().all(|words| words.chars().count() <= CAUSE_CHARS_MAX));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), Cause::ALL.len());
    }
}
