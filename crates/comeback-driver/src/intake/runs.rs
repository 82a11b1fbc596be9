//! Entries of a long list, on the disk until all of it is read: a run for each time that memory, or one share's part of it, was full.
//!
//! Entries are divided into *shares* by their hosts, so that all entries of a host, repeated ones among them, are in one share. A run is a
//! table of the lengths of its shares and, behind it, the shares, each compressed; runs follow one another in one file. A record in the
//! store says how long the file is; what lies behind that was written by a process that ended before it said so, and is cut off. The
//! folder is synced with the first run: a record never names a file whose name a power failure can take.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use comeback_engine::host_key::HostKey;
use rustix::fs::FallocateFlags;
use xxhash_rust::xxh3::xxh3_64;

use crate::error::DriverError;

/// How many shares there are at least; each partition has as many as the next.
const SHARES_MIN: u16 = 512;
/// The length of a share in memory at which a run is written, though there is room for more: in a run it must fit 32 bits.
pub(super) const SHARE_BYTES_MAX: u64 = 1 << 30;
/// The level at which a share is compressed: it is read once or twice, soon.
const ZSTD_LEVEL: i32 = 1;
/// A place in a run's table: the length of a share compressed, and as it was, in bytes.
const PLACE_BYTES: usize = 8;

/// How entries are divided into shares: by partition, and within one by host.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shares {
    partitions: u16,
    of_each: u16,
}

impl Shares {
    pub(super) fn of(partitions: u16) -> Self {
        Self { partitions, of_each: (SHARES_MIN / partitions).max(1) }
    }

    pub(super) fn count(self) -> usize {
        usize::from(self.partitions) * usize::from(self.of_each)
    }

    /// The share of a host's entries.
    pub(super) fn share_of(self, host: &HostKey) -> usize {
        let within = xxh3_64(host.as_str().as_bytes()) % u64::from(self.of_each);
        let within = usize::try_from(within).unwrap_or_default();
        usize::from(host.partition(self.partitions).0) * usize::from(self.of_each) + within
    }
}

/// A piece of a share in the file.
#[derive(Debug, Clone, Copy)]
struct Piece {
    at: u64,
    packed_bytes: u32,
    bytes: u32,
}

/// The file of runs.
#[derive(Debug)]
pub(super) struct Runs {
    path: PathBuf,
    file: File,
    end: u64,
    /// For each run, its piece of each share.
    tables: Vec<Vec<Piece>>,
}

impl Runs {
    /// Opens the file as the record says it is; a new job has none.
    pub(super) fn open(path: PathBuf, shares: Shares, ends: &[u64]) -> Result<Self, DriverError> {
        let opened = OpenOptions::new().read(true).write(true).create(ends.is_empty()).open(&path);
        let file = opened.map_err(|error| {
            let is_lost = error.kind() == io::ErrorKind::NotFound && !ends.is_empty();
            if is_lost { DriverError::RunsShort { file: path.clone() } } else { DriverError::system("open", &path, error) }
        })?;
        let length = file.metadata().map_err(|error| DriverError::system("read", &path, error))?.len();
        if ends.last().is_some_and(|end| length < *end) {
            return Err(DriverError::RunsShort { file: path });
        }
        let mut runs = Self { path, file, end: 0, tables: Vec::new() };
        for end in ends {
            let table = runs.read_table(shares.count())?;
            runs.end = table.last().map_or(runs.end, |last| last.at + u64::from(last.packed_bytes));
            if runs.end != *end {
                return Err(DriverError::damaged_runs("a run ends elsewhere than the store says".into()));
            }
            runs.tables.push(table);
        }
        runs.file.set_len(runs.end).map_err(|error| runs.refused("cut back", error))?;
        Ok(runs)
    }

    fn read_table(&self, count: usize) -> Result<Vec<Piece>, DriverError> {
        let mut bytes = vec![0; count * PLACE_BYTES];
        self.file.read_exact_at(&mut bytes, self.end).map_err(|error| self.refused("read", error))?;
        let mut at = self.end + bytes.len() as u64;
        let pieces = bytes.chunks_exact(PLACE_BYTES).map(|place| {
            let number = |from: usize| u32::from_le_bytes([place[from], place[from + 1], place[from + 2], place[from + 3]]);
            let piece = Piece { at, packed_bytes: number(0), bytes: number(4) };
            at += u64::from(piece.packed_bytes);
            piece
        });
        Ok(pieces.collect())
    }

