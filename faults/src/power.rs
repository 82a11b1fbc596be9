//! Power that fails: what was synced is on the disk, of the rest anything may be.
//!
//! Life story: a [`Disk`] is told what is synced, as it is synced; when power fails it rewrites the folder as a machine might find it:
//! contents that were not synced are there by sectors, in any choice of them, torn or zero; names that were not synced are there or
//! not, those that were removed too. Then all that is found is durable.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::chance::Chance;
use crate::file_image::FileImage;

/// A file, whatever its name: its number, and since when it has it.
type Inode = (u64, Option<SystemTime>);

/// A folder on a disk whose power may fail.
#[derive(Debug)]
pub struct Disk {
    folder: PathBuf,
    /// Names that would be found.
    names: BTreeMap<PathBuf, Inode>,
    /// Contents that would be found.
    contents: BTreeMap<Inode, FileImage>,
}

impl Disk {
    /// A folder, all of which is durable.
    ///
    /// # Errors
    /// The system's.
    pub fn new(folder: &Path) -> io::Result<Self> {
        let mut disk = Self { folder: folder.to_owned(), names: BTreeMap::new(), contents: BTreeMap::new() };
        disk.all_synced()?;
        Ok(disk)
    }

    /// The contents of a file were synced; its name may not be.
    ///
    /// # Errors
    /// The system's.
    pub fn file_synced(&mut self, path: &Path) -> io::Result<()> {
        self.contents.insert(inode_of(&fs::metadata(path)?), FileImage::read(path)?);
        Ok(())
    }

    /// The names in a folder were synced.
    ///
    /// # Errors
    /// The system's.
    pub fn folder_synced(&mut self, folder: &Path) -> io::Result<()> {
        self.names.retain(|path, _| path.parent() != Some(folder));
        let now = self.present()?;
        self.names.extend(now.into_iter().filter(|(path, _)| path.parent() == Some(folder)));
        Ok(())
    }

    /// The contents of every file were synced; names may not be.
    ///
    /// # Errors
    /// The system's.
    pub fn contents_synced(&mut self) -> io::Result<()> {
        self.present()?.keys().try_for_each(|path| self.file_synced(path))
    }

    /// Everything was synced.
    ///
    /// # Errors
    /// The system's.
    pub fn all_synced(&mut self) -> io::Result<()> {
        self.contents.clear();
        self.contents_synced()?;
        self.names = self.present()?;
        Ok(())
    }

    /// Power fails and comes back: the folder is what might be found then. Nobody may have a file of it open.
    ///
    /// # Errors
    /// The system's.
    pub fn fail_power(&mut self, chance: &mut Chance) -> io::Result<()> {
        let present = self.present()?;
        let paths: BTreeSet<&PathBuf> = present.keys().chain(self.names.keys()).collect();
        let mut found = BTreeMap::new();
        for path in paths {
            let (now, durable) = (present.get(path), self.names.get(path));
            // Where the name means another file than what was synced, either may be found.
            let inode = if now == durable || chance.flip() { now } else { durable };
            let Some(inode) = inode else { continue };
            let nothing = FileImage::default();
            let old = self.contents.get(inode).unwrap_or(&nothing);
            let image = if now == Some(inode) { FileImage::mixed(old, &FileImage::read(path)?, chance) } else { old.clone() };
            found.insert(path.clone(), image);
        }
        present.keys().try_for_each(fs::remove_file)?;
        found.iter().try_for_each(|(path, image)| image.write(path))?;
        self.all_synced()
    }

    fn present(&self) -> io::Result<BTreeMap<PathBuf, Inode>> {
        files(&self.folder)
    }
}

/// Copies a folder as a process that is killed at this moment would leave it. Holes stay holes.
///
/// # Errors
/// The system's.
pub fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    for path in files(from)?.keys() {
        FileImage::read(path)?.write(&to.join(path.strip_prefix(from).unwrap_or(path)))?;
    }
    Ok(())
}

fn inode_of(about: &fs::Metadata) -> Inode {
    (about.ino(), about.created().ok())
}

fn files(folder: &Path) -> io::Result<BTreeMap<PathBuf, Inode>> {
    let mut present = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                present.insert(entry.path(), inode_of(&entry.metadata()?));
            }
        }
    }
    Ok(present)
}

/// A folder for tests that sync much: in memory, where there is such a place, since these failures are made and not awaited.
#[must_use]
pub fn fast_folder() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// What is found of `file` after many failures of power, each from the same state.
    fn found(prepare: impl Fn(&Path, &mut Disk)) -> BTreeSet<Option<Vec<u8>>> {
        let mut found = BTreeSet::new();
        for seed in 0..300 {
            let dir = tempfile::tempdir_in(fast_folder()).unwrap();
            let path = dir.path().join("file");
            let mut disk = Disk::new(dir.path()).unwrap();
            prepare(&path, &mut disk);
            disk.fail_power(&mut Chance::of_seed(seed)).unwrap();
            found.insert(fs::read(path).ok());
        }
        found
    }

    fn append(path: &Path, bytes: &[u8]) {
        fs::OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(bytes).unwrap();
    }

    #[test]
    fn what_was_synced_stays() {
        let found = found(|path, disk| {
            append(path, b"kept");
            disk.all_synced().unwrap();
        });
        assert_eq!(found, BTreeSet::from([Some(b"kept".to_vec())]));
    }

    #[test]
    fn what_was_not_synced_is_there_in_every_degree() {
        let found = found(|path, disk| {
            append(path, &[b'a'; 600]);
            disk.all_synced().unwrap();
            append(path, &[b'b'; 6000]);
        });
        let of = |lengths: [usize; 3]| Some([vec![b'a'; lengths[0]], vec![b'b'; lengths[1]], vec![0; lengths[2]]].concat());
        for state in [of([600, 0, 0]), of([600, 6000, 0]), of([600, 3496, 2504]), of([600, 0, 6000])] {
            assert!(found.contains(&state), "missing of {} states", found.len());
        }
        assert!(found.iter().flatten().all(|bytes| bytes.starts_with(&[b'a'; 600])));
        // A later sector without an earlier one.
        assert!(found.iter().flatten().any(|bytes| bytes.len() == 6600 && bytes[700] == 0 && bytes[6000] == b'b'));
    }

    #[test]
    fn a_name_that_was_not_synced_may_be_lost_with_all_it_names() {
        let new = found(|path, disk| {
            append(path, b"new");
            disk.file_synced(path).unwrap();
        });
        assert_eq!(new, BTreeSet::from([None, Some(b"new".to_vec())]));
        let removed = found(|path, disk| {
            append(path, b"old");
            disk.all_synced().unwrap();
            fs::remove_file(path).unwrap();
        });
        assert_eq!(removed, BTreeSet::from([None, Some(b"old".to_vec())]));
        let replaced = found(|path, disk| {
            append(path, b"old");
            disk.all_synced().unwrap();
            let fresh = path.with_extension("new");
            append(&fresh, b"new");
            disk.file_synced(&fresh).unwrap();
            fs::rename(&fresh, path).unwrap();
        });
        assert!(replaced.contains(&Some(b"old".to_vec())) && replaced.contains(&Some(b"new".to_vec())) && replaced.len() == 2);
    }

    #[test]
    fn a_folder_that_was_synced_keeps_its_names() {
        let found = found(|path, disk| {
            append(path, b"new");
            disk.file_synced(path).unwrap();
            disk.folder_synced(path.parent().unwrap()).unwrap();
        });
        assert_eq!(found, BTreeSet::from([Some(b"new".to_vec())]));
    }
}
