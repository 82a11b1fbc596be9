//! A target without a fuzzer: it reads the files that are named and runs on each.

use std::process::ExitCode;

/// Runs the reader on each file of the command line.
pub fn files(reader: impl Fn(&[u8])) -> ExitCode {
    for path in std::env::args().skip(1) {
        match std::fs::read(&path) {
            Ok(bytes) => reader(&bytes),
            Err(error) => {
                eprintln!("error: {path} cannot be read: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
