//! The flags that choose outcome rows, which `outcomes` and `redrive` share.

use clap::Args;
use comeback::config::host_pattern;
use comeback::failure::Failure;
use comeback::{Cause, Outcome};
use comeback_report::row_filter::RowFilter;

#[derive(Debug, Args)]
pub(super) struct RowFlags {
    /// fetched, answered, failed or parked; repeatable
    #[arg(long, value_name = "OUTCOME")]
    outcome: Vec<String>,
    /// A cause such as rate_limit; repeatable
    #[arg(long, value_name = "CAUSE")]
    cause: Vec<String>,
    /// Hosts, as in '*.example.org'; repeatable
    #[arg(long, value_name = "PATTERN")]
    host: Vec<String>,
}

impl RowFlags {
    /// The rows that the flags choose; all, where none is given.
    pub(super) fn filter(&self) -> Result<RowFilter, Failure> {
        let Self { outcome, cause, host } = self;
        Ok(RowFilter {
            outcomes: known(outcome, "outcome", Outcome::from_word, &Outcome::ALL.map(Outcome::word))?,
            causes: known(cause, "cause", Cause::from_word, &Cause::ALL.map(Cause::word))?,
            hosts: host.iter().map(|text| host_pattern(text)).collect::<Result<_, _>>().map_err(Failure::HostPattern)?,
        })
    }
}

fn known<T>(words: &[String], noun: &'static str, read: fn(&str) -> Option<T>, all: &[&str]) -> Result<Vec<T>, Failure> {
    let unknown = |word: &String| Failure::UnknownWord { noun, word: word.clone(), known: all.join(", ") };
    words.iter().map(|word| read(word).ok_or_else(|| unknown(word))).collect()
}
