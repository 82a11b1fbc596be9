//! `comeback inspect`: the engine's state as text, from the store.

use std::path::PathBuf;

use clap::Args;
use comeback::exit::Exit;
use comeback::failure::Failure;
use comeback_driver::inspect;

use super::print;

/// Show the engine's state as text
///
/// It opens the job's store, which only one process can do: while the job runs,
/// use `status` instead.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The job's folder
    dir: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    print(&inspect::render(&arguments.dir)?)?;
    Ok(Exit::Success)
}
