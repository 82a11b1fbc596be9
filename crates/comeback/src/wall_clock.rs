//! The machine's wall clock as the value that everything else takes.

use std::time::{SystemTime, UNIX_EPOCH};

use comeback_engine::diagnosis::clock::WallTime;

/// The time now.
#[must_use]
pub fn now() -> WallTime {
    of(SystemTime::now())
}

/// A system time; the epoch for one before it.
#[must_use]
pub fn of(time: SystemTime) -> WallTime {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    WallTime(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
