//! What this process used: time, processor, memory; and what lies on the disk.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// The size of the blocks that the system counts a file in.
const BLOCK_BYTES: u64 = 512;

/// A moment, and the processor's time used until then.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    at: Instant,
    processor: Duration,
}

/// What lies between two moments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) wall: Duration,
    pub(crate) processor: Duration,
}

impl Moment {
    pub(crate) fn now() -> Self {
        let used = clock_gettime(ClockId::ProcessCPUTime);
        let seconds = u64::try_from(used.tv_sec).unwrap_or(0);
        let nanoseconds = u32::try_from(used.tv_nsec).unwrap_or(0);
        Self { at: Instant::now(), processor: Duration::new(seconds, nanoseconds) }
    }

    pub(crate) fn until(self, later: Self) -> Span {
        Span { wall: later.at.duration_since(self.at), processor: later.processor.saturating_sub(self.processor) }
    }
}

/// The most memory that was resident since the process began, or since [`forget_memory`], in bytes.
pub(crate) fn memory_peak_bytes() -> io::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kibibytes.map(|kibibytes| kibibytes * 1024).ok_or_else(|| io::Error::other("the system tells no peak of memory"))
}

/// Begins a new peak.
pub(crate) fn forget_memory() -> io::Result<()> {
    fs::write("/proc/self/clear_refs", "5")
}

/// What a folder takes on the disk, in bytes.
pub(crate) fn disk_bytes(path: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let about = entry.metadata()?;
        bytes += if about.is_dir() { disk_bytes(&entry.path())? } else { about.blocks() * BLOCK_BYTES };
    }
    Ok(bytes)
}
