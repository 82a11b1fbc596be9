//! A host's rules for robots (RFC 9309).
//!
//! Its fetch is the host's first request. A 4xx or a redirect that leads nowhere means that there are no rules; a 5xx, a 429 or
//! no answer means that the host is in trouble, and its pages wait with it.

use comeback_diagnosis::cause::Cause;
use comeback_diagnosis::diagnosis::{Diagnosis, Remedy};
use robotxt::Robots as Rules;
use url::Url;

use crate::visit::VisitReport;

/// Redirects followed for a robots.txt (RFC 9309, section 2.3.1.2: at least five).
pub(crate) const ROBOTS_REDIRECTS_MAX: u8 = 5;
/// The longest crawl delay that is kept, in milliseconds: five minutes, as in Heritrix. One line of a robots.txt must not make a
/// job last for months.
const CRAWL_DELAY_MS_MAX: u64 = 5 * 60 * 1000;

#[derive(Debug)]
pub(crate) enum Robots {
    /// Not asked yet.
    Unknown,
    /// Its fetch is under way, here or at a host that it redirected to.
    Asking,
    /// Known.
    Known(Box<Rules>),
    /// The user answers for this host.
    Ignored,
}

/// What an answer to a robots.txt request means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RobotsAnswer {
    /// These are the rules.
    Rules,
    /// There are none.
    NoRules,
    /// The answer points elsewhere.
    Elsewhere,
    /// The host is in trouble.
    Trouble,
}

impl Robots {
    pub(crate) const fn settled(&self) -> bool {
        match self {
            Self::Known(_) | Self::Ignored => true,
            Self::Unknown | Self::Asking => false,
        }
    }

    /// Whether its fetch comes before all else.
    pub(crate) const fn is_unasked(&self) -> bool {
        match self {
            Self::Unknown => true,
            Self::Asking | Self::Known(_) | Self::Ignored => false,
        }
    }

    pub(crate) fn learn(&mut self, text: Option<&[u8]>, agent: &str) {
        *self = Self::Known(Box::new(text.map_or_else(Rules::allow_all, |text| Rules::parse(text, agent))));
    }

    /// Whether a URL may be asked; only meaningful once settled.
    pub(crate) fn allows(&self, url: &Url) -> bool {
        match self {
            Self::Known(rules) => rules.is_url_allowed(url),
            Self::Unknown | Self::Asking | Self::Ignored => true,
        }
    }

    /// The rule that forbids a URL, as the site wrote it.
    pub(crate) fn rule_for(&self, url: &Url) -> Option<String> {
        let Self::Known(rules) = self else { return None };
        let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        rules.matching_rule(&path).map(|rule| rule.pattern().to_owned())
    }

    pub(crate) fn crawl_delay_ms(&self) -> u64 {
        let Self::Known(rules) = self else { return 0 };
        let delay_ms = rules.crawl_delay().map_or(0, |delay| delay.as_millis());
        u64::try_from(delay_ms).unwrap_or(u64::MAX).min(CRAWL_DELAY_MS_MAX)
    }
}

impl RobotsAnswer {
    pub(crate) fn of(report: &VisitReport) -> Self {
        let Diagnosis { cause, remedy, .. } = &report.diagnosis;
        match (report.status, &report.redirect) {
            (Some(200..=299), _) if *cause == Cause::None => Self::Rules,
            (Some(_), Some(Ok(_))) => Self::Elsewhere,
            (Some(429), _) => Self::Trouble,
            (Some(300..=499), _) => Self::NoRules,
            // A robots.txt that is too long or cannot be decoded is read as far as it came.
            (Some(200..=299), _) if *remedy == Remedy::GiveUp => Self::Rules,
            (Some(_) | None, _) => Self::Trouble,
        }
    }
}
