//! Reads the source of comeback and refuses what STYLE.md refuses.
//!
//! Each check is a file of its own: a function from the [`tree::Tree`] to findings, with a sample beside it that it must refuse (a
//! check that can't fail is worth nothing). `tests/house.rs` runs them over this workspace. What compilers see better (missing
//! docs, unwraps, banned calls) is left to rustc and clippy; this is for what they don't look at. Limits only go down.

pub mod allowances;
pub mod arrows;
pub mod changelog;
pub mod justifications;
pub mod links;
pub mod module_names;
pub mod openings;
pub mod places;
pub mod purity;
pub mod sizes;
pub mod source;
pub mod tree;

/// The crates from top to bottom: one may use any that stands below it, none above.
pub const CRATES: [&str; 11] = [
    "comeback",
    "comeback-server",
    "comeback-driver",
    "comeback-report",
    "comeback-fetch",
    "comeback-store",
    "comeback-archive",
    "comeback-sim",
    "comeback-engine",
    "comeback-diagnosis",
    "comeback-weather",
];

/// The crates that have no clock, no I/O, no locks and no order that differs from run to run.
pub const PURE_CRATES: [&str; 3] = ["comeback-sim", "comeback-engine", "comeback-diagnosis"];

/// Something that the style refuses, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, from the root of the workspace.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, as a sentence.
    pub what: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}: {}", self.path, self.line, self.what)
    }
}
