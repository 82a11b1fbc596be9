//! The end of the database's journal after a power failure, cut back to its last whole batch before the database reads it.
//!
//! What was written since the last sync may be there in parts: a later sector without an earlier one. fjall 3.1 takes that for
//! damage and does not open (with debug assertions it panics), though nothing that was synced is lost. So the newest journal is
//! read here first, by its checksums; the others were synced before they were closed. The format is that of the pinned version:
//!
//! ```text
//! batch  1, count u32, sequence u64, items, 3, checksum u64 over the items, trailer
//! item   2, type u8, compression u8, keyspace u64, key length u16, length u32, stored length u32, key, value
//! item   4, keyspace u64
//! ```
//!
//! It mends no damage: bytes before the cut are left as they are, and a cut that loses what was published is found by whoever
//! compares the two.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::Xxh3;

/// The ending of journals; the rest of the name is their number.
const EXTENSION: &str = "jnl";
/// The database's lock, in its folder.
pub(crate) const LOCK_NAME: &str = "lock";
const BATCH_BEGIN: u8 = 1;
const ITEM: u8 = 2;
const BATCH_END: u8 = 3;
const CLEARED: u8 = 4;
const TRAILER: [u8; 4] = *b"FJL\x03";
/// An item's fields between its tag and its key.
const ITEM_HEAD_BYTES: usize = 20;
/// How much of a value is read at once, in bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// Cuts the newest journal of the database in a folder, if there is one. A database that is in use is left alone: opening it will
/// say so.
pub(crate) fn cut_torn_tail(folder: &Path) -> io::Result<()> {
    let Some(path) = newest(folder)? else { return Ok(()) };
    let lock = OpenOptions::new().read(true).write(true).open(folder.join(LOCK_NAME));
    let is_free = lock.as_ref().is_ok_and(|lock| lock.try_lock().is_ok());
    if !is_free {
        return Ok(());
    }
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let bytes = file.metadata()?.len();
    let whole = whole_bytes(&file, bytes)?;
    if whole < bytes {
        file.set_len(whole)?;
        file.sync_all()?;
    }
    Ok(())
}

fn newest(folder: &Path) -> io::Result<Option<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    let mut newest: Option<(u64, PathBuf)> = None;
    for entry in entries {
        let path = entry?.path();
        let number = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        if let Some(number) = number.filter(|_| path.extension().is_some_and(|extension| extension == EXTENSION))
            && newest.as_ref().is_none_or(|(other, _)| number > *other)
        {
            newest = Some((number, path));
        }
    }
    Ok(newest.map(|(_, path)| path))
}

/// How far a journal consists of whole batches.
fn whole_bytes(file: &File, bytes: u64) -> io::Result<u64> {
    let mut journal = Journal { source: BufReader::with_capacity(PIECE_BYTES, file), at: 0, bytes };
    let mut whole = 0;
    while journal.pass_batch()?.is_some() {
        whole = journal.at;
    }
    Ok(whole)
}

/// A journal that is read from its beginning. Where it does not go on as it should, there is `None`.
struct Journal<'a> {
    source: BufReader<&'a File>,
    at: u64,
    bytes: u64,
}

impl Journal<'_> {
    fn pass_batch(&mut self) -> io::Result<Option<()>> {
        let mut checksum = Xxh3::new();
        if self.take::<1>()? != Some([BATCH_BEGIN]) {
            return Ok(None);
        }
        let (Some(count), Some(_sequence)) = (self.take::<4>()?, self.take::<8>()?) else { return Ok(None) };
        for _ in 0..u32::from_le_bytes(count) {
            if self.pass_item(&mut checksum)?.is_none() {
                return Ok(None);
            }
        }
        let ended = (self.take::<1>()?, self.take::<8>()?, self.take::<4>()?);
        let expected = (Some([BATCH_END]), Some(checksum.digest().to_le_bytes()), Some(TRAILER));
        Ok((ended == expected).then_some(()))
    }

    fn pass_item(&mut self, checksum: &mut Xxh3) -> io::Result<Option<()>> {
        let Some([tag]) = self.take::<1>()? else { return Ok(None) };
        checksum.update(&[tag]);
        if tag == CLEARED {
            return self.pass(8, checksum);
        }
        let Some(head) = self.take::<ITEM_HEAD_BYTES>()?.filter(|_| tag == ITEM) else { return Ok(None) };
        checksum.update(&head);
        let [_, compression, .., key_low, key_high, l0, l1, l2, l3, s0, s1, s2, s3] = head;
        let key_bytes = u64::from(u16::from_le_bytes([key_low, key_high]));
        let (length, stored) = (u32::from_le_bytes([l0, l1, l2, l3]), u32::from_le_bytes([s0, s1, s2, s3]));
        if compression == 0 && length != stored {
            return Ok(None);
        }
        self.pass(key_bytes + u64::from(stored), checksum)
    }

    fn take<const COUNT: usize>(&mut self) -> io::Result<Option<[u8; COUNT]>> {
        let mut bytes = [0; COUNT];
        if self.bytes - self.at < COUNT as u64 {
            return Ok(None);
        }
        self.source.read_exact(&mut bytes)?;
        self.at += COUNT as u64;
        Ok(Some(bytes))
    }

    fn pass(&mut self, count: u64, checksum: &mut Xxh3) -> io::Result<Option<()>> {
        if self.bytes - self.at < count {
            return Ok(None);
        }
        let mut rest = (&mut self.source).take(count);
        let mut piece = [0; 4096];
        loop {
            let read = rest.read(&mut piece)?;
            if read == 0 {
                break;
            }
            checksum.update(&piece[..read]);
        }
        self.at += count;
        Ok(Some(()))
    }
}
