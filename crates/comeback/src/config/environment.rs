//! The environment layer: `COMEBACK_PATIENCE=10m` and its siblings.
//!
//! Any other variable with the prefix is an error, since it is most likely a misspelling; the one exception is [`TEST_PREFIX`].

use std::ffi::OsString;

use super::nearest::nearest;
use super::{ConfigError, Given, Key, KeyKind, Origin};

/// What the names of our variables start with.
pub const VARIABLE_PREFIX: &str = "COMEBACK_";

/// Variables with this prefix steer the project's own tests and configure nothing.
pub const TEST_PREFIX: &str = "COMEBACK_TEST_";

/// Reads our variables, in the order of their names.
pub(super) fn read(environment: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Vec<Given>, ConfigError> {
    let ours = |name: OsString| name.into_string().ok().filter(|name| name.starts_with(VARIABLE_PREFIX));
    let named = environment.into_iter().filter_map(|(name, value)| ours(name).map(|name| (name, value)));
    let mut variables: Vec<(String, OsString)> = named.filter(|(name, _)| !name.starts_with(TEST_PREFIX)).collect();
    variables.sort();
    variables.into_iter().map(|(variable, value)| given(variable, value)).collect()
}

fn given(variable: String, value: OsString) -> Result<Given, ConfigError> {
    let Some(key) = Key::ALL.into_iter().find(|key| key.variable() == variable) else {
        let nearest = nearest(&variable, Key::ALL.map(Key::variable));
        return Err(ConfigError::UnknownKey {
            origin: Origin::Environment { variable: variable.clone() },
            name: variable,
            nearest,
        });
    };
    let Ok(value) = value.into_string() else {
        return Err(ConfigError::NotUtf8 { variable });
    };
    let words = match key.kind() {
        KeyKind::List { separator } => {
            value.split(separator).map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
        }
        KeyKind::Duration | KeyKind::Size | KeyKind::Count | KeyKind::Text | KeyKind::Switch => vec![value],
    };
    Ok(Given { key, words, origin: Origin::Environment { variable } })
}
