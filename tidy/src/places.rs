//! Nothing in the tree points at one machine: no paths of the place where it was built, no mirror of a registry.

use crate::Finding;
use crate::tree::{TextFile, Tree};

/// Folders of build machines; put together here, so that this file does not find itself.
const FOLDERS: [&str; 2] = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];

/// What steers a package manager to a registry other than its own default.
const STEERING: [&str; 8] = [
    concat!("--index", "-url"),
    concat!("--extra-index", "-url"),
    concat!("PIP_INDEX", "_URL"),
    concat!("CARGO_REGISTRIES", "_"),
    concat!("GOPR", "OXY="),
    concat!("replace", "-with ="),
    concat!("npm_config", "_registry"),
    concat!("[registries", "."),
];

/// The one source of a crate in Cargo.lock.
const CRATE_SOURCE: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";

/// Recorded material, in which anything may stand.
const RECORDED: [&str; 2] = ["corpus/", "fuzz/corpus/"];

/// Lines that point at one machine.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Finding> {
    let judged = tree
        .texts
        .iter()
        .filter(|file| !file.path.ends_with(".http") && !RECORDED.iter().any(|folder| file.path.starts_with(folder)));
    judged.flat_map(in_file).collect()
}

fn in_file(file: &TextFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let mut refuse = |what: String| findings.push(Finding { path: file.path.clone(), line: index + 1, what });
        if let Some(folder) = FOLDERS.into_iter().find(|folder| points_at(line, folder)) {
            refuse(format!("the line names {folder}, a folder of one machine"));
        }
        if let Some(steering) = STEERING.into_iter().find(|steering| line.contains(steering)) {
            refuse(format!("the line says {steering}, which ties the tree to one registry"));
        }
        let name = file.path.rsplit('/').next().unwrap_or_default();
        let crates = name == "Cargo.lock" && line.starts_with("source = ") && line != CRATE_SOURCE;
        if crates {
            refuse("a package comes from elsewhere than its public registry".into());
        }
    }
    findings
}

/// Whether the line holds the folder as an absolute path, and not within a longer path or a URL.
fn points_at(line: &str, folder: &str) -> bool {
    let within = |before: &str| before.ends_with(|character: char| character.is_alphanumeric() || "_-.~/".contains(character));
    line.match_indices(folder).any(|(index, _)| !within(&line[..index]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(path: &str, text: &str) -> usize {
        check(&Tree::sample(path, text)).len()
    }

    #[test]
    fn folders_of_a_machine_are_refused() {
        for folder in FOLDERS {
            assert_eq!(finds("docs/a.md", &format!("see `{folder}x`")), 1);
            assert_eq!(finds("crates/a/src/a.rs", &format!("let a = \"{folder}x\";")), 1);
            assert_eq!(finds("docs/a.md", &format!("see https://a.example{folder}x")), 0);
            assert_eq!(finds("corpus/a.json", &format!("in {folder}x")), 0);
        }
    }

    #[test]
    fn other_registries_are_refused() {
        for steering in STEERING {
            assert_eq!(finds("test", &format!("pip {steering} x")), 1, "{steering}");
        }
        assert_eq!(finds("Cargo.lock", CRATE_SOURCE), 0);
        assert_eq!(finds("Cargo.lock", "source = \"sparse+https://mirror.example/\""), 1);
    }
}
