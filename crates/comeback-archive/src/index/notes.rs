//! Lines of the index, noted while captures are appended, and kept beside the job once a commit has made them final.
//!
//! Life story: a *stretch* is a part of a WARC file and the lines of its captures. It grows in memory with the file; when a commit
//! is ordered it is closed; when the commit is durable it is appended to a file of notes, as one zstd frame with a checksum. Nothing
//! is synced and nothing is mended: a stretch that is torn, lost or was never written is read from its WARC file instead.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use comeback_engine::ids::PartitionId;

use super::building::NOTES_FOLDER;
use super::entry::IndexEntry;

/// The ending of files of notes.
const EXTENSION: &str = ".notes";
/// Lines that are kept in memory for commits that are not durable yet, in bytes; what would be more is not noted.
const LINES_BYTES_MAX: usize = 4 << 20;
/// The longest frame that is read: lines, and the line that says what they cover.
const FRAME_BYTES_MAX: u64 = 2 * LINES_BYTES_MAX as u64;
/// zstd's fastest level: notes are read once.
const LEVEL: i32 = 1;

/// A part of a WARC file, and the index's lines for the captures in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// The WARC file, relative to DIR.
    pub(crate) file: String,
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) lines: Vec<u8>,
}

/// A partition's notes.
pub(crate) struct Notes {
    dir: PathBuf,
    partition: PartitionId,
    /// Since the last commit was ordered.
    growing: Vec<Stretch>,
    /// Of the commit that is under way.
    ordered: Vec<Stretch>,
    out: Option<File>,
    /// Whether the system refused: then no more is noted.
    is_given_up: bool,
}

impl Notes {
    pub(crate) fn new(dir: &Path, partition: PartitionId) -> Self {
        Self { dir: dir.to_owned(), partition, growing: Vec::new(), ordered: Vec::new(), out: None, is_given_up: false }
    }

    /// Notes that a file has grown by one exchange, and its line where it has one.
    pub(crate) fn add(&mut self, file: &str, from: u64, to: u64, entry: Option<&IndexEntry>) {
        let held: usize = self.growing.iter().chain(&self.ordered).map(|stretch| stretch.lines.len()).sum();
        if self.is_given_up || held >= LINES_BYTES_MAX {
            return;
        }
        let goes_on = self.growing.last().is_some_and(|stretch| stretch.file == file && stretch.to == from);
        if !goes_on {
            self.growing.push(Stretch { file: file.to_owned(), from, to: from, lines: Vec::new() });
        }
        if let Some(stretch) = self.growing.last_mut() {
            stretch.to = to;
            entry.into_iter().for_each(|entry| entry.write_line(&mut stretch.lines));
        }
    }

    /// A commit is ordered that makes all that was noted final.
    pub(crate) fn close(&mut self) {
        self.ordered.append(&mut self.growing);
    }

    /// The commit that was ordered last is durable.
    pub(crate) fn keep(&mut self) {
        let stretches = std::mem::take(&mut self.ordered);
        if !stretches.is_empty() && !self.is_given_up {
            self.is_given_up = self.append(&stretches).is_err();
        }
    }

    fn append(&mut self, stretches: &[Stretch]) -> io::Result<()> {
        let mut frames = Vec::new();
        for Stretch { file, from, to, lines } in stretches {
            let mut encoder = zstd::stream::write::Encoder::new(&mut frames, LEVEL)?;
            encoder.include_checksum(true)?;
            writeln!(encoder, "{from} {to} {file}")?;
            encoder.write_all(lines)?;
            encoder.finish()?;
        }
        let out = match &mut self.out {
            Some(out) => out,
            None => self.out.insert(create(&self.dir.join(NOTES_FOLDER), self.partition)?),
        };
        out.write_all(&frames)
    }
}

/// Makes a file of notes: one for each process, so that nothing follows what a process before left torn.
fn create(folder: &Path, partition: PartitionId) -> io::Result<File> {
    fs::create_dir_all(folder)?;
    let mut number = 1;
    loop {
        let path = folder.join(format!("p{:03}-{number:04}{EXTENSION}", partition.0));
        match OpenOptions::new().append(true).create_new(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            created => return created,
        }
    }
}

