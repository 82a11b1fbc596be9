//! What holds for the hosts of a pattern only: fields, credentials, cookies, pace.
//!
//! A host takes every rule whose pattern it matches, in their order: what a later rule says replaces what an earlier one said. What
//! a rule adds to a request is for the host that is asked, whoever led there; another host's request gets that host's own.

use std::fmt;

use comeback_diagnosis::expectation::Expectation;
use comeback_engine::host_key::host_matches;
use comeback_engine::visit::Visit;
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use super::Settings;

/// The most rules that a job can have.
pub const HOST_RULES_MAX: usize = 256;

/// What holds for the hosts of a pattern; what is absent is as for any host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostRule {
    /// The host pattern.
    pub pattern: String,
    /// A fixed gap between requests to such a host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// The widest window of such a host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_host: Option<u32>,
    /// Whether such a host's cookies are kept and sent back to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cookies: Option<bool>,
    /// What the user expects of such a host's pages, in place of what is expected of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<Vec<Expectation>>,
    /// Fields on every request to such a host, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// How we say to such a host who the user is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<Auth>,
}

/// Credentials for the Authorization field (RFC 9110, section 11.6.2).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Auth {
    /// `user:password` (RFC 7617).
    Basic(String),
    /// A token (RFC 6750).
    Bearer(String),
}

/// Why credentials can't be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthRefusal {
    /// Basic without a colon, or with a control character.
    #[error("basic credentials are `user:password` without control characters")]
    Basic,
    /// A token that is empty, or of other characters than a header can carry as one word.
    #[error("a bearer token is one word of printable ASCII characters")]
    Bearer,
    /// Longer than a field may be.
    #[error("the credentials are longer than {CREDENTIAL_BYTES_MAX} bytes")]
    TooLong,
}

/// The longest credentials that are taken, in bytes: encoded, they fit a field.
pub const CREDENTIAL_BYTES_MAX: usize = 8 * 1024;

impl Auth {
    /// Checks `user:password`.
    ///
    /// # Errors
    /// Says why it can't be sent.
    pub fn basic(credentials: &str) -> Result<Self, AuthRefusal> {
        if !credentials.contains(':') || credentials.chars().any(char::is_control) {
            return Err(AuthRefusal::Basic);
        }
        if credentials.len() > CREDENTIAL_BYTES_MAX { Err(AuthRefusal::TooLong) } else { Ok(Self::Basic(credentials.to_owned())) }
    }

    /// Checks a token.
    ///
    /// # Errors
    /// Says why it can't be sent.
    pub fn bearer(token: &str) -> Result<Self, AuthRefusal> {
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(AuthRefusal::Bearer);
        }
        if token.len() > CREDENTIAL_BYTES_MAX { Err(AuthRefusal::TooLong) } else { Ok(Self::Bearer(token.to_owned())) }
    }

    /// The scheme's name, which is no secret.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        match self {
            Self::Basic(_) => "basic",
            Self::Bearer(_) => "bearer",
        }
    }

    /// The field's value.
    fn value(&self) -> String {
        match self {
            Self::Basic(credentials) => format!("Basic {}", BASE64.encode(credentials.as_bytes())),
            Self::Bearer(token) => format!("Bearer {token}"),
        }
    }
}

impl fmt::Debug for Auth {
    /// Without the secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} (not shown)", self.scheme())
    }
}

impl HostRule {
    /// A rule that says nothing yet.
    #[must_use]
    pub const fn of_pattern(pattern: String) -> Self {
        Self { pattern, delay_ms: None, per_host: None, cookies: None, expect: None, headers: Vec::new(), auth: None }
    }

    /// The fields that it adds to a request.
    fn fields(&self) -> impl Iterator<Item = (String, String)> {
        let auth = self.auth.iter().map(|auth| ("Authorization".to_owned(), auth.value()));
        self.headers.iter().cloned().chain(auth)
    }
}

