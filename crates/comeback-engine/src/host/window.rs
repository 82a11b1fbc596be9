//! How many requests may be under way at a host: slow start, then careful growth.
//!
//! It starts at 1 (the canary). Each accepted answer adds one, until half of what last met a refusal; from there on one more
//! for each full window of accepted answers. A refusal halves the memory of what went well and starts again at 1.

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
        Self { limit: 1, limit_max, fast_until: limit_max, accepted_since_growth: 0 }
    }

    pub(crate) const fn limit(&self) -> u32 {
        self.limit
    }

    /// The widest that it may grow.
    pub(crate) const fn limit_max(&self) -> u32 {
        self.limit_max
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
        self.fast_until = (self.limit / 2).max(1);
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

    #[test]
    fn growth_is_careful_beyond_half_of_what_was_refused() {
        let mut window = Window::new(16);
        (0..7).for_each(|_| window.grow());
        assert_eq!(window.limit(), 8);
        window.shrink();
        assert_eq!(window.limit(), 1);
        (0..3).for_each(|_| window.grow());
        assert_eq!(window.limit(), 4);
        (0..3).for_each(|_| window.grow());
        assert_eq!(window.limit(), 4);
        window.grow();
        assert_eq!(window.limit(), 5);
    }
}
