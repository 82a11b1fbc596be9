//! The documentation as its readers take it: README.md and every page of docs/, run as written.
//!
//! A `console` block is a transcript: a line that starts with `$ ` is a command (lines that start with `> ` go on with it), the lines
//! below it are its output, stderr included. All blocks of a page run in order in one shell, in an empty folder of their own. A block
//! whose info string names a file (`toml comeback.toml`) is that file's content. In an output, `...` alone on a line stands for any
//! lines, and `[..]` for any text within one. A command that fails is followed by `$ echo $?`. `COMEBACK_TEST_BLESS=1` writes the
//! outputs and the generated sections anew.
//!
//! Why not a crate for this: trycmd and snapbox run each command by itself; these pages need one shell, in which a server runs in the
//! background while the next commands ask it.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test, in the functions that tests share as well")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

mod check;
mod generated;
mod page;
mod shell;
mod transcript;

/// The root of the tree.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Whether the pages are to be written anew.
fn is_blessing() -> bool {
    std::env::var_os("COMEBACK_TEST_BLESS").is_some()
}

/// One test for each page.
macro_rules! pages {
    ($($name:ident: $path:literal,)*) => {
        const PAGES: &[&str] = &[$($path),*];

        mod runs_as_written {
            $(
                #[test]
                fn $name() {
                    super::check::check($path);
                }
            )*
        }
    };
}

pages! {
    readme: "README.md",
    architecture: "docs/architecture.md",
    behaviour: "docs/behaviour.md",
    causes: "docs/causes.md",
    commands: "docs/commands.md",
    commit_and_recovery: "docs/commit-and-recovery.md",
    configuration: "docs/configuration.md",
    contents: "docs/README.md",
    events: "docs/events.md",
    explain: "docs/explain.md",
    first_job: "docs/first-job.md",
    hostile_servers: "docs/hostile-servers.md",
    library: "docs/library.md",
    lists: "docs/lists.md",
    outcomes: "docs/outcomes.md",
    performance: "docs/performance.md",
    policy: "docs/policy.md",
    reading_outcomes: "docs/reading-outcomes.md",
    resuming: "docs/resuming.md",
    scores: "docs/scores.md",
    testing: "docs/testing.md",
    weather: "docs/weather.md",
}

/// `cargo run --release -- demo`, the first command of the README, once ended with "could not determine which binary to run": the fuzz
/// targets had become members of the workspace. The pages did not see it, for a stand-in runs there in place of cargo.
#[test]
fn cargo_run_runs_comeback() {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline", "--manifest-path"])
        .arg(root().join("Cargo.toml"))
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let is_run =
        |package: &&serde_json::Value| metadata["workspace_default_members"].as_array().unwrap().contains(&package["id"]);
    let packages = metadata["packages"].as_array().unwrap().iter().filter(is_run);
    let targets = packages.flat_map(|package| package["targets"].as_array().unwrap());
    let programs: Vec<_> = targets.filter(|target| target["kind"] == json!(["bin"])).map(|target| &target["name"]).collect();
    assert_eq!(programs, ["comeback"]);
}

#[test]
fn every_page_has_its_test() {
    let mut found = vec!["README.md".to_owned()];
    let mut folders = vec![PathBuf::from("docs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root().join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path.to_str().unwrap().to_owned());
            }
        }
    }
    let mut listed = PAGES.to_vec();
    listed.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, listed, "add the page to `pages!` in {}", file!());
}