impl Settings {
    /// The rules that a host (a name or an address, without port) matches, in their order.
    pub fn rules_of<'a>(&'a self, host: &'a str) -> impl Iterator<Item = &'a HostRule> {
        self.hosts.iter().filter(move |rule| host_matches(&rule.pattern, host))
    }

    /// Whether a host's cookies are kept and sent back to it.
    #[must_use]
    pub fn keeps_cookies_of(&self, host: &str) -> bool {
        self.rules_of(host).filter_map(|rule| rule.cookies).last().unwrap_or(false)
    }

    /// What the user expects of a host's pages.
    #[must_use]
    pub fn expectations_of(&self, host: &str) -> &[Expectation] {
        let of_rules = self.hosts.iter().filter(|rule| host_matches(&rule.pattern, host));
        of_rules.filter_map(|rule| rule.expect.as_deref()).next_back().unwrap_or(&self.expect)
    }

    /// The same settings, but for what is expected of pages: lists on the web are none.
    #[must_use]
    pub fn without_expectations(&self) -> Self {
        let hosts = self.hosts.iter().map(|rule| HostRule { expect: None, ..rule.clone() }).collect();
        Self { expect: Vec::new(), hosts, ..self.clone() }
    }

    /// The fields of a request: those for all hosts, then those for its host, then the URL's own, a later one replacing those of
    /// its name before it.
    #[must_use]
    pub fn fields_of(&self, visit: &Visit) -> Vec<(String, String)> {
        let is_own = |name: &str| visit.own_names.iter().any(|own| own.eq_ignore_ascii_case(name));
        let rules = if visit.is_exposed { Vec::new() } else { self.host_fields(visit.host.host()) };
        let added: Vec<_> = rules.into_iter().filter(|(name, _)| !is_own(name)).collect();
        let is_replaced = |name: &str| !is_own(name) && added.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
        visit.headers.iter().filter(|(name, _)| !is_replaced(name)).cloned().chain(added.iter().cloned()).collect()
    }

    /// The fields of a request for a URL that is on no list: those for all hosts, then those for its host, a later one replacing
    /// those of its name before it.
    #[must_use]
    pub fn fields_for(&self, url: &url::Url) -> Vec<(String, String)> {
        let added = self.host_fields(url.host_str().unwrap_or_default());
        let is_replaced = |name: &str| added.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
        self.headers.iter().filter(|(name, _)| !is_replaced(name)).chain(&added).cloned().collect()
    }

    /// The fields that rules add for a host.
    #[must_use]
    pub fn host_fields(&self, host: &str) -> Vec<(String, String)> {
        let mut fields: Vec<(String, String)> = Vec::new();
        for rule in self.rules_of(host) {
            let added: Vec<_> = rule.fields().collect();
            fields.retain(|(name, _)| !added.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)));
            fields.extend(added);
        }
        fields
    }
}

#[cfg(test)]
mod tests {
    use comeback_engine::host_key::HostKey;

    use super::*;

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    fn settings() -> Settings {
        let rule = |pattern: &str, headers, auth| HostRule { headers, auth, ..HostRule::of_pattern(pattern.into()) };
        let hosts = vec![
            rule("*.example.org", vec![pair("X-Team", "data"), pair("X-Note", "all")], Some(Auth::Basic("me:secret".into()))),
            rule("api.example.org", vec![pair("x-note", "api")], Some(Auth::Bearer("t0ken".into()))),
        ];
        Settings { hosts, ..Settings::default() }
    }

    fn visit(url: &str, headers: Vec<(String, String)>, own: &[&str]) -> Visit {
        let url: url::Url = url.parse().unwrap();
        let host = HostKey::of(&url).unwrap();
        let own_names = own.iter().map(|name| (*name).to_owned()).collect();
        Visit {
            url,
            host,
            method: "GET".into(),
            headers,
            own_names,
            body: None,
            robots: false,
            hops: 0,
            from_public: false,
            is_exposed: false,
        }
    }

