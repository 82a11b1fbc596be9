//! Each dependency of the workspace carries the sentence that justifies it, and somebody uses it.

use std::collections::BTreeSet;

use crate::Finding;
use crate::arrows::{PEERS, dependencies};
use crate::tree::Tree;

/// Entries of `[workspace.dependencies]` without a sentence right above them (crates of ours need none), or without a user.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Finding> {
    let Some(root) = tree.texts.iter().find(|file| file.path == "Cargo.toml") else {
        return Vec::new();
    };
    let manifests = tree.texts.iter().filter(|file| file.path.ends_with("/Cargo.toml") && !file.path.starts_with(PEERS));
    let used = manifests.filter_map(|file| dependencies(&file.text)).flatten().map(|dependency| dependency.name).collect();
    entries(&root.text, &used)
}

fn entries(manifest: &str, used: &BTreeSet<String>) -> Vec<Finding> {
    let lines: Vec<&str> = manifest.lines().map(str::trim).collect();
    let Some(start) = lines.iter().position(|line| *line == "[workspace.dependencies]") else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let section = lines.iter().enumerate().skip(start + 1).take_while(|(_, line)| !line.starts_with('['));
    for (index, line) in section {
        let Some((name, _)) = line.split_once('=').filter(|_| !line.starts_with('#')) else {
            continue;
        };
        let name = name.split('.').next().unwrap_or(name).trim().trim_matches('"');
        let is_ours = name.starts_with("comeback-") && line.contains("path = \"crates/");
        let mut refuse = |what: String| findings.push(Finding { path: "Cargo.toml".into(), line: index + 1, what });
        if !used.contains(name) {
            refuse(format!("the dependency {name} is used by no crate"));
        }
        let above = lines[index - 1];
        let is_sentence = above.starts_with("# ") && above.ends_with('.') && above.len() > SENTENCE_BYTES_MIN;
        if !is_ours && !is_sentence {
            refuse(format!("the dependency {name} has no sentence above it that says what it is for"));
        }
    }
    findings
}

/// A comment shorter than this says nothing.
const SENTENCE_BYTES_MIN: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(entries: &str) -> Vec<usize> {
        let root = format!("[workspace.dependencies]\n{entries}\n[profile.dev]\nb = 1\n");
        let user = "[dependencies]\nserde.workspace = true\nurl.workspace = true\ncomeback-evil.workspace = true\n\
                    comeback-fetch.workspace = true\n";
        let files = [("Cargo.toml", root.as_str()), ("crates/comeback/Cargo.toml", user)];
        let tree = Tree::of(files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())));
        check(&tree).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_dependency_without_a_sentence_is_refused() {
        assert_eq!(lines("serde = \"1\""), [2]);
        assert_eq!(lines("# The data model.\n\nserde = \"1\""), [4]);
        assert_eq!(lines("# why\nserde = \"1\""), [3]);
        assert_eq!(lines("# The data model of rows.\nserde = \"1\"\nurl.version = \"2\""), [4]);
        assert_eq!(lines("comeback-evil = \"1\""), [2]);
    }

    #[test]
    fn a_dependency_that_nobody_uses_is_refused() {
        assert_eq!(lines("# The data model of rows.\nserde = \"1\"\n# Nothing any more.\nhttpdate = \"1\""), [5]);
    }

    #[test]
    fn a_sentence_and_a_crate_of_ours_are_fine() {
        assert_eq!(lines("# The data model of rows.\nserde = \"1\"\ncomeback-fetch = { path = \"crates/comeback-fetch\" }"), []);
    }
}
