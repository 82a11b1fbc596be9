//! From the combined weights of signatures to a confidence: among answers called 80 % sure, 80 % should be right.
//!
//! Weights are written by hand, signature by signature, and say how one fact compares with others; what they come to together was
//! measured on the labelled answers (`corpus/`, whose command prints the same table). It changes no cause.

/// Combined weight, and the share of answers that were right: in between it is interpolated. Low weights are kept as they are: they
/// belong to bytes that are sent for several causes, whose shares are known.
const CURVE: [(f64, f64); 8] =
    [(0.0, 0.0), (0.62, 0.62), (0.68, 0.78), (0.74, 0.86), (0.85, 0.89), (0.93, 0.93), (0.99, 0.965), (1.0, 0.97)];

/// The confidence that a combined weight stands for.
pub(crate) fn confidence_of(weight: f64) -> f64 {
    let weight = weight.clamp(0.0, 1.0);
    let above = CURVE.iter().position(|(known, _)| weight <= *known).unwrap_or(CURVE.len() - 1).max(1);
    let ((low, from), (high, to)) = (CURVE[above - 1], CURVE[above]);
    from + (to - from) * (weight - low) / (high - low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_weight_is_never_less_sure_and_nothing_is_certain() {
        let confidences: Vec<f64> = (0..=100).map(|percent| confidence_of(f64::from(percent) / 100.0)).collect();
        assert!(confidences.is_sorted());
        assert_eq!(confidences[0], 0.0);
        assert!(confidences[100] < 1.0 && confidence_of(7.0) < 1.0);
    }
}
