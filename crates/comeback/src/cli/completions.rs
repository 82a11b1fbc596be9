//! `comeback completions`: what a shell needs to complete commands and flags, from the one definition of the command line.
//!
//! Not here: values that only a job knows (its hosts, its causes); they are words to a shell.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use comeback::exit::Exit;
use comeback::failure::Failure;

use super::{CommandLine, print_bytes};

/// Print what a shell needs to complete commands and flags
///
/// For bash, in ~/.bashrc: eval "$(comeback completions bash)"
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The shell
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let mut definition = CommandLine::command();
    let name = definition.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut definition, name, &mut script);
    print_bytes(&script)?;
    Ok(Exit::Success)
}
