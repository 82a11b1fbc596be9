//! Every module opens with what it is, why, and what it is not.

use crate::Finding;
use crate::tree::Tree;

/// Rust files that do not open with `//!`.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Finding> {
    let silent = tree.rust.iter().filter(|file| !opens(&file.text));
    silent
        .map(|file| Finding { path: file.path.clone(), line: 1, what: "the file does not open with `//!` and a sentence".into() })
        .collect()
}

fn opens(text: &str) -> bool {
    text.lines().next().and_then(|line| line.strip_prefix("//!")).is_some_and(|said| said.trim().len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_module_is_refused() {
        for text in ["", "use a;", "// a note\n", "//!\n//!\n", "\n//! late\n"] {
            assert_eq!(check(&Tree::sample("crates/a/src/a.rs", text)).len(), 1, "{text:?}");
        }
        assert_eq!(check(&Tree::sample("crates/a/src/a.rs", "//! What it is.\n")), []);
    }
}
