//! Configuration in layers: defaults < comeback.toml < `COMEBACK_*` environment < flags.
//!
//! Every layer gives words for [`Key`]s, and the words are read in one place, so that `--patience 10m`, `COMEBACK_PATIENCE=10m` and
//! `patience = "10m"` mean the same and fail with the same sentence. A higher layer replaces a value whole, lists too. What nobody
//! knows is an error that points at its line: a misspelt limit must not pass as the default.
//!
//! Not here: the flags' definitions and help (the command line's), and what the values do (the driver's [`Settings`]).

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use comeback_driver::settings::Settings;

mod environment;
mod error;
mod file;
mod flags;
mod host_table;
mod key;
mod nearest;
mod table;
mod value;

pub use environment::{TEST_PREFIX, VARIABLE_PREFIX};
pub use error::ConfigError;
pub use file::{CONFIG_BYTES_MAX, CONFIG_FILE_NAME};
pub use flags::FlagValues;
pub use host_table::HostKey;
pub use key::{Key, KeyKind};
pub use nearest::nearest;
pub use value::{ValueRefusal, host_pattern};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// A line of a configuration file.
    File {
        /// The file, as it was named.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// An environment variable.
    Environment {
        /// Its name.
        variable: String,
    },
    /// A flag of the command line.
    Flag {
        /// With its dashes.
        flag: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::File { path, line } => write!(formatter, "{}:{line}", path.display()),
            Self::Environment { variable } => formatter.write_str(variable),
            Self::Flag { flag } => formatter.write_str(flag),
        }
    }
}

/// One key as a layer gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Given {
    key: Key,
    /// One word for a scalar, any number for a list.
    words: Vec<String>,
    origin: Origin,
}

/// The settings in force, and where each came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    /// The settings.
    pub settings: Settings,
    /// The origin of each key, in the order of [`Key::ALL`].
    origins: Vec<Origin>,
    /// The origin of each table for hosts, in their order.
    host_origins: Vec<Origin>,
}

impl InForce {
    /// Where the value of a key came from.
    #[must_use]
    pub fn origin(&self, key: Key) -> &Origin {
        let index = Key::ALL.iter().position(|other| *other == key).expect("ALL holds every key");
        &self.origins[index]
    }

    /// Where each table for hosts begins, in the order of [`Settings::hosts`].
    #[must_use]
    pub fn host_origins(&self) -> &[Origin] {
        &self.host_origins
    }

    /// Key, value and origin as a table for people; credentials in header fields are not shown.
    #[must_use]
    pub fn table(&self) -> String {
        table::render(self)
    }
}

/// Joins the layers. `config_flag`: the file of `--config`, which must exist; without it, comeback.toml in `folder`, if there is one.
/// `environment`: every variable of the process; those without our prefix are passed over.
///
/// # Errors
/// The first key or value, from the lowest layer up, that is unknown or can't be read.
pub fn load(
    config_flag: Option<&Path>,
    folder: &Path,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
    flags: &FlagValues,
) -> Result<InForce, ConfigError> {
    let environment: Vec<(OsString, OsString)> = environment.into_iter().collect();
    let file::Contents { given, hosts } = file::read(config_flag, folder, &environment)?;
    let (host_origins, hosts) = hosts.into_iter().unzip();
    let settings = Settings { hosts, ..Settings::default() };
    let mut in_force = InForce { settings, origins: vec![Origin::Default; Key::ALL.len()], host_origins };
    let layers = [given, environment::read(environment)?, flags.given()];
    for given in layers.into_iter().flatten() {
        let applied = value::apply(given.key, &given.words, &mut in_force.settings);
        applied.map_err(|refusal| ConfigError::Value { origin: given.origin.clone(), name: given.key.name(), refusal })?;
        let index = Key::ALL.iter().position(|key| *key == given.key).expect("ALL holds every key");
        in_force.origins[index] = given.origin;
    }
    Ok(in_force)
}

#[cfg(test)]
mod tests;
