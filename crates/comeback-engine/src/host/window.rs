//! How many requests may be under way at a host: slow start, then careful growth.
//!
//! It starts at 1 (the canary). Each accepted answer adds one, up to [`FAST_MAX`] or half of what last met a refusal; from there on one
//! more for each full window of accepted answers, so that a limit is met with few requests under way. A refusal that begins a trouble
//! halves the memory of what went well and starts again at 1.

/// Up to here at most, growth is one for each accepted answer.
const FAST_MAX: u32 = 4;

/// The limit on a host's requests under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    limit: u32,
    limit_max: u32,
    /// Up to here growth is one for each accepted answer.
    fast_until: u32,
    accepted_since_growth: u32,
}

impl Window {
    pub(crate) const fn new(limit_max: u32) -> Self {
        Self { limit: 1, limit_max, fast_until: FAST_MAX, accepted_since_growth: 0 }
    }

    pub(crate) const fn limit(&self) -> u32 {
        self.limit
    }

    /// The widest that it may grow.
    pub(crate) const fn limit_max(&self) -> u32 {
        self.limit_max
    }

    /// What it soon grows to, if all goes well: growth is fast up to here.
    pub(crate) fn limit_soon(&self) -> u32 {
        self.limit.max(self.fast_until).min(self.limit_max)
    }

    /// An answer was accepted.
    pub(crate) fn grow(&mut self) {
        if self.limit >= self.limit_max {
            return;
        }
        self.accepted_since_growth += 1;
        if self.limit < self.fast_until || self.accepted_since_growth >= self.limit {
            self.limit += 1;
            self.accepted_since_growth = 0;
        }
    }

    /// The host refused: begin again at 1, and be careful from half of where it was.
    pub(crate) fn shrink(&mut self) {
        self.fast_until = (self.limit / 2).clamp(1, FAST_MAX);
        self.restart();
    }

    /// Begin again at 1, with what is known.
    pub(crate) const fn restart(&mut self) {
        self.limit = 1;
        self.accepted_since_growth = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_start_reaches_the_limit_and_stays() {
        let mut window = Window::new(4);
        let limits: Vec<u32> = (0..5)
            .map(|_| {
                window.grow();
                window.limit()
            })
            .collect();
        assert_eq!(limits, [2, 3, 4, 4, 4]);
    }

    /// The limits after each of so many accepted answers.
    fn grown(window: &mut Window, accepted: u32) -> Vec<u32> {
        let grow = |_| {
            window.grow();
            window.limit()
        };
        (0..accepted).map(grow).collect()
    }

    #[test]
    fn growth_is_careful_beyond_four_and_beyond_half_of_what_was_refused() {
        let mut window = Window::new(16);
        assert_eq!(grown(&mut window, 8), [2, 3, 4, 4, 4, 4, 5, 5]);
        window.shrink();
        assert_eq!(window.limit(), 1);
        assert_eq!(grown(&mut window, 6), [2, 2, 3, 3, 3, 4]);
        assert_eq!(grown(&mut Window::new(16), 200).last(), Some(&16));
    }
}
