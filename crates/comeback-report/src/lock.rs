//! Whether some process runs a job right now, asked from outside.
//!
//! The running process holds an exclusive lock on `state/lock`, which the system takes back when the process ends, however it ends.
//! Asking takes a shared lock for a moment and changes nothing. Taking the lock to run a job is the driver's.

use std::fs::File;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// Where the lock lies, relative to the job's DIR.
pub const LOCK_PATH: &str = "state/lock";

/// Whether a process runs the job in `dir`. A lock that cannot be opened counts as free: there is nobody to ask.
#[must_use]
pub fn job_is_running(dir: &Path) -> bool {
    let Ok(file) = File::open(dir.join(LOCK_PATH)) else {
        return false;
    };
    // Dropping the file gives the shared lock back.
    flock(&file, FlockOperation::NonBlockingLockShared) == Err(Errno::WOULDBLOCK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_runs_while_its_lock_is_held() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!job_is_running(dir.path()));
        std::fs::create_dir(dir.path().join("state")).unwrap();
        let lock = File::create(dir.path().join(LOCK_PATH)).unwrap();
        assert!(!job_is_running(dir.path()));
        flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
        assert!(job_is_running(dir.path()));
        drop(lock);
        assert!(!job_is_running(dir.path()));
    }
}