/// The files of notes in a job's DIR.
pub(crate) fn files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(dir.join(NOTES_FOLDER)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(EXTENSION) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The stretches in a file of notes, as far as they are whole.
pub(crate) fn stretches(path: &Path) -> io::Result<impl Iterator<Item = Stretch>> {
    let mut notes = BufReader::new(File::open(path)?);
    Ok(std::iter::from_fn(move || {
        let is_over = notes.fill_buf().map_or(true, <[u8]>::is_empty);
        let mut frame = Vec::new();
        let decoder = zstd::stream::read::Decoder::with_buffer(&mut notes).ok().filter(|_| !is_over)?;
        decoder.single_frame().take(FRAME_BYTES_MAX).read_to_end(&mut frame).ok()?;
        stretch(&frame)
    }))
}

fn stretch(frame: &[u8]) -> Option<Stretch> {
    let end = frame.iter().position(|byte| *byte == b'\n')?;
    let mut covers = std::str::from_utf8(&frame[..end]).ok()?.splitn(3, ' ');
    let mut number = || covers.next()?.parse().ok();
    let (from, to) = (number()?, number()?);
    let lines = frame[end + 1..].to_vec();
    Some(Stretch { file: covers.next()?.to_owned(), from, to, lines }).filter(|stretch| stretch.from <= stretch.to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(dir: &Path) -> Vec<Stretch> {
        files(dir).unwrap().iter().flat_map(|path| stretches(path).unwrap()).collect()
    }

    #[test]
    fn only_what_was_committed_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let mut notes = Notes::new(dir.path(), PartitionId(7));
        notes.add("warc/a", 0, 5, None);
        notes.add("warc/a", 5, 9, None);
        notes.close();
        notes.add("warc/a", 9, 12, None);
        assert_eq!(noted(dir.path()), []);
        notes.keep();
        let first = Stretch { file: "warc/a".into(), from: 0, to: 9, lines: Vec::new() };
        assert_eq!(noted(dir.path()), std::slice::from_ref(&first));
        notes.add("warc/b", 0, 1, None);
        notes.close();
        notes.keep();
        assert_eq!(noted(dir.path()).len(), 3);
        // Another process goes on in a file of its own.
        let mut notes = Notes::new(dir.path(), PartitionId(7));
        notes.add("warc/b", 1, 2, None);
        notes.close();
        notes.keep();
        assert_eq!(noted(dir.path()).len(), 4);
        assert_eq!(noted(dir.path())[0], first);
    }

    #[test]
    fn torn_notes_are_read_as_far_as_they_are_whole() {
        let dir = tempfile::tempdir().unwrap();
        let mut notes = Notes::new(dir.path(), PartitionId(0));
        for offset in 0..3 {
            notes.add("warc/a", offset, offset + 1, None);
            notes.close();
            notes.keep();
        }
        let path = files(dir.path()).unwrap().remove(0);
        let whole = fs::read(&path).unwrap();
        for bytes in 0..whole.len() {
            fs::write(&path, &whole[..bytes]).unwrap();
            assert!(noted(dir.path()).len() < 3, "{bytes} of {}", whole.len());
            // What a file system may leave of bytes that never reached the disk.
            fs::write(&path, [&whole[..bytes], &vec![0; whole.len() - bytes]].concat()).unwrap();
            assert!(noted(dir.path()).len() < 3, "{bytes} of {}, then zeros", whole.len());
        }
    }

    #[test]
    fn memory_is_bounded_and_what_is_left_out_leaves_a_gap() {
        let dir = tempfile::tempdir().unwrap();
        let mut notes = Notes::new(dir.path(), PartitionId(0));
        let place = comeback_engine::outcome::CapturePlace { file: "warc/a".into(), offset: 0, length: 1 };
        let of = ("http://a.example/".to_owned() + &"x".repeat(10_000), "2026-11-23T21:00:00.123Z");
        let entry = IndexEntry::of_record(false, (&of.0, of.1), None, b"HTTP/1.1 200 OK\r\n\r\n", place).unwrap();
        for offset in 0..1000 {
            notes.add("warc/a", offset, offset + 1, Some(&entry));
        }
        notes.close();
        notes.keep();
        notes.add("warc/a", 1000, 1001, Some(&entry));
        notes.close();
        notes.keep();
        let noted = noted(dir.path());
        assert!(noted.len() == 2 && noted[0].to < 1000 && noted[0].lines.len() < LINES_BYTES_MAX + 30_000);
        assert_eq!((noted[1].from, noted[1].to), (1000, 1001));
    }
}
