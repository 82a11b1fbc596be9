//! The two clocks, as values.
//!
//! Pure code never reads a clock: time arrives as [`Now`]. Gaps are measured on the monotonic clock; dates and whatever is
//! persisted are wall time. Both count whole milliseconds, rounded down, so that a wait for `t + d + 1 ms` is never short.

use serde::{Deserialize, Serialize};

/// Milliseconds since an arbitrary start of this process; never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Monotonic(pub u64);

impl Monotonic {
    /// The instant `delay_ms` milliseconds later; the far end of time instead of an overflow.
    #[must_use]
    pub const fn plus_ms(self, delay_ms: u64) -> Self {
        Self(self.0.saturating_add(delay_ms))
    }

    /// Milliseconds from `earlier` to this instant; 0 when `earlier` is later.
    #[must_use]
    pub const fn since_ms(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Milliseconds since the Unix epoch, as the machine's wall clock has it. It may be wrong, and it may jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct WallTime(pub u64);

impl WallTime {
    /// The time `delay_ms` milliseconds later; the far end of time instead of an overflow.
    #[must_use]
    pub const fn plus_ms(self, delay_ms: u64) -> Self {
        Self(self.0.saturating_add(delay_ms))
    }

    /// Milliseconds from `earlier` to this time; 0 when `earlier` is later.
    #[must_use]
    pub const fn since_ms(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Both clocks, read at one moment by the shell and passed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// For gaps and timers.
    pub monotonic: Monotonic,
    /// For dates and whatever is persisted.
    pub wall: WallTime,
}

impl Now {
    /// The wall time that the clocks will show when the monotonic clock shows `at` (or showed it).
    ///
    /// ```
    /// use comeback_diagnosis::clock::{Monotonic, Now, WallTime};
    /// let now = Now { monotonic: Monotonic(1_000), wall: WallTime(50_000) };
    /// assert_eq!(now.wall_at(Monotonic(3_000)), WallTime(52_000));
    /// ```
    #[must_use]
    pub const fn wall_at(self, at: Monotonic) -> WallTime {
        if at.0 >= self.monotonic.0 {
            self.wall.plus_ms(at.0 - self.monotonic.0)
        } else {
            WallTime(self.wall.0.saturating_sub(self.monotonic.0 - at.0))
        }
    }
}
