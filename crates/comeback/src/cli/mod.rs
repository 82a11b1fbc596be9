//! The command line: one file a command, one definition for parsing and help.
//!
//! Data goes to stdout, everything else to stderr. A command returns its exit or a failure; only [`main`] turns a failure into words.

use std::io::{self, Write as _};

use clap::{Parser, Subcommand};
use comeback::exit::Exit;
use comeback::failure::Failure;
use comeback::wall_clock;

mod completions;
mod config;
mod demo;
mod explain;
mod extract;
mod fetch;
mod inspect;
mod job_folder;
mod manual;
mod outcomes;
mod page_name;
mod redrive;
mod report;
mod resume;
mod row_flags;
mod setting_flags;
mod simulate;
mod simulate_world;
mod status;
mod weather;

/// A fetch engine for big URL lists that knows when to come back.
///
/// It fetches all that can be fetched, asks no server more often than that server allows, survives any crash, and accounts for
/// each URL. It recognises refusals; it never evades them.
#[derive(Debug, Parser)]
#[command(name = "comeback", version, max_term_width = 80, after_help = EXIT_CODES)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    every URL was fetched or answered
  1    finished, some URLs failed or were parked
  2    usage or configuration
  3    could not go on (disk, permissions); the job's state is intact
  130  interrupted; `comeback resume DIR` goes on";

#[derive(Debug, Subcommand)]
enum Command {
    Fetch(fetch::Arguments),
    Resume(resume::Arguments),
    Status(status::Arguments),
    Outcomes(outcomes::Arguments),
    Extract(extract::Arguments),
    Redrive(redrive::Arguments),
    Report(report::Arguments),
    Inspect(inspect::Arguments),
    Config(config::Arguments),
    Explain(explain::Arguments),
    Weather(weather::Arguments),
    Demo(demo::Arguments),
    Simulate(simulate::Arguments),
    Completions(completions::Arguments),
    Manual(manual::Arguments),
}

/// Runs the command that the process was started with.
pub(crate) fn main() -> Exit {
    let command = match CommandLine::try_parse() {
        Ok(CommandLine { command }) => command,
        // Help and version come this way too.
        Err(stop) => {
            let _closed = stop.print();
            return if stop.use_stderr() { Exit::Usage } else { Exit::Success };
        }
    };
    match command.run() {
        Ok(exit) => exit,
        Err(failure) => {
            tell(&failure);
            failure.exit()
        }
    }
}

impl Command {
    fn run(&self) -> Result<Exit, Failure> {
        match self {
            Self::Fetch(arguments) => fetch::run(arguments),
            Self::Resume(arguments) => resume::run(arguments),
            Self::Status(arguments) => status::run(arguments),
            Self::Outcomes(arguments) => outcomes::run(arguments),
            Self::Extract(arguments) => extract::run(arguments),
            Self::Redrive(arguments) => redrive::run(arguments),
            Self::Report(arguments) => report::run(arguments),
            Self::Inspect(arguments) => inspect::run(arguments),
            Self::Config(arguments) => config::run(arguments),
            Self::Explain(arguments) => explain::run(arguments),
            Self::Weather(arguments) => weather::run(arguments),
            Self::Demo(arguments) => demo::run(arguments),
            Self::Simulate(arguments) => simulate::run(arguments),
            Self::Completions(arguments) => completions::run(arguments),
            Self::Manual(arguments) => manual::run(arguments),
        }
    }
}

/// One sentence, and a hint where there is one. A reader that has gone is no error to speak of.
fn tell(failure: &Failure) {
    if failure.exit() == Exit::Success {
        return;
    }
    let mut text = format!("error: {failure}\n");
    if let Some(hint) = failure.hint() {
        text.push_str(&format!("hint: {hint}\n"));
    }
    complain(&text);
}

/// Writes to stderr; where nobody takes it, there is nobody to tell.
fn complain(text: &str) {
    let _closed = io::stderr().write_all(text.as_bytes());
}

/// Writes data to stdout.
fn print(text: &str) -> Result<(), Failure> {
    print_bytes(text.as_bytes())
}

/// Writes data that need not be text to stdout.
fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    output.write_all(bytes).and_then(|()| output.flush()).map_err(Failure::Output)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory as _;
    use comeback::{Cause, Knowledge, Terms};

    use super::*;

    /// Flags of curl and wget, which terms name beside ours.
    const OTHER_TOOLS_FLAGS: [&str; 3] = ["--retry", "--rate", "--wait"];

    /// The words of an advice, without the marks around them.
    fn words(advice: &str) -> Vec<&str> {
        advice.split_whitespace().map(|word| word.trim_matches(|mark: char| !mark.is_alphanumeric() && mark != '-')).collect()
    }

    /// The bug: advice named a flag and a command that were planned and never offered.
    #[test]
    fn advice_names_only_flags_and_commands_that_there_are() {
        let command_line = CommandLine::command();
        let commands: BTreeSet<&str> = command_line.get_subcommands().map(clap::Command::get_name).collect();
        let options = command_line.get_subcommands().flat_map(clap::Command::get_arguments);
        let flags: BTreeSet<String> = options.filter_map(clap::Arg::get_long).map(|flag| format!("--{flag}")).collect();
        let (knowledge, terms) = (Knowledge::builtin(), Terms::builtin());
        let advice = Cause::ALL.map(|cause| (cause.word(), knowledge.cause(cause).advice.as_str()));
        let of_terms = terms.all().iter().flat_map(|term| term.prose().map(|text| (term.term.as_str(), text)));
        for (name, advice) in advice.into_iter().chain(of_terms) {
            let words = words(advice);
            for flag in words.iter().filter(|word| word.starts_with("--") && !OTHER_TOOLS_FLAGS.contains(word)) {
                assert!(flags.contains(*flag), "{name}: {flag} is no flag");
            }
            for (_, rest) in advice.match_indices("`comeback ").map(|(start, call)| advice.split_at(start + call.len())) {
                let called = rest.split([' ', '`']).next().unwrap_or_default();
                assert!(commands.contains(called), "{name}: `comeback {called}` is no command");
            }
            let is_advice = Cause::from_word(name).is_some();
            for planned in ["serve", "weather", "demo"].into_iter().filter(|_| is_advice) {
                assert!(commands.contains(planned) || !words.contains(&planned), "{name}: {planned} is no command");
            }
        }
        assert!(flags.contains("--per-host") && commands.contains("resume"));
    }
}
