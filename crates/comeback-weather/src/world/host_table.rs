//! What a `[[host]]` says whatever its behaviour; the rest is for the behaviour.

use std::net::Ipv4Addr;
use std::num::NonZeroU16;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer, Error};

use super::HOSTS_MAX;
use crate::parameter::{Skew, Span};

/// The keys that belong here.
const KEYS: [&str; 9] = ["name", "address", "count", "shared", "behaviour", "latency", "clock", "robots", "pages"];

/// How many pages a front page links to, where the world does not say.
const PAGES: u32 = 50;

/// The most pages that a front page links to.
const PAGES_MAX: u32 = 10_000;

/// What stands before the hosts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    /// A sentence for lists of worlds.
    #[serde(default)]
    pub(super) about: String,
    /// Where all chance comes from.
    #[serde(default = "first_seed")]
    pub(super) rng_seed: u64,
}

const fn first_seed() -> u64 {
    1
}

impl Head {
    pub(super) fn read(table: Deserializer<'_>) -> Result<Self, Error> {
        Self::deserialize(table)
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct HostTable {
    /// By default the behaviour's name.
    pub(super) name: Option<String>,
    /// By default the one after the host before.
    pub(super) address: Option<Ipv4Addr>,
    /// How many hosts of this kind, on addresses in a row.
    #[serde(default)]
    pub(super) count: Count,
    /// Whether they are counted together.
    #[serde(default)]
    pub(super) shared: bool,
    pub(super) behaviour: Spanned<String>,
    #[serde(default = "at_once")]
    pub(super) latency: Span,
    #[serde(default = "right")]
    pub(super) clock: Skew,
    pub(super) robots: Option<String>,
    #[serde(default)]
    pub(super) pages: Pages,
}

/// How many pages a front page links to.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "u32")]
pub(super) struct Pages(pub(super) u32);

impl Default for Pages {
    fn default() -> Self {
        Self(PAGES)
    }
}

impl TryFrom<u32> for Pages {
    type Error = String;

    fn try_from(pages: u32) -> Result<Self, Self::Error> {
        if pages <= PAGES_MAX { Ok(Self(pages)) } else { Err(format!("a front page links to at most {PAGES_MAX} pages")) }
    }
}

const fn at_once() -> Span {
    Span::ms(0)
}

const fn right() -> Skew {
    Skew::NONE
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "NonZeroU16")]
pub(super) struct Count(NonZeroU16);

impl Default for Count {
    fn default() -> Self {
        Self(NonZeroU16::MIN)
    }
}

impl TryFrom<NonZeroU16> for Count {
    type Error = String;

    fn try_from(count: NonZeroU16) -> Result<Self, Self::Error> {
        if usize::from(count.get()) <= HOSTS_MAX {
            Ok(Self(count))
        } else {
            Err(format!("a world has at most {HOSTS_MAX} hosts"))
        }
    }
}

impl HostTable {
    /// How many hosts it means; at least one.
    pub(super) fn count(&self) -> usize {
        usize::from(self.count.0.get())
    }

    /// Takes its own keys out of a table, and gives back what is the behaviour's.
    pub(super) fn read(table: Spanned<DeTable<'_>>) -> Result<(Self, Spanned<DeTable<'_>>), Error> {
        let span = table.span();
        let (own, rest): (DeTable<'_>, DeTable<'_>) =
            table.into_inner().into_iter().partition(|(key, _)| KEYS.contains(&AsRef::<str>::as_ref(key.get_ref())));
        let own = Self::deserialize(Deserializer::from(Spanned::new(span.clone(), own)))?;
        Ok((own, Spanned::new(span, rest)))
    }
}

/// The tables of `[[host]]`; else the offset of what stands in their place.
pub(super) fn tables(hosts: Option<Spanned<DeValue<'_>>>) -> Result<Vec<Spanned<DeTable<'_>>>, usize> {
    let Some(hosts) = hosts else { return Ok(Vec::new()) };
    let offset = hosts.span().start;
    let DeValue::Array(entries) = hosts.into_inner() else { return Err(offset) };
    let tables = entries.into_iter().map(|entry| {
        let span = entry.span();
        let DeValue::Table(table) = entry.into_inner() else { return Err(span.start) };
        Ok(Spanned::new(span, table))
    });
    tables.collect()
}
