//! A module is named after its noun; drawers and abbreviations are refused.

use crate::Finding;
use crate::tree::Tree;

/// Names that say nothing of what is inside.
const DRAWERS: [&str; 9] = ["common", "helper", "helpers", "legacy", "misc", "prelude", "types", "util", "utils"];

/// The shortest name of a module, in characters.
const NAME_CHARS_MIN: usize = 3;

/// Files, folders and inline modules with such names.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.rust {
        let within = file.path.split_once("src/").map_or("", |(_, within)| within);
        for part in within.split('/').map(|part| part.trim_end_matches(".rs")).filter(|part| is_refused(part)) {
            findings.push(finding(&file.path, 1, part));
        }
        let words: Vec<_> = file.source.words().collect();
        for pair in words.windows(2).filter(|pair| pair[0].text == "mod" && is_refused(pair[1].text)) {
            findings.push(finding(&file.path, file.source.line_of(pair[0].start), pair[1].text));
        }
    }
    findings
}

fn finding(path: &str, line: usize, name: &str) -> Finding {
    Finding {
        path: path.to_owned(),
        line,
        what: format!("`{name}` says nothing of what is inside; name the module after its noun"),
    }
}

fn is_refused(name: &str) -> bool {
    !name.is_empty() && (DRAWERS.contains(&name) || name.chars().count() < NAME_CHARS_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawers_are_refused_as_file_folder_and_inline_module() {
        for path in ["crates/a/src/util.rs", "crates/a/src/helpers/mod.rs", "crates/a/src/frontier/types.rs", "tidy/src/ab.rs"] {
            assert_eq!(check(&Tree::sample(path, "")).len(), 1, "{path}");
        }
        assert_eq!(check(&Tree::sample("crates/a/src/lib.rs", "//! x\nmod common {}\n"))[0].line, 2);
        assert_eq!(check(&Tree::sample("crates/a/src/lib.rs", "// mod util\nmod frontier;")), []);
    }
}
