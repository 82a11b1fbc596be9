//! Making the index of a job that is done: what was noted, what the notes lack, and what the index had before, sorted.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use comeback_engine::commit::FileLength;

use super::covered;
use super::file_captures::for_each_capture;
use super::notes;
use super::sorting::{SortLimits, Sorter};
use crate::error::ArchiveError;
use crate::file_series::check_committed;
use crate::partition_files::WARC_FOLDER;

/// The index, relative to the job's DIR.
pub const INDEX_PATH: &str = "warc/index.cdxj";
/// Where notes and unfinished work on the index are kept, relative to the job's DIR.
pub const NOTES_FOLDER: &str = "state/index";

/// How [`write_index`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexEnd {
    /// The index has all captures that are committed.
    Complete,
    /// It was asked to stop; the index is as it was, and the next call begins anew.
    Stopped,
}

/// What is covered of each file, as parts that neither touch nor overlap: where each begins, and where it ends.
type Parts = BTreeMap<u64, u64>;

/// Brings the index of a job up to what is committed, where it is not. No partition may append meanwhile. `is_to_stop` is asked
/// now and then.
///
/// It takes about 40 MiB of memory whatever the size, and as much space in `state/index/` as the new lines take compressed.
///
/// # Errors
/// A committed file is gone or shorter, a record in it cannot be read, or the system refuses; the index is as it was then.
pub fn write_index(dir: &Path, committed: &[FileLength], is_to_stop: &dyn Fn() -> bool) -> Result<IndexEnd, ArchiveError> {
    write_within(dir, committed, is_to_stop, SortLimits::default())
}

fn write_within(
    dir: &Path,
    committed: &[FileLength],
    is_to_stop: &dyn Fn() -> bool,
    limits: SortLimits,
) -> Result<IndexEnd, ArchiveError> {
    let is_warc = |length: &&FileLength| length.path.split_once('/').is_some_and(|(folder, _)| folder == WARC_FOLDER);
    let mut captures: Vec<FileLength> = committed.iter().filter(is_warc).cloned().collect();
    captures.sort_by(|one, other| one.path.cmp(&other.path));
    let lengths: BTreeMap<&str, u64> = captures.iter().map(|length| (length.path.as_str(), length.bytes)).collect();
    let had = Some(covered::read(dir)).filter(|had| {
        let is_within = |had: &FileLength| lengths.get(had.path.as_str()).is_some_and(|bytes| *bytes >= had.bytes);
        dir.join(INDEX_PATH).is_file() && had.iter().all(is_within)
    });
    let had = had.unwrap_or_default();
    if had != captures {
        let mut sorter = Sorter::new(&dir.join(NOTES_FOLDER), limits)?;
        let mut parts: BTreeMap<&str, Parts> = lengths.keys().map(|file| (*file, Parts::new())).collect();
        for FileLength { path, bytes } in &had {
            parts.get_mut(path.as_str()).into_iter().for_each(|parts| *parts = Parts::from([(0, *bytes)]));
        }
        take_notes(dir, &lengths, &mut parts, &mut sorter)?;
        let is_whole = take_captures(dir, &lengths, &parts, &mut sorter, is_to_stop)?;
        if !is_whole || !publish(dir, sorter, !had.is_empty(), is_to_stop)? {
            return Ok(IndexEnd::Stopped);
        }
        covered::publish(dir, &captures)?;
    }
    forget_notes(dir)?;
    Ok(IndexEnd::Complete)
}

/// Sorts what was noted in, as far as it is of committed captures that are not covered yet.
fn take_notes(
    dir: &Path,
    lengths: &BTreeMap<&str, u64>,
    parts: &mut BTreeMap<&str, Parts>,
    sorter: &mut Sorter,
) -> Result<(), ArchiveError> {
    let unreadable = |error| ArchiveError::system("read", &dir.join(NOTES_FOLDER), error);
    for path in notes::files(dir).map_err(unreadable)? {
        for stretch in notes::stretches(&path).map_err(unreadable)? {
            let file = stretch.file.as_str();
            let is_committed = lengths.get(file).is_some_and(|bytes| *bytes >= stretch.to);
            if let Some(parts) = parts.get_mut(file).filter(|_| is_committed)
                && cover(parts, stretch.from, stretch.to)
            {
                sorter.push(&stretch.lines)?;
            }
        }
    }
    Ok(())
}

