//! Sorting lines that don't fit into memory: sorted runs on disk, then a merge.
//!
//! Lines are sorted by their bytes, as `LC_ALL=C sort -u` does: equal ones are written once. It does not know what they mean.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::error::ArchiveError;

/// What is sorted in memory at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct SortLimits {
    /// Lines in memory, in bytes.
    pub(super) lines_bytes_max: usize,
    /// Runs that are read at once.
    pub(super) runs_max: usize,
}

impl Default for SortLimits {
    fn default() -> Self {
        Self { lines_bytes_max: 32 << 20, runs_max: 64 }
    }
}

/// Lines that are merged between two looks at whether to stop.
const LINES_PER_LOOK: u64 = 1 << 16;
/// zstd's fastest level: runs are read once.
const LEVEL: i32 = 1;
/// The beginning of the names of runs.
const RUN_NAME: &str = "run-";

/// Takes lines, and gives them back sorted.
pub(super) struct Sorter {
    folder: PathBuf,
    limits: SortLimits,
    /// Lines one after another, and where each lies.
    lines: Vec<u8>,
    places: Vec<Range<usize>>,
    runs: Vec<PathBuf>,
    run_number: u32,
}

impl Sorter {
    /// A sorter that keeps its runs in a folder of its own; what an earlier one left there is removed.
    pub(super) fn new(folder: &Path, limits: SortLimits) -> Result<Self, ArchiveError> {
        fs::create_dir_all(folder).map_err(|error| ArchiveError::system("create", folder, error))?;
        remove_runs(folder)?;
        let (lines, places) = (Vec::new(), Vec::new());
        Ok(Self { folder: folder.to_owned(), limits, lines, places, runs: Vec::new(), run_number: 0 })
    }

    /// Takes lines, each with its line feed.
    pub(super) fn push(&mut self, lines: &[u8]) -> Result<(), ArchiveError> {
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            if !self.places.is_empty() && self.lines.len() + line.len() > self.limits.lines_bytes_max {
                self.spill()?;
            }
            let begin = self.lines.len();
            self.lines.extend_from_slice(line);
            self.places.push(begin..self.lines.len());
        }
        Ok(())
    }

    /// Writes all lines, merged with those of `sorted`, which are sorted already. Whether it came to its end: `is_to_stop` is asked
    /// now and then.
    pub(super) fn write(
        mut self,
        sorted: Option<Box<dyn BufRead>>,
        out: &mut impl Write,
        path: &Path,
        is_to_stop: &dyn Fn() -> bool,
    ) -> Result<bool, ArchiveError> {
        self.spill()?;
        while self.runs.len() > self.limits.runs_max {
            let merged: Vec<PathBuf> = self.runs.drain(..self.limits.runs_max).collect();
            let run = self.next_run();
            let mut into = run_writer(&run)?;
            let is_whole = merge(open_all(&merged)?, &mut into, &run, is_to_stop)?;
            finish_run(into, &run)?;
            if !is_whole {
                return Ok(false);
            }
            merged.iter().try_for_each(|run| remove(run))?;
            self.runs.push(run);
        }
        let mut sources = open_all(&self.runs)?;
        sources.extend(sorted);
        let is_whole = merge(sources, out, path, is_to_stop)?;
        remove_runs(&self.folder)?;
        Ok(is_whole)
    }

    fn spill(&mut self) -> Result<(), ArchiveError> {
        if self.places.is_empty() {
            return Ok(());
        }
        let lines = &self.lines;
        self.places.sort_unstable_by(|one, other| lines[one.clone()].cmp(&lines[other.clone()]));
        let run = self.next_run();
        let mut into = run_writer(&run)?;
        for place in self.places.drain(..) {
            into.write_all(&self.lines[place]).map_err(|error| ArchiveError::system("write", &run, error))?;
        }
        finish_run(into, &run)?;
        self.lines.clear();
        self.runs.push(run);
        Ok(())
    }

    fn next_run(&mut self) -> PathBuf {
        self.run_number += 1;
        self.folder.join(format!("{RUN_NAME}{:06}", self.run_number))
    }
}

type RunWriter = zstd::stream::write::Encoder<'static, BufWriter<File>>;

