//! The server of bench/throughput, and the loops that comeback is compared with there: processes to be run by its command.
//!
//! The loops do what they must and nothing else: no policy, no diagnosis, no account. `run` measures them and comeback.

mod exchange;
mod failure;
mod hosts;
mod pages;
mod pool;
mod probe;
mod records;
mod server;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use failure::BenchFailure;
use records::Compression;

/// Processes of bench/throughput.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Serves distinct pages of 10 KB at every address of 127.0.0.0/8, and prints its port.
    Serve,
    /// Fetches a list by bare connections and archives it as comeback does.
    Probe {
        /// One URL a line.
        list: PathBuf,
        /// Where the archive is written.
        dir: PathBuf,
        /// How its records are compressed.
        #[arg(long, value_enum, default_value_t = Compression::Gzip)]
        compress: Compression,
    },
    /// Fetches a list by hyper-util's pooled client and drops the bodies.
    Pool {
        /// One URL a line.
        list: PathBuf,
    },
}

fn main() -> Result<(), BenchFailure> {
    match Arguments::parse().what {
        What::Serve => server::serve(),
        What::Probe { list, dir, compress } => probe::run(&list, &dir, compress),
        What::Pool { list } => pool::run(&list),
    }
}
