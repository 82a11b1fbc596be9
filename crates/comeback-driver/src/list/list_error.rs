//! Why something is no list at all, said before anything of it is taken.

use std::io;
use std::path::{Path, PathBuf};

use comeback_engine::seed_url::UrlRefusal;

use super::{BadLine, Damage, ReadError, URL_COLUMNS};

/// Why a list could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The list.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Compressed in a way that is not taken off, or twice.
    #[error("{} is compressed with {with}", path.display())]
    Compressed {
        /// The list.
        path: PathBuf,
        /// bzip2, xz, ...
        with: &'static str,
    },
    /// A name that promises compression, and bytes that are not compressed so.
    #[error("{} is named as if it were compressed with {with}, and is not", path.display())]
    NotPacked {
        /// The list.
        path: PathBuf,
        /// gzip or zstd.
        with: &'static str,
    },
    /// Text in an encoding with two or four bytes to a character.
    #[error("{} is in {encoding}, not in UTF-8", path.display())]
    Encoding {
        /// The list.
        path: PathBuf,
        /// The encoding that its first bytes name.
        encoding: &'static str,
    },
    /// No text at all.
    #[error("{} is a binary file, not a list of URLs", path.display())]
    Binary {
        /// The list.
        path: PathBuf,
    },
    /// The name of a list on the web that is no URL.
    #[error("{given}: {refusal}")]
    Url {
        /// As the user named it.
        given: String,
        /// What is wrong with it.
        refusal: UrlRefusal,
    },
    /// CSV in which no column is known to hold URLs.
    #[error("{} has {}", path.display(), no_column(asked.as_deref()))]
    NoUrlColumn {
        /// The list.
        path: PathBuf,
        /// The column that the user named.
        asked: Option<String>,
        /// The columns of the first record, numbered.
        columns: String,
    },
    /// CSV whose first record cannot be read.
    #[error("{}:{}: {}", path.display(), bad.line, bad.refusal)]
    Header {
        /// The list.
        path: PathBuf,
        /// The record.
        bad: BadLine,
    },
    /// Nothing of it can be read.
    #[error("{}:{line}: {damage}", path.display())]
    Damaged {
        /// The list.
        path: PathBuf,
        /// The line reached, the first being 1.
        line: u64,
        /// What is wrong.
        damage: Damage,
    },
}

fn no_column(asked: Option<&str>) -> String {
    match asked {
        Some(column) => format!("no column `{column}`"),
        None => {
            let [others @ .., last] = URL_COLUMNS;
            format!("no column named {} or {last}", others.join(", "))
        }
    }
}

impl ListError {
    /// Of a list whose very beginning could not be read.
    pub(super) fn of(path: &Path, error: ReadError) -> Self {
        let path = path.to_owned();
        match error {
            ReadError::System(source) => Self::Io { path, source },
            ReadError::Damaged { line, damage } => Self::Damaged { path, line, damage },
        }
    }

    /// What to do about it, where something can be said.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Io { .. } | Self::Url { .. } => None,
            Self::Compressed { with, .. } => Some(match *with {
                "bzip2" => "decompress it into the command: bzcat LIST | comeback fetch - -o DIR".into(),
                "xz" => "decompress it into the command: xzcat LIST | comeback fetch - -o DIR".into(),
                _ => "it is compressed twice: take one layer off".into(),
            }),
            Self::NotPacked { .. } => Some("rename it after what it is, or compress it".into()),
            Self::Encoding { .. } => Some("convert it: iconv -f UTF-16 -t UTF-8 LIST | comeback fetch - -o DIR".into()),
            Self::Binary { .. } => Some("a list is text, JSONL, CSV or a sitemap, also compressed with gzip or zstd".into()),
            Self::NoUrlColumn { columns, .. } => {
                Some(format!("name the column of URLs with --url-column, by its name or number: {columns}"))
            }
            Self::Header { .. } => Some("mend the first record; it says which column holds the URLs".into()),
            Self::Damaged { damage: Damage::NotASitemap { .. }, .. } => {
                Some("put the URLs into a text file, one a line, or name a sitemap".into())
            }
            Self::Damaged { .. } => None,
        }
    }
}
