//! What can be wrong with a configuration, always with the place of it.

use std::io;
use std::path::PathBuf;

use super::{Key, Origin, ValueRefusal};

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The system refused the file.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is no configuration at all.
    #[error("{} is longer than {bytes_max} bytes", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The limit.
        bytes_max: u64,
    },
    /// Not TOML.
    #[error("{origin}: {why}")]
    Syntax {
        /// The file and line.
        origin: Origin,
        /// What the TOML reader says.
        why: String,
    },
    /// A key that nobody knows.
    #[error("{origin}: unknown key `{name}`")]
    UnknownKey {
        /// Where it stands.
        origin: Origin,
        /// As it was written.
        name: String,
        /// The known name that looks most like it.
        nearest: Option<String>,
    },
    /// A variable whose value is not UTF-8.
    #[error("{variable}: the value is not UTF-8")]
    NotUtf8 {
        /// The variable.
        variable: String,
    },
    /// A value that can't be used.
    #[error("{origin}: {}: {refusal}", key.name())]
    Value {
        /// Where it stands.
        origin: Origin,
        /// What it was for.
        key: Key,
        /// What is wrong with it.
        refusal: ValueRefusal,
    },
}

impl ConfigError {
    /// What to do about it, where something can be said.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownKey { nearest: Some(name), .. } => Some(format!("did you mean `{name}`?")),
            Self::UnknownKey { nearest: None, .. } => Some("`comeback config` lists every key".to_owned()),
            Self::Value { refusal, .. } => refusal.hint().map(str::to_owned),
            Self::Io { .. } | Self::TooLong { .. } | Self::Syntax { .. } | Self::NotUtf8 { .. } => None,
        }
    }
}
