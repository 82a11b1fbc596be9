//! `comeback manual`: the manual pages, from the one definition of the command line.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory as _};
use clap_mangen::Man;
use comeback::exit::Exit;
use comeback::failure::Failure;

use super::{CommandLine, print_bytes};

/// Print the manual page, or write one for each command
///
/// Without DIR, comeback(1) goes to stdout: comeback manual | man -l -
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A folder for all pages: comeback.1, comeback-fetch.1, ...
    dir: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    match &arguments.dir {
        Some(dir) => write_pages(dir)?,
        None => {
            let mut page = Vec::new();
            Man::new(definition()).render(&mut page).map_err(Failure::Output)?;
            print_bytes(&page)?;
        }
    }
    Ok(Exit::Success)
}

/// `help` is told by `-h`, and would be a page without content.
fn definition() -> Command {
    CommandLine::command().disable_help_subcommand(true)
}

fn write_pages(dir: &Path) -> Result<(), Failure> {
    let written = fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(definition(), dir));
    written.map_err(|source| Failure::System { action: "write manual pages to", path: dir.to_owned(), source })
}
