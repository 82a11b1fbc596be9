//! What can go wrong before and around a weather; what clients do wrong is no error.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a world can't be read, or its weather not be made.
#[derive(Debug, thiserror::Error)]
pub enum WeatherError {
    /// The text is no world. `line` counts from 1.
    #[error("line {line}: {why}")]
    World {
        /// Where it goes wrong.
        line: usize,
        /// What is wrong there, as a clause.
        why: String,
    },
    /// An address and port can't be had.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// What was tried.
        address: SocketAddr,
        /// The system's words.
        source: io::Error,
    },
    /// The request log can't be written.
    #[error("cannot write the request log {}: {source}", path.display())]
    Log {
        /// Where it is.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The machine refused something else.
    #[error("cannot {action}: {source}")]
    System {
        /// What was tried, as a verb and its object.
        action: &'static str,
        /// The system's words.
        source: io::Error,
    },
}

impl WeatherError {
    /// Whether another command or world would do, on the same machine.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        match self {
            Self::World { .. } | Self::Listen { .. } => true,
            Self::Log { .. } | Self::System { .. } => false,
        }
    }

    /// What to do about it, where something can be said.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse => {
                Some("choose another port; without one, a port is found that is free on all addresses")
            }
            Self::World { .. } | Self::Listen { .. } | Self::Log { .. } | Self::System { .. } => None,
        }
    }
}
