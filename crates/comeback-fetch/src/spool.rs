//! Where the bytes of a response are put while they come: in memory up to a limit, then in a file of the spool folder.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use crate::capture::WireBytes;
use crate::route::FetchError;

/// Numbers the spool files of this process; their folder belongs to one process.
static FILES_MADE: AtomicU64 = AtomicU64::new(0);

/// A file of the spool folder, removed when this value goes.
#[derive(Debug)]
pub struct SpoolFile {
    path: PathBuf,
    bytes: u64,
}

impl SpoolFile {
    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How long it is.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for SpoolFile {
    fn drop(&mut self) {
        // A file that stays is removed when the folder is next opened, so a failure here costs nothing but space.
        drop(std::fs::remove_file(&self.path));
    }
}

/// Takes a response's bytes as they come.
///
/// Life: in memory, until `memory_bytes_max` would be exceeded; from then on in a file. It ends as [`WireBytes`], or is dropped
/// and leaves nothing behind.
pub(crate) struct WireSink {
    folder: PathBuf,
    memory_bytes_max: usize,
    memory: Vec<u8>,
    spooled: Option<(File, SpoolFile)>,
}

impl WireSink {
    pub(crate) fn new(folder: &Path, memory_bytes_max: usize) -> Self {
        Self { folder: folder.to_owned(), memory_bytes_max, memory: Vec::new(), spooled: None }
    }

    /// Takes the next bytes.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        if self.spooled.is_none() {
            if self.memory.len() + bytes.len() <= self.memory_bytes_max {
                self.memory.extend_from_slice(bytes);
                return Ok(());
            }
            let mut opened = open(&self.folder)?;
            let begun = std::mem::take(&mut self.memory);
            append(&mut opened, &begun).await?;
            self.spooled = Some(opened);
        }
        match &mut self.spooled {
            Some(spooled) => append(spooled, bytes).await,
            None => Ok(()),
        }
    }

    /// Everything taken, readable from now on.
    pub(crate) async fn finish(self) -> Result<WireBytes, FetchError> {
        let Some((mut file, spooled)) = self.spooled else {
            return Ok(WireBytes::Memory(self.memory));
        };
        file.flush().await.map_err(|source| FetchError::Spool { path: spooled.path.clone(), source })?;
        Ok(WireBytes::Spool(spooled))
    }
}

/// Makes the file in one go, without waiting in between, so that a cut attempt cannot leave a file that no value knows.
fn open(folder: &Path) -> Result<(File, SpoolFile), FetchError> {
    let number = FILES_MADE.fetch_add(1, Ordering::Relaxed);
    let path = folder.join(format!("{}-{number}.wire", std::process::id()));
    match std::fs::File::options().write(true).create_new(true).open(&path) {
        Ok(file) => Ok((File::from_std(file), SpoolFile { path, bytes: 0 })),
        Err(source) => Err(FetchError::Spool { path, source }),
    }
}

async fn append((file, spooled): &mut (File, SpoolFile), bytes: &[u8]) -> Result<(), FetchError> {
    file.write_all(bytes).await.map_err(|source| FetchError::Spool { path: spooled.path.clone(), source })?;
    spooled.bytes += bytes.len() as u64;
    Ok(())
}
