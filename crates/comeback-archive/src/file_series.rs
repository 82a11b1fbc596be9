//! The growing files of one kind in one partition: `warc/p007-0001.warc.gz`, then `-0002`, ...
//!
//! Life story: a series is recovered to what the last commit names, then grows at its end. A file is made when its first byte
//! is appended, and closed once it has reached its limit. What was appended since the last sync is remembered as *unsynced*.
//! It does not know what the bytes mean.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use comeback_engine::commit::FileLength;
use comeback_engine::ids::PartitionId;

use crate::error::ArchiveError;
use crate::sync_handles::SyncHandles;

/// How much is gathered in memory before the system is asked to write.
const BUFFER_BYTES: usize = 64 * 1024;

/// The end of a series: where its files live and how they are named.
pub(crate) struct FileSeries {
    dir: PathBuf,
    folder: &'static str,
    partition: PartitionId,
    extension: &'static str,
    bytes_max: u64,
    closed: Vec<FileLength>,
    current: Option<GrowingFile>,
    number_last: u32,
    unsynced: SyncHandles,
}

/// The file that grows.
struct GrowingFile {
    relative: String,
    path: PathBuf,
    out: BufWriter<File>,
    bytes: u64,
    has_unsynced: bool,
}

impl Write for GrowingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.bytes += count as u64;
        self.has_unsynced = true;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The end of the current file, as a writer of one record sees it.
pub(crate) struct Tail<'a> {
    file: &'a mut GrowingFile,
}

impl Tail<'_> {
    pub(crate) fn file(&self) -> &str {
        &self.file.relative
    }

    pub(crate) fn path(&self) -> &Path {
        &self.file.path
    }

    pub(crate) fn offset(&self) -> u64 {
        self.file.bytes
    }
}

impl Write for Tail<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Sees that a file still has the bytes that were committed of it.
pub(crate) fn check_committed(path: &Path, committed: u64) -> Result<(), ArchiveError> {
    let bytes = match fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(ArchiveError::CommittedFileMissing { path: path.to_owned(), committed });
        }
        Err(error) => return Err(ArchiveError::system("read", path, error)),
    };
    if bytes < committed {
        return Err(ArchiveError::ShorterThanCommitted { path: path.to_owned(), bytes, committed });
    }
    Ok(())
}

impl FileSeries {
    /// A series as the commit names it. Nothing is changed yet, but a file that lost committed bytes is found.
    pub(crate) fn check(
        dir: &Path,
        folder: &'static str,
        partition: PartitionId,
        extension: &'static str,
        bytes_max: u64,
        committed: &[FileLength],
    ) -> Result<Self, ArchiveError> {
        let mut series = Self {
            dir: dir.to_owned(),
            folder,
            partition,
            extension,
            bytes_max,
            closed: Vec::new(),
            current: None,
            number_last: 0,
            unsynced: SyncHandles::default(),
        };
        let mut by_number = BTreeMap::new();
        for length in committed.iter().filter(|length| series.is_own_folder(&length.path)) {
            let number = series.number_of(&length.path).ok_or_else(|| series.foreign(&length.path))?;
            check_committed(&series.dir.join(&length.path), length.bytes)?;
            if by_number.insert(number, length.clone()).is_some() {
                return Err(series.foreign(&length.path));
            }
        }
        series.number_last = by_number.last_key_value().map_or(0, |(number, _)| *number);
        series.closed = by_number.into_values().collect();
        Ok(series)
    }

    /// Brings the files to what the commit names, and goes on there: other files of this series are deleted, longer ones cut
    /// back.
    pub(crate) fn recover(mut self) -> Result<Self, ArchiveError> {
        self.delete_uncommitted()?;
        for length in &self.closed {
            self.cut_back(length)?;
        }
        self.reopen_last()?;
        Ok(self)
    }

