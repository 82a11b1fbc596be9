//! Maps of terms as SVG: one term with what is around it, and all of them on a circle.
//!
//! Every name is a link; the same links stand on the page as text, so a map adds a picture and hides nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::TAU;
use std::fmt::Write as _;

use comeback_engine::diagnosis::term::Term;
use comeback_engine::diagnosis::terms::Terms;

use crate::term_html::escaped;

/// Width and height of the map around one term.
const AROUND_SIZE: (f64, f64) = (700.0, 300.0);
/// From the middle of that map to its names, across and down.
const AROUND_RADII: (f64, f64) = (230.0, 115.0);
/// Width and height of the map of all terms.
const WHOLE_SIDE: f64 = 1_000.0;
/// From the middle of that map to its names.
const WHOLE_RADIUS: f64 = 310.0;

/// A term in the middle, those near it around, a line to each.
pub(crate) fn around(term: &Term, near: &[&Term]) -> String {
    let ((width, height), (across, down)) = (AROUND_SIZE, AROUND_RADII);
    let (x, y) = (width / 2.0, height / 2.0);
    let count = count(near.len());
    let places: Vec<(f64, f64)> = (0..near.len())
        .map(|index| {
            let angle = TAU * (self::count(index) / count) - TAU / 4.0;
            (x + across * angle.cos(), y + down * angle.sin())
        })
        .collect();
    let mut svg = opened("around", width, height, &format!("What goes with {}", term.title));
    for (to_x, to_y) in &places {
        let _infallible = writeln!(svg, "<path d=\"M{x:.0} {y:.0}L{to_x:.0} {to_y:.0}\"/>");
    }
    for (other, (to_x, to_y)) in near.iter().zip(&places) {
        let name = &other.term;
        let _infallible = writeln!(
            svg,
            "<a href=\"{name}.html\">{}<text x=\"{to_x:.0}\" y=\"{to_y:.0}\" text-anchor=\"middle\" dy=\"5\">{name}</text></a>",
            patch(*to_x, *to_y, name)
        );
    }
    let name = &term.term;
    let _infallible = writeln!(
        svg,
        "{}<text class=\"own\" x=\"{x:.0}\" y=\"{y:.0}\" text-anchor=\"middle\" dy=\"5\">{name}</text>\n</svg>",
        patch(x, y, name)
    );
    svg
}

/// All terms on a circle, group beside group, a curve between two that go together.
pub(crate) fn whole(terms: &Terms) -> String {
    let middle = WHOLE_SIDE / 2.0;
    let mut all: Vec<&Term> = terms.all().iter().collect();
    all.sort_by_key(|term| (term.group, &term.term));
    let angles: BTreeMap<&str, f64> =
        all.iter().enumerate().map(|(index, term)| (term.term.as_str(), TAU * count(index) / count(all.len()))).collect();
    let place = |angle: f64, radius: f64| (middle + radius * angle.cos(), middle + radius * angle.sin());
    let mut svg = opened("whole", WHOLE_SIDE, WHOLE_SIDE, "All terms, and which go together");
    let mut joined = BTreeSet::new();
    for term in &all {
        for other in &term.related {
            let pair = (term.term.as_str().min(other), term.term.as_str().max(other));
            let Some(to) = angles.get(other.as_str()).filter(|_| joined.insert(pair)) else { continue };
            let ((x, y), (to_x, to_y)) = (place(angles[term.term.as_str()], WHOLE_RADIUS), place(*to, WHOLE_RADIUS));
            let _infallible = writeln!(svg, "<path d=\"M{x:.0} {y:.0}Q{middle} {middle} {to_x:.0} {to_y:.0}\"/>");
        }
    }
    for term in &all {
        let angle = angles[term.term.as_str()];
        let (x, y) = place(angle, WHOLE_RADIUS + 8.0);
        let degrees = angle.to_degrees();
        // Names on the left are turned round, so that none stands on its head.
        let is_left = (90.0..270.0).contains(&degrees);
        let (turn, anchor) = if is_left { (degrees - 180.0, "end") } else { (degrees, "start") };
        let name = &term.term;
        let _infallible = writeln!(
            svg,
            "<a href=\"{name}.html\"><text x=\"{x:.0}\" y=\"{y:.0}\" dy=\"4\" text-anchor=\"{anchor}\" \
             transform=\"rotate({turn:.1} {x:.0} {y:.0})\">{name}</text></a>"
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// The beginning of a map, with its name for those who don't see it.
fn opened(class: &str, width: f64, height: f64, name: &str) -> String {
    let name = escaped(name);
    format!("<svg class=\"{class}\" viewBox=\"0 0 {width} {height}\" role=\"group\" aria-label=\"{name}\">\n")
}

/// A patch of the background, so that no line runs through a name.
fn patch(x: f64, y: f64, name: &str) -> String {
    let width = 9.0f64.mul_add(count(name.len()), 12.0);
    let (left, top) = (x - width / 2.0, y - 13.0);
    format!("<rect x=\"{left:.0}\" y=\"{top:.0}\" width=\"{width:.0}\" height=\"26\" rx=\"6\"/>")
}

/// A small number as a length.
fn count(number: usize) -> f64 {
    f64::from(u16::try_from(number).unwrap_or(u16::MAX))
}
