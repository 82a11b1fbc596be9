//! A file's contents, page by page, and how an old and a new state of it may be mixed on a disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;

use crate::chance::Chance;

/// What a system writes back at once, in bytes.
const PAGE_BYTES: usize = 4096;
/// The same, for offsets.
const PAGE: u64 = PAGE_BYTES as u64;
/// What a disk writes whole or not at all, in bytes.
const SECTOR_BYTES: usize = 512;

/// A file's length, and its pages that are not all zero; a preallocated file has few.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct FileImage {
    bytes: u64,
    pages: BTreeMap<u64, Vec<u8>>,
}

impl FileImage {
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        let mut image = Self { bytes, pages: BTreeMap::new() };
        let mut offset = 0;
        while offset < bytes {
            // Holes are passed over.
            offset = match seek(&file, SeekFrom::Data(offset)) {
                Ok(data) => data / PAGE * PAGE,
                Err(Errno::NXIO) => break,
                Err(error) => return Err(error.into()),
            };
            let mut page = vec![0; PAGE_BYTES];
            let length = usize::try_from(bytes - offset).unwrap_or(usize::MAX).min(page.len());
            file.read_exact_at(&mut page[..length], offset)?;
            image.set(offset / PAGE, page);
            offset += PAGE;
        }
        Ok(image)
    }

    /// Writes the file anew.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = File::create(path)?;
        for (number, page) in &self.pages {
            file.write_all_at(page, number * PAGE)?;
        }
        file.set_len(self.bytes)
    }

    fn set(&mut self, number: u64, page: Vec<u8>) {
        if page.iter().any(|byte| *byte != 0) {
            self.pages.insert(number, page);
        } else {
            self.pages.remove(&number);
        }
    }

    /// A state between an old one that was synced and a new one that was not: of each sector that differs, and of the length, either
    /// may be there, whatever the order in which they were written.
    pub(crate) fn mixed(old: &Self, new: &Self, chance: &mut Chance) -> Self {
        let (shorter, longer) = (old.bytes.min(new.bytes), old.bytes.max(new.bytes));
        let bytes = match chance.below(3) {
            0 => old.bytes,
            1 => new.bytes,
            _ => shorter + chance.below(longer - shorter + 1),
        };
        let mut mixed = Self { bytes, pages: BTreeMap::new() };
        let empty = vec![0; PAGE_BYTES];
        let numbers: BTreeSet<u64> = old.pages.keys().chain(new.pages.keys()).copied().collect();
        for number in numbers.into_iter().filter(|number| number * PAGE < bytes) {
            let page_of = |image: &Self| image.pages.get(&number).unwrap_or(&empty).clone();
            let (before, after) = (page_of(old), page_of(new));
            let mut page = match chance.below(3) {
                0 => before,
                1 => after,
                _ => {
                    let sectors = before.chunks(SECTOR_BYTES).zip(after.chunks(SECTOR_BYTES));
                    sectors.flat_map(|(before, after)| if chance.flip() { before } else { after }.to_vec()).collect()
                }
            };
            // Beyond its end a file has nothing, not even when it grows again.
            let kept = usize::try_from(bytes - number * PAGE).unwrap_or(usize::MAX).min(page.len());
            page[kept..].fill(0);
            mixed.set(number, page);
        }
        mixed
    }
}
