//! The `[[host]]` tables of comeback.toml: what holds for the hosts of a pattern only.
//!
//! They stand in the file alone: neither a variable nor a flag can say for which host it is meant. A secret can stand in a variable
//! of the user's instead of the file; it is read when the file is.

use std::ffi::OsString;

use comeback_driver::settings::PER_HOST_MAX;
use comeback_driver::settings::host_rule::{Auth, HOST_RULES_MAX, HostRule};
use comeback_driver::settings::quantity::parse_duration_ms;
use comeback_driver::settings::request_field::{check_field, parse_field_line};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::file::words;
use super::value::{count, expectations, host_pattern, switch};
use super::{ConfigError, KeyKind, Origin, ValueRefusal};

/// The name of the tables.
pub(super) const HOST_TABLES: &str = "host";

/// What a table can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostKey {
    /// For which hosts it speaks.
    Pattern,
    /// Fields on every request to them.
    Headers,
    /// The same, with their values in variables.
    HeadersEnv,
    /// Credentials.
    Auth,
    /// Whether their cookies are kept and sent back.
    Cookies,
    /// What their pages must hold.
    Expect,
    /// A fixed gap between requests to one of them.
    Delay,
    /// The widest window of one of them.
    PerHost,
}

impl HostKey {
    /// Every key, in the order of `comeback config`.
    pub const ALL: [Self; 8] =
        [Self::Pattern, Self::Headers, Self::HeadersEnv, Self::Auth, Self::Cookies, Self::Expect, Self::Delay, Self::PerHost];

    /// The name in the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pattern => "pattern",
            Self::Headers => "headers",
            Self::HeadersEnv => "headers_env",
            Self::Auth => "auth",
            Self::Cookies => "cookies",
            Self::Expect => "expect",
            Self::Delay => "delay",
            Self::PerHost => "per_host",
        }
    }
}

/// How the tables are written, for a message.
const TABLES_FORM: &str = "a table of its own that begins with the line [[host]]";

/// How credentials are written, for a message.
const AUTH_FORM: &str = "one of { basic = \"user:password\" }, { bearer = \"token\" }, { basic_env = \"VARIABLE\" } and \
                         { bearer_env = \"VARIABLE\" }";

/// The line of a byte of the file.
type At<'a> = dyn Fn(usize) -> Origin + 'a;

/// Reads the tables in their order; `origin` is where the first begins.
pub(super) fn read_all(
    value: &Spanned<DeValue<'_>>,
    origin: &Origin,
    at: &At<'_>,
    environment: &[(OsString, OsString)],
) -> Result<Vec<(Origin, HostRule)>, ConfigError> {
    let misformed =
        |origin| ConfigError::Value { origin, name: HOST_TABLES, refusal: ValueRefusal::Type { wanted: TABLES_FORM } };
    let tables = value.get_ref().as_array().ok_or_else(|| misformed(origin.clone()))?;
    let mut rules = Vec::with_capacity(tables.len().min(HOST_RULES_MAX));
    for table in tables {
        let origin = at(table.span().start);
        if rules.len() == HOST_RULES_MAX {
            return Err(ConfigError::TooManyTables { origin });
        }
        let table = table.get_ref().as_table().ok_or_else(|| misformed(origin.clone()))?;
        let rule = read(table, &origin, at, environment)?;
        rules.push((origin, rule));
    }
    Ok(rules)
}

fn read(
    table: &DeTable<'_>,
    origin: &Origin,
    at: &At<'_>,
    environment: &[(OsString, OsString)],
) -> Result<HostRule, ConfigError> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    let mut rule = HostRule::of_pattern(String::new());
    for (name, value) in entries {
        let origin = at(name.span().start);
        let Some(key) = HostKey::ALL.into_iter().find(|key| key.name() == name.get_ref()) else {
            return Err(ConfigError::UnknownHostKey { origin, name: name.get_ref().to_string() });
        };
        Entry { key, origin: &origin, value: value.get_ref() }.apply(&mut rule, environment)?;
    }
    if rule.pattern.is_empty() {
        return Err(ConfigError::NoPattern { origin: origin.clone() });
    }
    if rule.auth.is_some() && rule.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization")) {
        let refusal = ValueRefusal::TwoAuthorizations;
        return Err(ConfigError::Value { origin: origin.clone(), name: HostKey::Auth.name(), refusal });
    }
    Ok(rule)
}

