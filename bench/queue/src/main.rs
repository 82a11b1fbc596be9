//! Intake, drain and recovery of long lists, without a network: what the queue itself costs.
//!
//! A list of typical URLs is made, taken in and drained by the real driver, engine and store; a route in this process answers each
//! attempt at once, and keeps no bytes, so that nothing is archived but rows. docs/performance.md says what came of it.

mod crash;
mod drain;
mod failure;
mod shape;
mod stub;
mod typical;
mod usage;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use failure::BenchFailure;
use shape::Shape;

/// The queue of comeback, measured.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Takes a list in and drains it; prints what a URL cost.
    Drain(Setup),
    /// Kills a job half-way, and prints how long opening it takes after that.
    Recover(Setup),
    /// Runs the job in DIR and says where it stands: the process that `recover` kills.
    #[command(hide = true)]
    Run {
        /// The job's folder.
        dir: PathBuf,
    },
}

/// Which list, and where.
#[derive(Debug, Clone, Parser)]
struct Setup {
    /// How many URLs there are; one line in a hundred repeats one of them.
    #[arg(long, default_value_t = 1_000_000)]
    urls: u64,
    /// How they spread over hosts.
    #[arg(long, value_enum, default_value_t = Shape::FewHosts)]
    shape: Shape,
    /// The job's --memory, in MiB.
    #[arg(long, default_value_t = 256)]
    memory: u64,
    /// A folder for the list and the job; both are removed at the end.
    #[arg(long, default_value = "target/queue")]
    dir: PathBuf,
    /// Stop when the list has been taken in, as by SIGTERM; where draining would take too long, or too much disk.
    #[arg(long)]
    intake_only: bool,
}

fn main() -> Result<(), BenchFailure> {
    match Arguments::parse().what {
        What::Drain(setup) => drain::measure(&setup),
        What::Recover(setup) => crash::measure(&setup),
        What::Run { dir } => crash::run(&dir),
    }
}