    /// Appends a run and makes it durable; returns where it ends. The shares are emptied.
    pub(super) fn append(&mut self, shares: &mut [Vec<u8>]) -> Result<u64, DriverError> {
        let mut at = self.end + (shares.len() * PLACE_BYTES) as u64;
        let (mut table, mut places) = (Vec::new(), Vec::new());
        for share in shares {
            let packed = zstd::bulk::compress(share, ZSTD_LEVEL).map_err(|error| self.refused("write", error))?;
            self.file.write_all_at(&packed, at).map_err(|error| self.refused("write", error))?;
            let length =
                |bytes: usize| u32::try_from(bytes).map_err(|_| self.refused("write", io::ErrorKind::FileTooLarge.into()));
            let piece = Piece { at, packed_bytes: length(packed.len())?, bytes: length(share.len())? };
            places.extend(piece.packed_bytes.to_le_bytes());
            places.extend(piece.bytes.to_le_bytes());
            table.push(piece);
            at += packed.len() as u64;
            // The next run is as long: what it needs stays.
            share.clear();
        }
        self.file.write_all_at(&places, self.end).map_err(|error| self.refused("write", error))?;
        self.file.sync_all().map_err(|error| self.refused("sync", error))?;
        if self.end == 0 {
            self.sync_folder()?;
        }
        self.end = at;
        self.tables.push(table);
        Ok(at)
    }

    /// The pieces of a share, in the order of their lists.
    pub(super) fn pieces(&self, share: usize) -> impl Iterator<Item = Result<Vec<u8>, DriverError>> {
        self.tables.iter().filter_map(move |table| table.get(share)).filter(|piece| piece.bytes > 0).map(|piece| {
            let mut packed = vec![0; piece.packed_bytes as usize];
            self.file.read_exact_at(&mut packed, piece.at).map_err(|error| self.refused("read", error))?;
            zstd::bulk::decompress(&packed, piece.bytes as usize).map_err(|error| self.refused("read", error))
        })
    }

    /// How long a share is without its compression, in bytes.
    pub(super) fn share_bytes(&self, share: usize) -> u64 {
        self.tables.iter().filter_map(|table| table.get(share)).map(|piece| u64::from(piece.bytes)).sum()
    }

    /// Gives a share's room on the disk back, where the file system can; the file itself goes in the end.
    pub(super) fn free(&self, share: usize) {
        let holes = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        for piece in self.tables.iter().filter_map(|table| table.get(share)).filter(|piece| piece.packed_bytes > 0) {
            // Room that is not given back now is when the file is removed.
            let _ = rustix::fs::fallocate(&self.file, holes, piece.at, u64::from(piece.packed_bytes));
        }
    }

    /// Makes the file's name durable.
    fn sync_folder(&self) -> Result<(), DriverError> {
        let Some(folder) = self.path.parent() else { return Ok(()) };
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| DriverError::system("sync", folder, error))
    }

    fn refused(&self, action: &'static str, error: io::Error) -> DriverError {
        DriverError::system(action, &self.path, error)
    }
}

/// Removes the file, if it is there.
pub(super) fn remove(path: &Path) -> Result<(), DriverError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(DriverError::system("remove", path, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(runs: &Runs, share: usize) -> Vec<u8> {
        runs.pieces(share).flat_map(Result::unwrap).collect()
    }

    #[test]
    fn runs_read_back_and_what_no_record_names_is_cut_off() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("runs");
        let shares = Shares::of(256);
        let mut runs = Runs::open(path.clone(), shares, &[]).unwrap();
        let mut some = vec![Vec::new(); shares.count()];
        some[3] = b"first ".repeat(1000);
        let one = runs.append(&mut some).unwrap();
        some[3] = b"second".to_vec();
        let two = runs.append(&mut some).unwrap();
        some[4] = b"never recorded".to_vec();
        runs.append(&mut some).unwrap();

        let runs = Runs::open(path.clone(), shares, &[one, two]).unwrap();
        assert_eq!(whole(&runs, 3), [b"first ".repeat(1000), b"second".to_vec()].concat());
        assert_eq!((runs.share_bytes(3), runs.share_bytes(4)), (6_006, 0));
        runs.free(2);
        assert_eq!(path.metadata().unwrap().len(), two);
        assert!(Runs::open(path, shares, &[one, two + 1]).is_err());
    }

    /// The folder of runs was never synced: after a power failure the store named runs whose file was gone, an empty one was made in its
    /// place, and each resume ended with "failed to fill whole buffer".
    #[test]
    fn a_file_that_lost_its_runs_is_said_to_be_short_and_no_new_one_is_made() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("runs");
        let shares = Shares::of(256);
        let mut runs = Runs::open(path.clone(), shares, &[]).unwrap();
        let mut some = vec![b"entries".to_vec(); shares.count()];
        let end = runs.append(&mut some).unwrap();
        let is_short =
            || matches!(Runs::open(path.clone(), shares, &[end]), Err(DriverError::RunsShort { file }) if file == path);
        assert!(!is_short());
        runs.file.set_len(end - 1).unwrap();
        assert!(is_short());
        remove(&path).unwrap();
        assert!(is_short() && !path.exists());
    }

    #[test]
    fn hosts_of_a_partition_share_its_shares() {
        let shares = Shares::of(64);
        assert_eq!(shares.count(), 512);
        let host = HostKey::of(&"http://a.example/".parse().unwrap()).unwrap();
        assert_eq!(shares.share_of(&host) / 8, usize::from(host.partition(64).0));
        assert_eq!(Shares::of(1_000).count(), 1_000);
    }
}