/// One line of a table.
struct Entry<'a> {
    key: HostKey,
    origin: &'a Origin,
    value: &'a DeValue<'a>,
}

impl Entry<'_> {
    /// Puts its value into the rule.
    fn apply(&self, rule: &mut HostRule, environment: &[(OsString, OsString)]) -> Result<(), ConfigError> {
        let lines = KeyKind::List { separator: '\n' };
        match self.key {
            HostKey::Pattern => rule.pattern = self.read(KeyKind::Text, |words| host_pattern(last(words)))?,
            HostKey::Headers => rule.headers.extend(self.read(lines, fields)?),
            HostKey::HeadersEnv => {
                for (name, variable) in self.read(lines, fields)? {
                    let value = self.variable(&variable, environment)?;
                    check_field(&name, &value).map_err(|refusal| self.refuse(refusal.into()))?;
                    rule.headers.push((name, value));
                }
            }
            HostKey::Auth => rule.auth = Some(self.auth(environment)?),
            HostKey::Cookies => rule.cookies = Some(self.read(KeyKind::Switch, |words| switch(last(words)))?),
            HostKey::Expect => rule.expect = Some(self.read(lines, expectations)?),
            HostKey::Delay => rule.delay_ms = Some(self.read(KeyKind::Duration, |words| Ok(parse_duration_ms(last(words))?))?),
            HostKey::PerHost => rule.per_host = Some(self.read(KeyKind::Count, |words| count(last(words), PER_HOST_MAX))?),
        }
        Ok(())
    }

    fn read<T>(&self, kind: KeyKind, read: impl Fn(&[String]) -> Result<T, ValueRefusal>) -> Result<T, ConfigError> {
        let words = words(kind, self.value).ok_or_else(|| self.refuse(ValueRefusal::Type { wanted: kind.in_file() }))?;
        read(&words).map_err(|refusal| self.refuse(refusal))
    }

    fn auth(&self, environment: &[(OsString, OsString)]) -> Result<Auth, ConfigError> {
        let misformed = || self.refuse(ValueRefusal::Type { wanted: AUTH_FORM });
        let table = self.value.as_table().filter(|table| table.len() == 1).ok_or_else(misformed)?;
        let (scheme, given) = table.iter().next().ok_or_else(misformed)?;
        let given = given.get_ref().as_str().ok_or_else(misformed)?;
        let auth = match scheme.get_ref().as_ref() {
            "basic" => Auth::basic(given),
            "bearer" => Auth::bearer(given),
            "basic_env" => Auth::basic(&self.variable(given, environment)?),
            "bearer_env" => Auth::bearer(&self.variable(given, environment)?),
            _ => return Err(misformed()),
        };
        auth.map_err(|refusal| self.refuse(refusal.into()))
    }

    fn variable(&self, name: &str, environment: &[(OsString, OsString)]) -> Result<String, ConfigError> {
        let shown = || name.escape_debug().to_string();
        let Some((_, value)) = environment.iter().find(|(variable, _)| variable == name) else {
            return Err(ConfigError::Unset { origin: self.origin.clone(), variable: shown() });
        };
        value.to_str().map(str::to_owned).ok_or_else(|| ConfigError::NotUtf8 { variable: shown() })
    }

    fn refuse(&self, refusal: ValueRefusal) -> ConfigError {
        ConfigError::Value { origin: self.origin.clone(), name: self.key.name(), refusal }
    }
}

fn fields(lines: &[String]) -> Result<Vec<(String, String)>, ValueRefusal> {
    lines.iter().map(|line| Ok(parse_field_line(line)?)).collect()
}

fn last(words: &[String]) -> &str {
    words.last().map_or("", String::as_str)
}

#[cfg(test)]
mod tests;
