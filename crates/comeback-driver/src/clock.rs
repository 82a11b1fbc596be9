//! The process' clocks: the only place where the driver reads them.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use comeback_engine::diagnosis::clock::{Monotonic, Now, WallTime};

/// Reads both clocks; monotonic time counts from when this was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    started: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { started: Instant::now() }
    }

    pub(crate) fn now(self) -> Now {
        let passed_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Now { monotonic: Monotonic(passed_ms), wall: wall_now() }
    }

    /// The runtime's name for an instant of ours.
    pub(crate) fn instant(self, at: Monotonic) -> tokio::time::Instant {
        // A wake-up beyond a year is as good as none, and keeps the addition within what the system can express.
        const WAIT_MS_MAX: u64 = 365 * 24 * 60 * 60 * 1000;
        let at_ms = at.0.min(self.now().monotonic.0.saturating_add(WAIT_MS_MAX));
        tokio::time::Instant::from_std(self.started + std::time::Duration::from_millis(at_ms))
    }
}

/// The wall clock; the epoch itself where the machine's clock stands before it.
pub(crate) fn wall_now() -> WallTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    WallTime(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