    #[test]
    fn a_later_rule_replaces_what_an_earlier_one_said() {
        let fields = settings().host_fields("API.example.org");
        assert_eq!(fields, [pair("X-Team", "data"), pair("x-note", "api"), pair("Authorization", "Bearer t0ken")]);
        let fields = settings().host_fields("www.example.org");
        assert_eq!(fields.last(), Some(&pair("Authorization", "Basic bWU6c2VjcmV0")));
        assert_eq!(settings().host_fields("example.org"), []);
    }

    #[test]
    fn the_urls_own_field_is_stronger_than_the_rule_and_the_rule_than_the_general_one() {
        let headers = vec![pair("X-Team", "general"), pair("Accept", "text/html"), pair("X-NOTE", "own")];
        let fields = settings().fields_of(&visit("http://www.example.org/", headers.clone(), &["X-NOTE"]));
        let expected = [
            pair("Accept", "text/html"),
            pair("X-NOTE", "own"),
            pair("X-Team", "data"),
            pair("Authorization", "Basic bWU6c2VjcmV0"),
        ];
        assert_eq!(fields, expected);
        let elsewhere = settings().fields_of(&visit("http://other.example/", headers.clone(), &["X-NOTE"]));
        assert_eq!(elsewhere, headers);
    }

    #[test]
    fn nothing_of_a_rule_goes_out_where_a_redirect_left_https() {
        let exposed = Visit { is_exposed: true, ..visit("http://www.example.org/", Vec::new(), &[]) };
        assert_eq!(settings().fields_of(&exposed), []);
    }

    #[test]
    fn cookies_are_kept_only_where_the_last_rule_says_so() {
        let rule = |pattern: &str, cookies| HostRule { cookies, ..HostRule::of_pattern(pattern.into()) };
        let hosts = vec![rule("*.example.org", Some(true)), rule("a.example.org", Some(false)), rule("a.*", None)];
        let settings = Settings { hosts, ..Settings::default() };
        assert!(settings.keeps_cookies_of("b.example.org") && !settings.keeps_cookies_of("a.example.org"));
        assert!(!settings.keeps_cookies_of("example.org") && !Settings::default().keeps_cookies_of("b.example.org"));
    }

    #[test]
    fn a_hosts_own_expectations_replace_those_of_all() {
        let expects = |text: &str| vec![Expectation::parse(text).unwrap()];
        let rule = |pattern: &str, expect| HostRule { expect, ..HostRule::of_pattern(pattern.into()) };
        let hosts = vec![rule("*.example.org", Some(expects("contains:b"))), rule("c.*", Some(Vec::new())), rule("*", None)];
        let settings = Settings { expect: expects("contains:a"), hosts, ..Settings::default() };
        assert_eq!(settings.expectations_of("a.example"), expects("contains:a"));
        assert_eq!(settings.expectations_of("b.example.org"), expects("contains:b"));
        assert_eq!(settings.expectations_of("c.example.org"), []);
        assert_eq!(settings.without_expectations().expectations_of("b.example.org"), []);
    }

    #[test]
    fn credentials_are_not_shown_by_accident() {
        assert!(!format!("{:?}", settings()).contains("secret"));
    }

    #[test]
    fn credentials_that_no_field_can_carry_are_refused() {
        for text in ["", "no colon", "a:b\r\nX: y", "a:\0"] {
            assert_eq!(Auth::basic(text), Err(AuthRefusal::Basic), "{text:?}");
        }
        for text in ["", "two words", "a\r\nX: y", "tök"] {
            assert_eq!(Auth::bearer(text), Err(AuthRefusal::Bearer), "{text:?}");
        }
        assert_eq!(Auth::bearer(&"x".repeat(CREDENTIAL_BYTES_MAX + 1)), Err(AuthRefusal::TooLong));
        assert!(Auth::basic("me:pass:wörd ").is_ok());
    }
}
