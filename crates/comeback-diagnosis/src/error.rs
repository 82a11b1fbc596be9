//! What can go wrong at this crate's edge: knowledge that contradicts itself, and files that hold no response.
//!
//! Diagnosing itself cannot fail: whatever a server sends has a diagnosis, if only `unknown`.

use thiserror::Error;

/// An error of this crate, in one sentence; [`DiagnosisError::hint`] says what to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DiagnosisError {
    /// A knowledge file does not say what it must.
    #[error("{file} cannot be used: {detail}")]
    Knowledge {
        /// The file's name below `knowledge/`.
        file: String,
        /// What is wrong in it, with its place where known.
        detail: String,
    },
    /// There are no bytes at all.
    #[error("the file is empty, so it holds no HTTP response")]
    EmptyResponse,
    /// The bytes do not begin with a status line.
    #[error("this is no HTTP response: it begins with \"{beginning}\" instead of a status line")]
    NotHttp {
        /// The first bytes, escaped and cut.
        beginning: String,
    },
    /// An entry of a HAR file holds no response.
    #[error("{why}")]
    HarEntry {
        /// Why, as a sentence.
        why: String,
    },
}

impl DiagnosisError {
    /// What a person can do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Knowledge { .. } => "mend the file; its neighbours show the form",
            Self::HarEntry { .. } => "save the page load once more, whole, from the browser's developer tools",
            Self::EmptyResponse | Self::NotHttp { .. } => {
                "save the response with its head, for example with `curl -i -o saved.http URL`; it begins with a line such as \
                 \"HTTP/1.1 503 Service Unavailable\""
            }
        }
    }
}
