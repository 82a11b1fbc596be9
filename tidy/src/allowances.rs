//! A lint is silenced with its reason or not at all, and never where it guards a limit.

use crate::Finding;
use crate::tree::{RustFile, Tree};

/// Lints that nobody silences: those of sizes, of docs and of unsafe code.
const NEVER: [&str; 5] = ["cognitive_complexity", "missing_docs", "too_many_lines", "type_complexity", "unsafe_code"];

/// `allow` and `expect` attributes without a reason, or of a lint that is never silenced.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.rust.iter().flat_map(in_file).collect()
}

fn in_file(file: &RustFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (start, end) in file.source.attributes() {
        let attribute = file.source.code.get(start..end).unwrap_or("");
        let words: Vec<&str> = attribute.split(|character: char| !character.is_alphanumeric() && character != '_').collect();
        if !["allow(", "expect("].iter().any(|call| opens_with_call(attribute, call)) {
            continue;
        }
        let mut refuse =
            |what: String| findings.push(Finding { path: file.path.clone(), line: file.source.line_of(start), what });
        if !words.contains(&"reason") {
            refuse("a lint is silenced without a `reason`".into());
        }
        if let Some(lint) = words.iter().find(|word| NEVER.contains(word)) {
            refuse(format!("`{lint}` is not silenced: mend the code"));
        }
    }
    findings
}

/// Whether the attribute is such a call, or a `cfg_attr` that holds one.
fn opens_with_call(attribute: &str, call: &str) -> bool {
    let inner = attribute.trim_start_matches(['#', '!', '[', ' ']);
    inner.starts_with(call) || (inner.starts_with("cfg_attr") && inner.contains(call))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(text: &str) -> usize {
        check(&Tree::sample("crates/a/src/a.rs", text)).len()
    }

    #[test]
    fn silence_needs_a_reason() {
        assert_eq!(finds("#[allow(dead_code)]\nfn a() {}"), 1);
        assert_eq!(finds("#![expect(\n    clippy::panic\n)]"), 1);
        assert_eq!(finds("#[cfg_attr(test, allow(dead_code))]"), 1);
        assert_eq!(finds("#[allow(dead_code, reason = \"read by the debugger\")]\nfn a() {}"), 0);
        assert_eq!(finds("#[error(\"allow(this)\")]\nfn a() { b.expect(\"c\"); }"), 0);
    }

    #[test]
    fn a_limit_is_not_silenced_for_any_reason() {
        assert_eq!(finds("#[allow(clippy::too_many_lines, reason = \"it is long\")]\nfn a() {}"), 1);
        assert_eq!(finds("#![allow(missing_docs)]"), 2);
    }
}
