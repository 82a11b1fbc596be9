//! A process whose system refuses it something, or whose clock jumps: by a library that is loaded into it (`refusals.c` says what it
//! can do). It is compiled where it is needed, by the system's C compiler, and works with whatever was linked to the C library.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

const SOURCE: &str = include_str!("refusals.c");

/// The library, built in a folder.
#[derive(Debug, Clone)]
pub struct Refusals {
    library: PathBuf,
}

/// What happens to a process in one folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It is killed before this operation, counted from 1.
    Kill(u64),
    /// The same, with half of a write written.
    Torn(u64),
    /// From this write on there is no space.
    Full(u64),
    /// This sync fails, later ones do not.
    Sync(u64),
    /// From this operation on the file system is read-only.
    Frozen(u64),
    /// Each write takes half of what it is given.
    Short,
}

impl Refusals {
    /// Builds the library.
    ///
    /// # Errors
    /// There is no C compiler, or it refuses.
    pub fn build(folder: &Path) -> io::Result<Self> {
        let (source, library) = (folder.join("refusals.c"), folder.join("librefusals.so"));
        std::fs::write(&source, SOURCE)?;
        let built = Command::new("cc").args(["-O1", "-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl").output()?;
        if built.status.success() { Ok(Self { library }) } else { Err(io::Error::other(String::from_utf8_lossy(&built.stderr))) }
    }

    /// Lets it happen to a process that is about to be started, below a folder.
    pub fn refuse(&self, command: &mut Command, below: &Path, refusal: Refusal) {
        let (kind, at) = match refusal {
            Refusal::Kill(at) => ("kill", at),
            Refusal::Torn(at) => ("torn", at),
            Refusal::Full(at) => ("full", at),
            Refusal::Sync(at) => ("sync", at),
            Refusal::Frozen(at) => ("frozen", at),
            Refusal::Short => ("short", 0),
        };
        command
            .env("LD_PRELOAD", &self.library)
            .env("FAULTS_BELOW", below)
            .env("FAULTS_KIND", kind)
            .env("FAULTS_AT", at.to_string());
    }

    /// Lets the wall clock of a process jump, some milliseconds after its start.
    pub fn jump(&self, command: &mut Command, after_ms: u64, by_s: i64) {
        command
            .env("LD_PRELOAD", &self.library)
            .env("FAULTS_JUMP_MS", after_ms.to_string())
            .env("FAULTS_JUMP_BY_S", by_s.to_string());
    }
}
