//! Flapping: refusals that come whatever the pace, each by chance.
//!
//! The hypothesis must be earned: a climb begins with a refusal in steady running, and each further one makes the gap longer by
//! half. A limit ends a climb soon. Where the gap has become four times as long within few accepted answers, and refusals still
//! come, slowing down changes nothing, and no gap is kept. It is withdrawn when the share of refusals doubles: our own rate may
//! matter after all. A refusal that names a rate or a time to come back is never flapping.

use super::pace::GAP_MS_MAX;

/// How much longer a gap must have become in a climb.
const GAP_GROWTH: u64 = 4;
/// Refusals in a climb that has reached the longest gap, where it cannot go on.
const REFUSALS_AT_LONGEST: u32 = 4;
/// Accepted answers after which a climb has found its limit.
const CLIMB_ACCEPTED_MAX: u32 = 64;
/// Refusals after which the share is looked at again.
const REFUSALS_WATCHED: u32 = 16;

/// What is known of a host's flapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Flapping {
    /// No reason to think so.
    #[default]
    Unlikely,
    /// The gap is being made longer.
    Climbing { from_gap_ms: u64, counts: Counts },
    /// Slowing down changed nothing. `before` are the counts that earned this, `now` those since.
    Earned { before: Counts, now: Counts },
}

/// Answers, by how they ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    accepted: u32,
    refused: u32,
}

impl Flapping {
    pub(crate) const fn is_earned(self) -> bool {
        matches!(self, Self::Earned { .. })
    }

    pub(crate) const fn accepted(&mut self) {
        match self {
            Self::Unlikely => {}
            Self::Climbing { counts, .. } => {
                counts.accepted += 1;
                if counts.accepted > CLIMB_ACCEPTED_MAX {
                    *self = Self::Unlikely;
                }
            }
            Self::Earned { now, .. } => now.accepted += 1,
        }
    }

    /// A refusal that gives no reason to slow down but itself, at this gap; `is_steady`: the gap was being kept.
    pub(crate) const fn refused(&mut self, gap_ms: u64, is_steady: bool) {
        match self {
            Self::Unlikely if is_steady => {
                *self = Self::Climbing { from_gap_ms: gap_ms, counts: Counts { accepted: 0, refused: 1 } }
            }
            Self::Unlikely => {}
            Self::Climbing { from_gap_ms, counts } => {
                counts.refused += 1;
                let is_longest = gap_ms >= GAP_MS_MAX && counts.refused >= REFUSALS_AT_LONGEST;
                if is_steady && (gap_ms >= *from_gap_ms * GAP_GROWTH || is_longest) {
                    *self = Self::Earned { before: *counts, now: Counts { accepted: 0, refused: 0 } };
                }
            }
            Self::Earned { before, now } => {
                now.refused += 1;
                if now.refused >= REFUSALS_WATCHED {
                    // refused / accepted, compared without division.
                    if now.refused as u64 * before.accepted as u64 > 2 * before.refused as u64 * now.accepted as u64 {
                        *self = Self::Unlikely;
                    } else {
                        *now = Counts { accepted: 0, refused: 0 };
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn climb(steps: &[u64], accepted_between: u32) -> Flapping {
        let mut flapping = Flapping::default();
        for gap_ms in steps {
            flapping.refused(*gap_ms, true);
            (0..accepted_between).for_each(|_| flapping.accepted());
        }
        flapping
    }

    #[test]
    fn it_is_earned_only_by_slowing_down_in_vain() {
        assert!(climb(&[100, 150, 225, 337, 506], 5).is_earned());
        assert!(!climb(&[100, 150, 225, 337], 5).is_earned());
        assert!(!climb(&[100, 150, 225, 337, 506], 30).is_earned());
        assert!(!climb(&[100; 20], 5).is_earned());
    }

    #[test]
    fn it_is_withdrawn_when_refusals_double() {
        let mut flapping = climb(&[100, 150, 225, 337, 506], 5);
        for _ in 0..REFUSALS_WATCHED {
            flapping.refused(0, false);
            (0..5).for_each(|_| flapping.accepted());
        }
        assert!(flapping.is_earned());
        for _ in 0..REFUSALS_WATCHED {
            flapping.refused(0, false);
            flapping.accepted();
        }
        assert!(!flapping.is_earned());
    }
}
