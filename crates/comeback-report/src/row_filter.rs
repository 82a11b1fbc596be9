//! Which outcome rows a user wants to see.
//!
//! Words of one kind are alternatives, kinds are joined: `--outcome failed --outcome parked --host '*.example.org'`.

use comeback_archive::OutcomeRow;
use comeback_engine::diagnosis::cause::Cause;
use comeback_engine::host_key::host_matches;
use comeback_engine::outcome::Outcome;

/// The rows that are wanted; by default all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowFilter {
    /// Any of these outcomes; empty for every one.
    pub outcomes: Vec<Outcome>,
    /// Any of these causes; empty for every one.
    pub causes: Vec<Cause>,
    /// Any of these host patterns; empty for every host.
    pub hosts: Vec<String>,
}

impl RowFilter {
    /// Whether a row is wanted.
    #[must_use]
    pub fn admits(&self, row: &OutcomeRow) -> bool {
        let Self { outcomes, causes, hosts } = self;
        let host_fits = || {
            let host = row.host.as_deref().map_or("", host_name);
            hosts.iter().any(|pattern| host_matches(pattern, host))
        };
        (outcomes.is_empty() || outcomes.contains(&row.outcome))
            && (causes.is_empty() || causes.contains(&row.cause))
            && (hosts.is_empty() || host_fits())
    }
}

/// The name or address in the text of a host key, without scheme and port; an IPv6 address in its brackets.
///
/// ```
/// use comeback_report::row_filter::host_name;
/// assert_eq!(host_name("https://a.example:443"), "a.example");
/// assert_eq!(host_name("http://[::1]:80"), "[::1]");
/// ```
#[must_use]
pub fn host_name(host_key: &str) -> &str {
    let after_scheme = host_key.split_once("://").map_or(host_key, |(_, rest)| rest);
    after_scheme.rsplit_once(':').map_or(after_scheme, |(host, _)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(host: Option<&str>, outcome: Outcome, cause: Cause) -> OutcomeRow {
        let json = serde_json::json!({
            "url": "u", "host": host, "outcome": outcome, "cause": cause, "status": null, "attempts": 0, "requests": 0,
            "route": null, "bytes": 0, "first_at": null, "settled_at": "2026-11-23T21:00:00Z", "until": null, "credits": 0,
            "evidence": [], "warc": null, "meta": null
        });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn kinds_are_joined_and_words_are_alternatives() {
        let filter = RowFilter {
            outcomes: vec![Outcome::Failed, Outcome::Parked],
            causes: vec![Cause::Overload],
            hosts: vec!["127.*".into(), "*.example".into()],
        };
        assert!(filter.admits(&row(Some("http://127.0.0.1:8080"), Outcome::Failed, Cause::Overload)));
        assert!(filter.admits(&row(Some("https://a.example:443"), Outcome::Parked, Cause::Overload)));
        assert!(!filter.admits(&row(Some("https://a.example:443"), Outcome::Fetched, Cause::Overload)));
        assert!(!filter.admits(&row(Some("https://a.example:443"), Outcome::Failed, Cause::Quota)));
        assert!(!filter.admits(&row(Some("https://example:443"), Outcome::Failed, Cause::Overload)));
        assert!(!filter.admits(&row(None, Outcome::Failed, Cause::Overload)));
        assert!(RowFilter::default().admits(&row(None, Outcome::Fetched, Cause::None)));
    }
}