fn run_writer(path: &Path) -> Result<RunWriter, ArchiveError> {
    let created = File::create(path).and_then(|file| zstd::stream::write::Encoder::new(BufWriter::new(file), LEVEL));
    created.map_err(|error| ArchiveError::system("create", path, error))
}

fn finish_run(run: RunWriter, path: &Path) -> Result<(), ArchiveError> {
    let finished = run.finish().and_then(|mut out| out.flush());
    finished.map_err(|error| ArchiveError::system("write", path, error))
}

fn open_all(runs: &[PathBuf]) -> Result<Vec<Box<dyn BufRead>>, ArchiveError> {
    let open = |path: &PathBuf| {
        let opened = File::open(path).and_then(zstd::stream::read::Decoder::new);
        let opened = opened.map_err(|error| ArchiveError::system("open", path, error))?;
        Ok(Box::new(BufReader::new(opened)) as Box<dyn BufRead>)
    };
    runs.iter().map(open).collect()
}

/// Merges sorted sources into one, each line once. Whether it came to its end.
fn merge(
    mut sources: Vec<Box<dyn BufRead>>,
    out: &mut impl Write,
    path: &Path,
    is_to_stop: &dyn Fn() -> bool,
) -> Result<bool, ArchiveError> {
    let refused = |error: io::Error| ArchiveError::system("write", path, error);
    let mut heads = BinaryHeap::with_capacity(sources.len());
    for (number, source) in sources.iter_mut().enumerate() {
        let mut line = Vec::new();
        if source.read_until(b'\n', &mut line).map_err(refused)? > 0 {
            heads.push(Reverse((line, number)));
        }
    }
    let mut last = Vec::new();
    let mut lines = 0_u64;
    while let Some(Reverse((mut line, number))) = heads.pop() {
        if line != last {
            out.write_all(&line).map_err(refused)?;
            std::mem::swap(&mut last, &mut line);
        }
        line.clear();
        if sources[number].read_until(b'\n', &mut line).map_err(refused)? > 0 {
            heads.push(Reverse((line, number)));
        }
        lines += 1;
        if lines.is_multiple_of(LINES_PER_LOOK) && is_to_stop() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn remove_runs(folder: &Path) -> Result<(), ArchiveError> {
    let entries = fs::read_dir(folder).map_err(|error| ArchiveError::system("list", folder, error))?;
    for entry in entries {
        let entry = entry.map_err(|error| ArchiveError::system("list", folder, error))?;
        if entry.file_name().to_string_lossy().starts_with(RUN_NAME) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> Result<(), ArchiveError> {
    fs::remove_file(path).map_err(|error| ArchiveError::system("delete", path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines in an order that has nothing to do with theirs, some of them twice.
    fn lines() -> Vec<String> {
        (0..500_u64).map(|number| format!("{:05} x\n", number.wrapping_mul(7919) % 400)).collect()
    }

    #[test]
    fn lines_come_back_sorted_and_once_however_little_memory_there_is() {
        for (lines_bytes_max, runs_max) in [(1 << 20, 64), (100, 64), (100, 2), (1, 3)] {
            let folder = tempfile::tempdir().unwrap();
            let mut sorter = Sorter::new(folder.path(), SortLimits { lines_bytes_max, runs_max }).unwrap();
            for line in lines() {
                sorter.push(line.as_bytes()).unwrap();
            }
            let mut out = Vec::new();
            let sorted: Box<dyn BufRead> = Box::new(&b"00000 a\n00007 x\n99999\n"[..]);
            sorter.write(Some(sorted), &mut out, folder.path(), &|| false).unwrap();
            let mut expected = lines();
            expected.extend(["00000 a\n".into(), "99999\n".into()]);
            expected.sort();
            expected.dedup();
            assert_eq!(String::from_utf8(out).unwrap(), expected.concat());
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "no run is left");
        }
    }

    #[test]
    fn runs_of_a_process_that_died_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("run-000001"), b"torn").unwrap();
        let sorter = Sorter::new(folder.path(), SortLimits::default()).unwrap();
        let mut out = Vec::new();
        sorter.write(None, &mut out, folder.path(), &|| false).unwrap();
        assert!(out.is_empty());
    }
}
