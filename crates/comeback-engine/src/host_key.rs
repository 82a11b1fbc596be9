//! What a host queue is keyed by, and which partition owns it.

use serde::{Deserialize, Serialize};
use url::Url;
use xxhash_rust::xxh3::xxh3_64;

use crate::ids::PartitionId;

/// Scheme, host and port, lower-case and in IDNA's ASCII form: `https://example.org:443`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HostKey(String);

impl HostKey {
    /// The host key of a URL; `None` for one without a host or a known port.
    ///
    /// ```
    /// use comeback_engine::host_key::HostKey;
    /// let url = "HTTPS://Bücher.Example/a".parse().unwrap();
    /// assert_eq!(HostKey::of(&url).unwrap().as_str(), "https://xn--bcher-kva.example:443");
    /// ```
    #[must_use]
    pub fn of(url: &Url) -> Option<Self> {
        let host = url.host_str()?;
        let port = url.port_or_known_default()?;
        Some(Self(format!("{}://{host}:{port}", url.scheme())))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host's name or address alone, without scheme and port; an IPv6 address in its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        let after_scheme = self.0.split_once("://").map_or(self.0.as_str(), |(_, rest)| rest);
        after_scheme.rsplit_once(':').map_or(after_scheme, |(host, _)| host)
    }

    /// A number for its site: the same for hosts of one registrable domain; an address stands for itself.
    pub(crate) fn site_number(&self) -> u64 {
        let host = self.host();
        let is_address = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
        let site = if is_address { host } else { psl::domain_str(host).unwrap_or(host) };
        xxh3_64(site.as_bytes())
    }

    /// The partition that owns this host, of `count`: hosts of one registrable domain are together, an address stands for itself.
    ///
    /// # Panics
    /// When `count` is 0.
    #[must_use]
    pub fn partition(&self, count: u16) -> PartitionId {
        let share = self.site_number() % u64::from(count);
        PartitionId(u16::try_from(share).expect("a remainder of a division by a u16 fits a u16"))
    }
}

impl std::fmt::Display for HostKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Whether a host name matches a host pattern: a glob in which `*` stands for any characters, dots included.
///
/// ```
/// use comeback_engine::host_key::host_matches;
/// assert!(host_matches("127.*", "127.0.0.1"));
/// assert!(host_matches("*.example.org", "a.b.example.org"));
/// assert!(!host_matches("*.example.org", "example.org"));
/// ```
#[must_use]
pub fn host_matches(pattern: &str, host: &str) -> bool {
    let pattern = pattern.to_ascii_lowercase();
    let host = host.to_ascii_lowercase();
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == host;
    };
    let Some(mut left) = host.strip_prefix(first) else {
        return false;
    };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let last = pieces.pop().expect("split yields at least one piece");
    for piece in pieces {
        match left.find(piece) {
            Some(at) => left = &left[at + piece.len()..],
            None => return false,
        }
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(url: &str) -> HostKey {
        HostKey::of(&url.parse().unwrap()).unwrap()
    }

    #[test]
    fn hosts_of_a_site_share_a_partition() {
        assert_eq!(key("https://a.example.co.uk/").partition(64), key("http://b.example.co.uk:8080/").partition(64));
        assert_eq!(key("http://127.0.0.1:1/").partition(64), key("http://127.0.0.1:2/").partition(64));
    }

    #[test]
    fn host_is_without_scheme_and_port() {
        assert_eq!(key("http://[::1]:8080/x").host(), "[::1]");
        assert_eq!(key("http://example.org/x").host(), "example.org");
    }

    #[test]
    fn a_star_matches_any_run() {
        assert!(host_matches("*", "anything"));
        assert!(host_matches("a*c*e", "abcde"));
        assert!(!host_matches("a*c*e", "abde"));
        assert!(!host_matches("ab*ba", "aba"));
    }
}