/// Sorts in what no part covers, from the files themselves, unless it is asked to stop. Whether it did.
fn take_captures(
    dir: &Path,
    lengths: &BTreeMap<&str, u64>,
    parts: &BTreeMap<&str, Parts>,
    sorter: &mut Sorter,
    is_to_stop: &dyn Fn() -> bool,
) -> Result<bool, ArchiveError> {
    let mut line = Vec::new();
    for (file, bytes) in lengths {
        check_committed(&dir.join(file), *bytes)?;
        for gap in gaps(&parts[file], *bytes) {
            if is_to_stop() {
                return Ok(false);
            }
            for_each_capture(dir, file, gap, |entry| {
                line.clear();
                entry.write_line(&mut line);
                sorter.push(&line)
            })?;
        }
    }
    Ok(true)
}

/// Adds a part that overlaps none; whether it did.
fn cover(parts: &mut Parts, from: u64, to: u64) -> bool {
    let before = parts.range(..=from).next_back().map(|(begin, end)| (*begin, *end));
    let after = parts.range(from..).next().map(|(begin, end)| (*begin, *end));
    if before.is_some_and(|(_, end)| end > from) || after.is_some_and(|(begin, _)| begin < to) || from == to {
        return false;
    }
    let begin = before.filter(|(_, end)| *end == from).map_or(from, |(begin, _)| begin);
    let end = after.filter(|(begin, _)| *begin == to).map_or(to, |(begin, end)| {
        parts.remove(&begin);
        end
    });
    parts.insert(begin, end);
    true
}

/// What lies between the parts, up to a file's length.
fn gaps(parts: &Parts, bytes: u64) -> Vec<(u64, u64)> {
    let ends = parts.iter().map(|(begin, end)| (*begin, *end)).chain([(bytes, bytes)]);
    let mut reached = 0;
    let mut gaps = Vec::new();
    for (begin, end) in ends {
        if begin > reached {
            gaps.push((reached, begin));
        }
        reached = end;
    }
    gaps
}

/// Writes the index beside the old one, and puts it in its place, unless it is asked to stop. Whether it did.
fn publish(dir: &Path, sorter: Sorter, keeps_old: bool, is_to_stop: &dyn Fn() -> bool) -> Result<bool, ArchiveError> {
    let path = dir.join(INDEX_PATH);
    let fresh = path.with_extension("cdxj.new");
    let refused = |error: io::Error| ArchiveError::system("write", &fresh, error);
    let old = if keeps_old { Some(File::open(&path).map_err(|error| ArchiveError::system("open", &path, error))?) } else { None };
    let old = old.map(|old| Box::new(BufReader::new(old)) as Box<dyn BufRead>);
    let mut out = BufWriter::new(File::create(&fresh).map_err(refused)?);
    if !sorter.write(old, &mut out, &fresh, is_to_stop)? {
        return Ok(false);
    }
    if !keeps_old {
        covered::forget(dir)?;
    }
    out.flush().map_err(refused)?;
    out.get_ref().sync_all().map_err(refused)?;
    fs::rename(&fresh, &path).map_err(refused)?;
    // What is covered is told next, and must not outlive the index that covers it.
    let folder = dir.join(WARC_FOLDER);
    File::open(&folder).and_then(|folder| folder.sync_all()).map_err(|error| ArchiveError::system("sync", &folder, error))?;
    Ok(true)
}

/// Removes notes whose lines are in the index.
fn forget_notes(dir: &Path) -> Result<(), ArchiveError> {
    let files = notes::files(dir).map_err(|error| ArchiveError::system("list", &dir.join(NOTES_FOLDER), error))?;
    files.iter().try_for_each(|path| fs::remove_file(path).map_err(|error| ArchiveError::system("delete", path, error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_join_and_never_overlap() {
        let mut parts = Parts::new();
        assert!(cover(&mut parts, 10, 20) && cover(&mut parts, 30, 40) && cover(&mut parts, 20, 25));
        assert!(
            !cover(&mut parts, 5, 11) && !cover(&mut parts, 24, 26) && !cover(&mut parts, 26, 31) && !cover(&mut parts, 12, 13)
        );
        assert!(!cover(&mut parts, 0, 100) && !cover(&mut parts, 7, 7));
        assert_eq!(gaps(&parts, 50), [(0, 10), (25, 30), (40, 50)]);
        assert!(cover(&mut parts, 25, 30) && cover(&mut parts, 0, 10) && cover(&mut parts, 40, 50));
        assert_eq!(parts, Parts::from([(0, 50)]));
        assert_eq!(gaps(&parts, 50), []);
        assert_eq!(gaps(&Parts::new(), 3), [(0, 3)]);
        assert_eq!(gaps(&Parts::new(), 0), []);
    }
}
