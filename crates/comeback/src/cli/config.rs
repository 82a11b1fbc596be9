//! `comeback config`: what is in force, and where each value came from.

use clap::Args;
use comeback::exit::Exit;
use comeback::failure::Failure;

use super::print;
use super::setting_flags::{FORMS, SettingFlags};

/// Show what is in force and where each value came from
///
/// Layers, each stronger than the one before: defaults, comeback.toml in the
/// working folder (or --config FILE), COMEBACK_* variables, flags.
#[derive(Debug, Args)]
#[command(after_help = FORMS)]
pub(super) struct Arguments {
    #[command(flatten)]
    settings: SettingFlags,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    print(&arguments.settings.load()?.table())?;
    Ok(Exit::Success)
}
