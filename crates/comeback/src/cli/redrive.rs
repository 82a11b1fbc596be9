//! `comeback redrive`: settled URLs put back, to be asked again by `resume`.

use std::path::PathBuf;

use clap::Args;
use comeback::exit::Exit;
use comeback::failure::Failure;
use comeback::{Job, Redriven};
use comeback_report::figures::counted;
use comeback_report::row_filter::RowFilter;

use super::print;
use super::row_flags::RowFlags;

/// Put failed and parked URLs back, to be asked again
///
/// Choose them by cause, outcome or host; `resume` asks them. A URL whose server
/// said when to come back stays parked until then. Several values of one filter
/// are alternatives; a URL must pass every filter that is given.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, mut_arg("outcome", |outcome| outcome.help("failed or parked; repeatable")))]
pub(super) struct Arguments {
    /// The job's folder
    dir: PathBuf,
    #[command(flatten)]
    rows: RowFlags,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments { dir, rows } = arguments;
    let filter = rows.filter()?;
    if filter == RowFilter::default() {
        return Err(Failure::NothingChosen);
    }
    if let Some(outcome) = filter.outcomes.iter().find(|outcome| !outcome.is_unfinished()) {
        let noun = "outcome that can be put back";
        return Err(Failure::UnknownWord { noun, word: outcome.word().to_owned(), known: "failed, parked".into() });
    }
    let redriven = Job::open(dir)?.redrive(&filter)?;
    print(&told(redriven, &dir.display().to_string()))?;
    Ok(Exit::Success)
}

fn told(redriven: Redriven, dir: &str) -> String {
    let Redriven { put_back, held, not_kept } = redriven;
    let mut text = format!("{} put back\n", counted(put_back, "URL"));
    if held > 0 {
        text.push_str(&format!("{} kept: the server said when to come back, and that is later\n", counted(held, "URL")));
    }
    if not_kept > 0 {
        text.push_str(&format!(
            "{} kept: an older version settled them and did not keep their requests\n",
            counted(not_kept, "URL")
        ));
    }
    if put_back > 0 {
        text.push_str(&format!("next: `comeback resume {dir}` asks them\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_is_told_with_its_reason() {
        let redriven = Redriven { put_back: 1, held: 2, not_kept: 0 };
        let expected = "1 URL put back\n2 URLs kept: the server said when to come back, and that is later\n\
            next: `comeback resume out` asks them\n";
        assert_eq!(told(redriven, "out"), expected);
        assert_eq!(told(Redriven::default(), "out"), "0 URLs put back\n");
    }
}
