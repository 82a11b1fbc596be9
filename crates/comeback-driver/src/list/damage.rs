//! What ends a list before its end: a stream that breaks off, XML that is none.
//!
//! It is no bad line: what follows cannot be read at all. What came before it was read, and stays. It is no error of the system
//! either; those pass through.

use std::io;

use super::LINE_BYTES_MAX;

/// How deep the elements of a sitemap may be nested.
pub const ELEMENTS_DEPTH_MAX: usize = 64;

/// Why the rest of a list cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// A compressed stream that stops before its end.
    #[error("the {with} stream breaks off here")]
    CutStream {
        /// gzip or zstd.
        with: &'static str,
    },
    /// A compressed stream that cannot be decompressed further.
    #[error("the {with} stream is damaged from here on: {why}")]
    BadStream {
        /// gzip or zstd.
        with: &'static str,
        /// What the decompressor says.
        why: String,
    },
    /// A piece of XML that is never closed, or longer than anything in a sitemap is.
    #[error("a tag or text of more than {LINE_BYTES_MAX} bytes begins here")]
    TooLong,
    /// Not XML.
    #[error("this is not well-formed XML: {why}")]
    IllFormed {
        /// What the XML reader says.
        why: String,
    },
    /// XML that stops before its root element is closed.
    #[error("the list ends before </{root}>")]
    CutXml {
        /// The root element.
        root: &'static str,
    },
    /// XML with something after its root element.
    #[error("there is more after </{root}>")]
    AfterTheEnd {
        /// The root element.
        root: &'static str,
    },
    /// Elements nested more than [`ELEMENTS_DEPTH_MAX`] deep.
    #[error("elements are nested deeper than {ELEMENTS_DEPTH_MAX}")]
    TooDeep,
    /// A document type declaration.
    #[error("a sitemap has no document type declaration, and none is read")]
    DocumentType,
    /// XML of another kind.
    #[error("<{root}> is not the root of a sitemap; <urlset> and <sitemapindex> are")]
    NotASitemap {
        /// Its root element.
        root: String,
    },
    /// No element at all.
    #[error("there is no <urlset> and no <sitemapindex>")]
    NoRoot,
    /// A list from the web that is longer than what is taken of one.
    #[error("the list is longer than {bytes_max} bytes, and the rest is not read")]
    TooMuch {
        /// The limit.
        bytes_max: u64,
    },
}

/// Why a reader stops.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system refused.
    #[error(transparent)]
    System(io::Error),
    /// The rest of the list cannot be read.
    #[error("line {line}: {damage}")]
    Damaged {
        /// The line reached, the first being 1.
        line: u64,
        /// What is wrong.
        damage: Damage,
    },
}

impl ReadError {
    /// Tells damage, which travels through readers as their source's error, from the system's errors.
    pub(super) fn of(error: io::Error, line: u64) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Damage>()) {
            Some(damage) => Self::Damaged { line, damage: damage.clone() },
            None => Self::System(error),
        }
    }
}
