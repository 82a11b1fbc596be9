//! From what an answer rests on to a confidence: among answers called 80 % sure, 80 % should be right.
//!
//! Weights are written by hand, signature by signature, and say how one fact compares with others. How often each kind of rule is
//! right was measured on labelled answers of products that it had not been written for (`corpus/README.md`; the corpus command prints
//! the same tables). It changes no cause.

use crate::exchange::Response;
use crate::sight::FURNITURE;

/// What a finding rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ground {
    /// What a known product sends, or fields and structures that have one meaning.
    Exact,
    /// Words that many products share.
    Words,
}

/// Combined weight, and the share of answers that were right: in between it is interpolated. Low weights are kept as they are: they
/// belong to bytes that are sent for several causes, whose shares are known.
type Curve = [(f64, f64); 8];

/// On answers that the rules had not seen, products' own signs were right less often than on those that they were written from.
const EXACT: Curve =
    [(0.0, 0.0), (0.62, 0.62), (0.68, 0.72), (0.74, 0.8), (0.85, 0.87), (0.93, 0.92), (0.99, 0.96), (1.0, 0.965)];

/// Unseen answers: words in a text (0.8 to 0.88) were right in 0.73 of 39, words in a headline (0.9 and more) in 0.92 of 71.
const WORDS: Curve = [(0.0, 0.0), (0.5, 0.46), (0.7, 0.6), (0.8, 0.7), (0.88, 0.8), (0.9, 0.88), (0.93, 0.92), (1.0, 0.95)];

/// The confidence that a combined weight stands for.
pub(crate) fn confidence_of(weight: f64, ground: Ground) -> f64 {
    let curve = match ground {
        Ground::Exact => EXACT,
        Ground::Words => WORDS,
    };
    let weight = weight.clamp(0.0, 1.0);
    let above = curve.iter().position(|(known, _)| weight <= *known).unwrap_or(curve.len() - 1).max(1);
    let ((low, from), (high, to)) = (curve[above - 1], curve[above]);
    from + (to - from) * (weight - low) / (high - low)
}

/// A page of a site is longer than this.
const SHORT_PAGE_BYTES_MAX: usize = 4 * 1024;

/// Data shorter than this may be an error that says success.
const SHORT_DATA_BYTES_MAX: usize = 600;

/// How sure success may be of itself where nothing speaks against it: a long page hides no refusal, a short one may be one whose words
/// nobody here knows. Of unseen pages below 1,500 bytes half were refusals, of those above 4,000 none.
pub(crate) fn confidence_of_success(response: &Response<'_>, by_status: f64) -> f64 {
    let body = response.body.trim_ascii_start();
    let holds = |tag: &&str| body.windows(tag.len()).any(|window| window.eq_ignore_ascii_case(tag.as_bytes()));
    let kind = match body.first() {
        None => 1.0,
        Some(_) if body.len() >= SHORT_PAGE_BYTES_MAX => 1.0,
        Some(b'{' | b'[') => {
            if body.len() < SHORT_DATA_BYTES_MAX {
                0.88
            } else {
                0.98
            }
        }
        Some(_) if FURNITURE.iter().any(holds) => 0.96,
        Some(b'<') if ["<html", "<body", "<head", "<title", "<!doctype html"].iter().any(holds) => 0.8,
        Some(_) => 0.96,
    };
    by_status * kind
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_weight_is_never_less_sure_and_nothing_is_certain() {
        for ground in [Ground::Exact, Ground::Words] {
            let confidences: Vec<f64> = (0..=100).map(|percent| confidence_of(f64::from(percent) / 100.0, ground)).collect();
            assert!(confidences.is_sorted());
            assert_eq!(confidences[0], 0.0);
            assert!(confidences[100] < 1.0 && confidence_of(7.0, ground) < 1.0);
        }
    }

    #[test]
    fn a_short_page_is_less_surely_a_success_than_a_long_one() {
        let sure = |body: &str| {
            let response = Response { status: 200, reason: b"", fields: &[], body: body.as_bytes(), body_bytes: None };
            confidence_of_success(&response, 0.97)
        };
        let page = |words: &str| format!("<html><title>A</title>{words}</html>");
        assert!(sure(&page("B")) < sure(&page("<nav>B</nav>")));
        assert!(sure(&page("<nav>B</nav>")) < sure(&page(&"B ".repeat(SHORT_PAGE_BYTES_MAX))));
        assert!(sure("{}") < sure(""));
    }
}
