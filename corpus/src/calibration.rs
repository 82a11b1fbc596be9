//! Calibration: among answers that are called 80 % sure, 80 % should be right, judged against the very label.

use crate::score::Judged;

/// How many bins the range of confidences has.
const BINS: usize = 10;

/// One bin of confidences.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bin {
    /// How many answers fell into it.
    pub count: usize,
    /// The sum of their confidences.
    pub confidence: f64,
    /// How many of them name the very label.
    pub right: f64,
}

impl Bin {
    /// A sum over the bin as its mean; 0 of nothing.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "the corpus has thousands of answers, not 2^53")]
    pub fn mean(&self, sum: f64) -> f64 {
        sum / self.count.max(1) as f64
    }
}

/// The answers by confidence, in ten bins.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a confidence lies between 0 and 1")]
pub fn bins(judged: &[Judged<'_>]) -> [Bin; BINS] {
    let mut bins = [Bin::default(); BINS];
    for one in judged {
        let place = ((one.confidence.clamp(0.0, 1.0) * BINS as f64) as usize).min(BINS - 1);
        bins[place].count += 1;
        bins[place].confidence += one.confidence;
        bins[place].right += f64::from(u8::from(one.said == one.answer.gold));
    }
    bins
}

/// Expected calibration error: the gap between confidence and accuracy, weighted by the answers of each bin.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "the corpus has thousands of answers, not 2^53")]
pub fn error(judged: &[Judged<'_>]) -> f64 {
    let gaps = bins(judged).iter().map(|bin| (bin.confidence - bin.right).abs()).sum::<f64>();
    if judged.is_empty() { 0.0 } else { gaps / judged.len() as f64 }
}
