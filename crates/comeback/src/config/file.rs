//! The file layer: comeback.toml, one key a line, then tables for hosts ([`host_table`]).

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use comeback_driver::settings::host_rule::HostRule;
use comeback_driver::settings::job_file::line_of;
use toml::de::{DeTable, DeValue};

use super::host_table::{self, HOST_TABLES};
use super::nearest::nearest;
use super::{ConfigError, Given, Key, KeyKind, Origin, ValueRefusal};

/// The file's name in the working folder.
pub const CONFIG_FILE_NAME: &str = "comeback.toml";

/// The largest file that is read, in bytes.
pub const CONFIG_BYTES_MAX: u64 = 1 << 20;

/// What a file holds, in its order.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) given: Vec<Given>,
    /// Each table for hosts, and where it begins.
    pub(super) hosts: Vec<(Origin, HostRule)>,
}

/// Reads the file of `--config`, or comeback.toml in `folder` where there is one.
pub(super) fn read(
    config_flag: Option<&Path>,
    folder: &Path,
    environment: &[(OsString, OsString)],
) -> Result<Contents, ConfigError> {
    let (open, shown) = match config_flag {
        Some(path) => (path.to_owned(), path.to_owned()),
        None => (folder.join(CONFIG_FILE_NAME), PathBuf::from(CONFIG_FILE_NAME)),
    };
    let refused = |source| ConfigError::Io { path: shown.clone(), source };
    let file = match File::open(&open) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound && config_flag.is_none() => return Ok(Contents::default()),
        Err(error) => return Err(refused(error)),
    };
    let mut text = String::new();
    file.take(CONFIG_BYTES_MAX + 1).read_to_string(&mut text).map_err(refused)?;
    if text.len() as u64 > CONFIG_BYTES_MAX {
        return Err(ConfigError::TooLong { path: shown, bytes_max: CONFIG_BYTES_MAX });
    }
    parse(&text, &shown, environment)
}

/// Reads the text of a file.
fn parse(text: &str, path: &Path, environment: &[(OsString, OsString)]) -> Result<Contents, ConfigError> {
    let at = |offset: usize| Origin::File { path: path.to_owned(), line: line_of(text, offset) };
    let table = DeTable::parse(text).map_err(|error| {
        let why = error.message().lines().next().unwrap_or_default().to_owned();
        ConfigError::Syntax { origin: at(error.span().map_or(0, |span| span.start)), why }
    })?;
    let mut entries: Vec<_> = table.get_ref().iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    let mut contents = Contents::default();
    for (name, value) in entries {
        let origin = at(name.span().start);
        let name: &str = name.get_ref();
        if name == HOST_TABLES {
            contents.hosts = host_table::read_all(value, &origin, &at, environment)?;
            continue;
        }
        let Some(key) = Key::from_name(name) else {
            let known = Key::ALL.map(Key::name).into_iter().chain([HOST_TABLES]).map(str::to_owned);
            let nearest = nearest(name, known);
            return Err(ConfigError::UnknownKey { origin, name: name.to_owned(), nearest });
        };
        let Some(words) = words(key.kind(), value.get_ref()) else {
            return Err(ConfigError::Value {
                origin,
                name: key.name(),
                refusal: ValueRefusal::Type { wanted: key.kind().in_file() },
            });
        };
        contents.given.push(Given { key, words, origin });
    }
    Ok(contents)
}

/// The words of a value; `None` when its type is not the kind's.
pub(super) fn words(kind: KeyKind, value: &DeValue<'_>) -> Option<Vec<String>> {
    match kind {
        KeyKind::Duration | KeyKind::Size | KeyKind::Text => value.as_str().map(|text| vec![text.to_owned()]),
        KeyKind::Count => {
            let integer = value.as_integer()?;
            let number = i128::from_str_radix(integer.as_str(), integer.radix()).ok()?;
            Some(vec![number.to_string()])
        }
        KeyKind::Switch => value.as_bool().map(|on| vec![on.to_string()]),
        KeyKind::List { .. } => {
            let entries = value.as_array()?.iter();
            entries.map(|entry| entry.get_ref().as_str().map(str::to_owned)).collect()
        }
    }
}
