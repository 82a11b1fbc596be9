//! What can be wrong with a configuration, always with the place of it.

use std::io;
use std::path::PathBuf;

use comeback_driver::settings::host_rule::HOST_RULES_MAX;

use super::host_table::HostKey;
use super::{Origin, ValueRefusal};

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
    /// A key in a table for hosts that nobody knows.
    #[error("{origin}: unknown key `{name}` in a table for hosts")]
    UnknownHostKey {
        /// Where it stands.
        origin: Origin,
        /// As it was written.
        name: String,
    },
    /// A table for hosts that does not say for which.
    #[error("{origin}: the table has no pattern of hosts")]
    NoPattern {
        /// Where it begins.
        origin: Origin,
    },
    /// More tables for hosts than a job can have.
    #[error("{origin}: there are more than {HOST_RULES_MAX} tables for hosts")]
    TooManyTables {
        /// Where the first one too many begins.
        origin: Origin,
    },
    /// A secret was to be read from a variable that is not set.
    #[error("{origin}: the variable {variable} is not set")]
    Unset {
        /// Where it is asked for.
        origin: Origin,
        /// The variable.
        variable: String,
    },
    /// A variable whose value is not UTF-8.
    #[error("{variable}: the value is not UTF-8")]
    NotUtf8 {
        /// The variable.
        variable: String,
    },
    /// A value that can't be used.
    #[error("{}: {refusal}", place(origin, name))]
    Value {
        /// Where it stands.
        origin: Origin,
        /// The name of what it was for.
        name: &'static str,
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
            Self::UnknownHostKey { .. } => Some(format!("the known ones: {}", HostKey::ALL.map(HostKey::name).join(", "))),
            Self::NoPattern { .. } => Some("begin it with a line such as pattern = \"*.example.org\"".to_owned()),
            Self::TooManyTables { .. } => {
                Some("join those that say the same, with a pattern that fits all of their hosts".to_owned())
            }
            Self::Unset { variable, .. } => Some(format!("put the secret there: export {variable}=...")),
            Self::Io { .. } | Self::TooLong { .. } | Self::Syntax { .. } | Self::NotUtf8 { .. } => None,
        }
    }
}

/// Where a value stands; a variable and a flag are named after what they are for.
fn place(origin: &Origin, name: &str) -> String {
    match origin {
        Origin::Default | Origin::File { .. } => format!("{origin}: {name}"),
        Origin::Environment { .. } | Origin::Flag { .. } => origin.to_string(),
    }
}
