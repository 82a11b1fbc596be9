//! The checks over this workspace.

use std::path::Path;

use tidy::tree::Tree;
use tidy::{Finding, allowances, arrows, changelog, justifications, links, module_names, openings, places, purity, sizes};

fn passes(check: fn(&Tree) -> Vec<Finding>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let tree = Tree::load(&root).expect("the workspace is beside this crate and readable");
    assert!(tree.paths.contains("Cargo.toml") && !tree.rust.is_empty(), "the workspace was found");
    let mut findings = check(&tree);
    findings.sort();
    let lines: String = findings.iter().map(|finding| format!("\n  {finding}")).collect();
    assert!(findings.is_empty(), "{} findings:{lines}", findings.len());
}

#[test]
fn dependency_arrows_run_down() {
    passes(arrows::check);
}

#[test]
fn pure_crates_are_pure() {
    passes(purity::check);
}

#[test]
fn files_and_functions_are_short() {
    passes(sizes::check);
}

#[test]
fn modules_are_named_after_their_nouns() {
    passes(module_names::check);
}

#[test]
fn every_module_opens_with_what_it_is() {
    passes(openings::check);
}

#[test]
fn lints_are_silenced_with_a_reason_only() {
    passes(allowances::check);
}

#[test]
fn every_dependency_is_justified() {
    passes(justifications::check);
}

#[test]
fn nothing_points_at_one_machine() {
    passes(places::check);
}

#[test]
fn change_log_fragments_say_something() {
    passes(changelog::check);
}

#[test]
fn links_between_documents_lead_somewhere() {
    passes(links::check);
}