    /// The end of the file to append to; a new file where there is none or the current one is full.
    pub(crate) fn tail(&mut self) -> Result<Tail<'_>, ArchiveError> {
        if self.current.as_ref().is_some_and(|file| file.bytes >= self.bytes_max) {
            self.close_current()?;
        }
        let file = match self.current.take() {
            Some(file) => file,
            None => self.create_next()?,
        };
        Ok(Tail { file: self.current.insert(file) })
    }

    /// Hands all that is buffered to the system.
    pub(crate) fn write_out(&mut self) -> Result<(), ArchiveError> {
        match &mut self.current {
            Some(file) => file.out.flush().map_err(|error| ArchiveError::system("write", &file.path, error)),
            None => Ok(()),
        }
    }

    /// Every file's length, in the order of their numbers, buffered bytes included.
    pub(crate) fn lengths(&self) -> impl Iterator<Item = FileLength> + '_ {
        let current = self.current.iter().map(|file| FileLength { path: file.relative.clone(), bytes: file.bytes });
        self.closed.iter().cloned().chain(current)
    }

    /// What is to be synced since the last call.
    pub(crate) fn take_unsynced(&mut self) -> Result<SyncHandles, ArchiveError> {
        if let Some(file) = &mut self.current
            && file.has_unsynced
        {
            let handle = file.out.get_ref().try_clone().map_err(|error| ArchiveError::system("reopen", &file.path, error))?;
            self.unsynced.files.push((file.path.clone(), handle));
            file.has_unsynced = false;
        }
        Ok(std::mem::take(&mut self.unsynced))
    }

    fn close_current(&mut self) -> Result<(), ArchiveError> {
        let Some(file) = self.current.take() else {
            return Ok(());
        };
        let GrowingFile { relative, path, out, bytes, has_unsynced } = file;
        let file = out.into_inner().map_err(|error| ArchiveError::system("write", &path, error.into_error()))?;
        if has_unsynced {
            self.unsynced.files.push((path, file));
        }
        self.closed.push(FileLength { path: relative, bytes });
        Ok(())
    }

    fn create_next(&mut self) -> Result<GrowingFile, ArchiveError> {
        let folder = self.dir.join(self.folder);
        if !folder.is_dir() {
            fs::create_dir_all(&folder).map_err(|error| ArchiveError::system("create", &folder, error))?;
            self.add_unsynced_folder(self.dir.clone());
        }
        self.number_last += 1;
        let relative = format!("{}/{}{:04}{}", self.folder, self.name_start(), self.number_last, self.extension);
        let path = self.dir.join(&relative);
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(&path)
            .map_err(|error| ArchiveError::system("create", &path, error))?;
        self.add_unsynced_folder(folder);
        Ok(GrowingFile { relative, path, out: BufWriter::with_capacity(BUFFER_BYTES, file), bytes: 0, has_unsynced: true })
    }

    fn add_unsynced_folder(&mut self, folder: PathBuf) {
        if !self.unsynced.folders.contains(&folder) {
            self.unsynced.folders.push(folder);
        }
    }

    /// Goes on with the last committed file, unless it is full or of another extension (other compression than before).
    fn reopen_last(&mut self) -> Result<(), ArchiveError> {
        let goes_on = |length: &mut FileLength| length.path.ends_with(self.extension) && length.bytes < self.bytes_max;
        let Some(FileLength { path: relative, bytes }) = self.closed.pop_if(goes_on) else {
            return Ok(());
        };
        let path = self.dir.join(&relative);
        let file = OpenOptions::new().append(true).open(&path).map_err(|error| ArchiveError::system("open", &path, error))?;
        let out = BufWriter::with_capacity(BUFFER_BYTES, file);
        self.current = Some(GrowingFile { relative, path, out, bytes, has_unsynced: false });
        Ok(())
    }

    fn cut_back(&self, length: &FileLength) -> Result<(), ArchiveError> {
        let path = self.dir.join(&length.path);
        let file = OpenOptions::new().write(true).open(&path).map_err(|error| ArchiveError::system("open", &path, error))?;
        let bytes = file.metadata().map_err(|error| ArchiveError::system("read", &path, error))?.len();
        if bytes > length.bytes {
            file.set_len(length.bytes).map_err(|error| ArchiveError::system("cut back", &path, error))?;
            file.sync_all().map_err(|error| ArchiveError::system("sync", &path, error))?;
        }
        Ok(())
    }

    fn delete_uncommitted(&self) -> Result<(), ArchiveError> {
        let folder = self.dir.join(self.folder);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(ArchiveError::system("list", &folder, error)),
        };
        for entry in entries {
            let name = entry.map_err(|error| ArchiveError::system("list", &folder, error))?.file_name();
            let Some(relative) = name.to_str().map(|name| format!("{}/{name}", self.folder)) else {
                continue;
            };
            let is_committed = self.closed.iter().any(|length| length.path == relative);
            if self.number_of(&relative).is_some() && !is_committed {
                let path = self.dir.join(&relative);
                fs::remove_file(&path).map_err(|error| ArchiveError::system("delete", &path, error))?;
            }
        }
        Ok(())
    }

    fn is_own_folder(&self, relative: &str) -> bool {
        relative.split_once('/').is_some_and(|(folder, _)| folder == self.folder)
    }

    fn name_start(&self) -> String {
        format!("p{:03}-", self.partition.0)
    }

    /// The number in a file name of this series, whatever its extension; `None` for any other file.
    fn number_of(&self, relative: &str) -> Option<u32> {
        let name = relative.strip_prefix(self.folder)?.strip_prefix('/')?;
        let numbered = name.strip_prefix(&self.name_start())?;
        let (number, extension) = numbered.split_once('.')?;
        let is_plain = number.len() >= 4 && number.bytes().all(|byte| byte.is_ascii_digit()) && !extension.contains('/');
        if is_plain { number.parse().ok() } else { None }
    }

    fn foreign(&self, file: &str) -> ArchiveError {
        ArchiveError::ForeignFile { file: file.to_owned(), partition: self.partition.0 }
    }
}
