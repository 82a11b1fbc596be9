//! The files of the workspace: those that git tracks or would, read once.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use crate::source::Source;

/// Folders that are not ours to judge, where git can't be asked.
const PASSED_OVER: [&str; 4] = [".git", "node_modules", "target", ".venv"];

/// A text file.
#[derive(Debug, Clone)]
pub struct TextFile {
    /// Its path from the root, with `/`.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// A Rust file.
#[derive(Debug, Clone)]
pub struct RustFile {
    /// Its path from the root, with `/`.
    pub path: String,
    /// What it says.
    pub text: String,
    /// The same without comments and literals.
    pub source: Source,
    /// Whether all of it is test code.
    pub is_test: bool,
}

/// The files of the workspace.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// Every file that is UTF-8, Rust included.
    pub texts: Vec<TextFile>,
    /// The Rust files.
    pub rust: Vec<RustFile>,
    /// The paths of all files, and of the folders they are in.
    pub paths: BTreeSet<String>,
}

impl Tree {
    /// Reads the workspace at `root`.
    ///
    /// # Errors
    /// When a file or folder can't be read.
    pub fn load(root: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        let paths = match of_git(root) {
            Some(paths) => paths,
            None => walked(root, root)?,
        };
        for path in paths {
            let full = root.join(&path);
            if full.is_file() {
                files.push((path, fs::read(full)?));
            }
        }
        Ok(Self::of(files))
    }

    /// A tree of the given files; samples are made so.
    #[must_use]
    pub fn of(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        let mut tree = Self::default();
        for (path, bytes) in files {
            let folders = path.match_indices('/').map(|(index, _)| path[..index].to_owned());
            tree.paths.extend(folders);
            tree.paths.insert(path.clone());
            if let Ok(text) = String::from_utf8(bytes) {
                tree.texts.push(TextFile { path, text });
            }
        }
        for TextFile { path, text } in tree.texts.iter().filter(|file| file.path.ends_with(".rs")) {
            let is_test = path.split('/').any(|part| matches!(part, "tests" | "benches" | "tests.rs"));
            tree.rust.push(RustFile { path: path.clone(), text: text.clone(), source: Source::new(text), is_test });
        }
        tree.mark_test_modules();
        tree
    }

    /// A sample of one file.
    #[must_use]
    pub fn sample(path: &str, text: &str) -> Self {
        Self::of([(path.to_owned(), text.as_bytes().to_vec())])
    }

    /// The package folder and name of a path under `crates/`.
    #[must_use]
    pub fn crate_of(path: &str) -> Option<&str> {
        path.strip_prefix("crates/")?.split('/').next()
    }

    /// A module that is declared under `#[cfg(test)]` is test code, with all modules in it.
    fn mark_test_modules(&mut self) {
        let mut homes = Vec::new();
        for file in &self.rust {
            let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
            let folder = match name {
                "lib.rs" | "main.rs" | "mod.rs" => folder.to_owned(),
                _ => format!("{folder}/{}", name.trim_end_matches(".rs")),
            };
            homes.extend(file.source.test_modules().iter().map(|module| format!("{folder}/{module}")));
        }
        for file in &mut self.rust {
            let inside = |home: &String| file.path == format!("{home}.rs") || file.path.starts_with(&format!("{home}/"));
            file.is_test |= homes.iter().any(inside);
        }
    }
}

/// What git tracks or would track; `None` where git does not know the folder.
fn of_git(root: &Path) -> Option<Vec<String>> {
    let listed =
        Command::new("git").args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root).output();
    let listed = listed.ok().filter(|output| output.status.success() && !output.stdout.is_empty())?;
    let text = String::from_utf8(listed.stdout).ok()?;
    Some(text.split_terminator('\0').map(str::to_owned).collect())
}

fn walked(root: &Path, folder: &Path) -> io::Result<Vec<String>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if PASSED_OVER.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            paths.extend(walked(root, &entry.path())?);
        } else if let Some(path) = entry.path().strip_prefix(root).ok().and_then(Path::to_str) {
            paths.push(path.replace('\\', "/"));
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_under_cfg_test_is_test_code_wherever_it_lives() {
        let file = |path: &str, text: &str| (path.to_owned(), text.as_bytes().to_vec());
        let tree = Tree::of([
            file("crates/a/src/lib.rs", "#[cfg(test)]\nmod model;\nmod b;"),
            file("crates/a/src/model.rs", ""),
            file("crates/a/src/b.rs", "#[cfg(test)] mod c;"),
            file("crates/a/src/b/c/d.rs", ""),
            file("crates/a/tests/e.rs", ""),
        ]);
        let tests: Vec<_> = tree.rust.iter().filter(|file| file.is_test).map(|file| file.path.as_str()).collect();
        assert_eq!(tests, ["crates/a/src/model.rs", "crates/a/src/b/c/d.rs", "crates/a/tests/e.rs"]);
    }

    #[test]
    fn folders_are_paths_too() {
        assert!(Tree::sample("docs/a/b.md", "").paths.contains("docs/a"));
    }
}
