//! Each dependency of the workspace carries the sentence that justifies it.

use crate::Finding;
use crate::tree::Tree;

/// Entries of `[workspace.dependencies]` without a sentence right above them. Crates of ours need none.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Finding> {
    let manifest = tree.texts.iter().find(|file| file.path == "Cargo.toml");
    manifest.map(|file| bare(&file.text)).unwrap_or_default()
}

fn bare(manifest: &str) -> Vec<Finding> {
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
        let above = lines[index - 1];
        let is_sentence = above.starts_with("# ") && above.ends_with('.') && above.len() > SENTENCE_BYTES_MIN;
        if !is_ours && !is_sentence {
            let what = format!("the dependency {name} has no sentence above it that says what it is for");
            findings.push(Finding { path: "Cargo.toml".into(), line: index + 1, what });
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
        let text = format!("[workspace.dependencies]\n{entries}\n[profile.dev]\nb = 1\n");
        check(&Tree::sample("Cargo.toml", &text)).into_iter().map(|finding| finding.line).collect()
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
    fn a_sentence_and_a_crate_of_ours_are_fine() {
        assert_eq!(lines("# The data model of rows.\nserde = \"1\"\ncomeback-fetch = { path = \"crates/comeback-fetch\" }"), []);
    }
}
