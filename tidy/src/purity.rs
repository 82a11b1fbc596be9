//! The pure crates have no clock, no I/O, no threads, no locks, no globals and no order that differs from run to run.
//!
//! clippy refuses the calls and types that it can name; this check sees words, so that what hides behind a macro, an alias or
//! `async` is refused too, and it keeps the list of what a pure crate may depend on.

use crate::source::Source;
use crate::tree::{RustFile, Tree};
use crate::{Finding, PURE_CRATES};

/// Words that no pure code says, with what to say instead.
const WORDS: [(&str, &str); 22] = [
    ("Instant", "time arrives as `Now`"),
    ("SystemTime", "time arrives as `Now`"),
    ("HashMap", "its order differs from run to run; use BTreeMap"),
    ("HashSet", "its order differs from run to run; use BTreeSet"),
    ("RandomState", "chance is a seeded generator"),
    ("OsRng", "chance is a seeded generator"),
    ("thread_rng", "chance is a seeded generator"),
    ("from_os_rng", "chance is a seeded generator"),
    ("Mutex", "a single owner needs no lock"),
    ("RwLock", "a single owner needs no lock"),
    ("Condvar", "a single owner needs no lock"),
    ("LazyLock", "no globals; pass the value"),
    ("OnceLock", "no globals; pass the value"),
    ("thread_local", "no globals; pass the value"),
    ("TcpStream", "no I/O; an effect is an `Output`"),
    ("TcpListener", "no I/O; an effect is an `Output`"),
    ("UdpSocket", "no I/O; an effect is an `Output`"),
    ("ToSocketAddrs", "no I/O; an effect is an `Output`"),
    ("tokio", "no runtime; an effect is an `Output`"),
    ("async", "no futures; an effect is an `Output`"),
    ("await", "no futures; an effect is an `Output`"),
    ("unsafe", "nothing here needs it"),
];

/// Modules of `std` that no pure code names.
const STD_MODULES: [&str; 5] = ["env", "fs", "os", "process", "thread"];

/// What a pure crate may depend on: none of these reads a clock, opens a file or a socket, or draws chance of its own.
const DEPENDENCIES: [&str; 17] = [
    "aho-corasick",
    "comeback-diagnosis",
    "comeback-engine",
    "data-encoding",
    "httpdate",
    "memchr",
    "postcard",
    "psl",
    "rand_pcg",
    "regex",
    "robotxt",
    "serde",
    "serde_json",
    "thiserror",
    "toml",
    "url",
    "xxhash-rust",
];

/// What the pure crates say and depend on, and whether their clippy.toml files agree.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Finding> {
    let is_pure = |path: &str| Tree::crate_of(path).is_some_and(|name| PURE_CRATES.contains(&name));
    let mut findings: Vec<Finding> =
        tree.rust.iter().filter(|file| is_pure(&file.path) && !file.is_test).flat_map(said).collect();
    for file in tree.texts.iter().filter(|file| is_pure(&file.path) && file.path.ends_with("/Cargo.toml")) {
        findings.extend(depended(&file.path, &file.text));
    }
    findings.extend(clippy_files(tree));
    findings
}

fn said(file: &RustFile) -> Vec<Finding> {
    let source = &file.source;
    let mut findings = Vec::new();
    let mut refuse = |start: usize, what: String| {
        let line = source.line_of(start);
        if !source.is_test_line(line) {
            findings.push(Finding { path: file.path.clone(), line, what });
        }
    };
    let mut before = "";
    for word in source.words() {
        if let Some((name, instead)) = WORDS.iter().find(|(name, _)| *name == word.text) {
            refuse(word.start, format!("pure code says `{name}`: {instead}"));
        }
        if word.text.starts_with("Atomic") {
            refuse(word.start, format!("pure code says `{}`: no globals; pass the value", word.text));
        }
        if before == "static" && word.text == "mut" {
            refuse(word.start, "pure code says `static mut`: no globals; pass the value".into());
        }
        if word.text == "std" {
            for module in std_modules(source, word.end) {
                refuse(word.start, format!("pure code says `std::{module}`: an effect is an `Output`"));
            }
        }
        before = word.text;
    }
    findings
}

/// The refused modules in the path or group that follows `std`.
fn std_modules(source: &Source, from: usize) -> Vec<&'static str> {
    let Some(rest) = source.code[from..].trim_start().strip_prefix("::") else {
        return Vec::new();
    };
    let rest = rest.trim_start();
    let is_named = |part: &str, module: &str| {
        let part = part.trim_start();
        part.strip_prefix(module).is_some_and(|after| !after.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
    };
    let mut parts = vec![rest];
    if let Some(group) = rest.strip_prefix('{') {
        let length = source.closing(source.code.len() - rest.len()) - (source.code.len() - group.len());
        parts = group[..length].split(['{', ',']).collect();
    }
    STD_MODULES.into_iter().filter(|module| parts.iter().any(|part| is_named(part, module))).collect()
}

fn depended(path: &str, text: &str) -> Vec<Finding> {
    let dependencies = crate::arrows::dependencies(text).unwrap_or_default();
    let is_unknown = |name: &str| !DEPENDENCIES.contains(&name);
    let unknown = dependencies.into_iter().filter(|dependency| !dependency.is_dev && is_unknown(&dependency.name));
    let what = |name: &str| format!("a pure crate depends on {name}, which is not on the list of pure dependencies in tidy");
    unknown.map(|dependency| Finding { path: path.to_owned(), line: dependency.line, what: what(&dependency.name) }).collect()
}

/// clippy reads only the nearest file, so that each pure crate needs the whole one.
fn clippy_files(tree: &Tree) -> Vec<Finding> {
    let text = |name: &str| {
        let path = format!("crates/{name}/clippy.toml");
        tree.texts.iter().find(|file| file.path == path).map(|file| file.text.as_str())
    };
    let present: Vec<&str> = PURE_CRATES.into_iter().filter(|name| tree.paths.contains(&format!("crates/{name}"))).collect();
    let Some(model) = present.first().map(|name| text(name)) else {
        return Vec::new();
    };
    let apart = present.into_iter().filter(|name| text(name).is_none() || text(name) != model);
    let what = "the pure crates need the same clippy.toml each";
    apart.map(|name| Finding { path: format!("crates/{name}/clippy.toml"), line: 1, what: what.into() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(text: &str) -> Vec<String> {
        let files = [("crates/comeback-engine/src/a.rs", text), ("crates/comeback-engine/clippy.toml", "")];
        let tree = Tree::of(files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())));
        check(&tree).into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn impure_words_are_refused() {
        for (text, word) in [
            ("let a = std::time::Instant::now();", "`Instant`"),
            ("use std::collections::{BTreeMap, HashMap as Map};", "`HashMap`"),
            ("static A: AtomicU64 = AtomicU64::new(0);", "`AtomicU64`"),
            ("static mut A: u8 = 0;", "`static mut`"),
            ("async fn a() {}", "`async`"),
            ("let a = std::fs::read(b);", "`std::fs`"),
            ("use std::{fmt, thread};", "`std::thread`"),
            ("use std::{fmt::{self, Debug}, env};", "`std::env`"),
            ("use std :: process::Command;", "`std::process`"),
            ("thread_local! {}", "`thread_local`"),
        ] {
            let findings = finds(text);
            assert!(findings.iter().any(|what| what.contains(word)), "{text}: {findings:?}");
        }
    }

    #[test]
    fn pure_words_tests_and_comments_are_not() {
        for text in [
            "use std::{fmt, net::Ipv4Addr, sync::Arc, time::Duration};",
            "// HashMap\nlet a = \"std::fs\";",
            "#[cfg(test)]\nmod tests {\n    use std::collections::HashSet;\n}",
            "let environment = std::envelope::a;",
            "use std::fmt; fn a() { fs::b(); }",
        ] {
            assert_eq!(finds(text), Vec::<String>::new(), "{text}");
        }
        assert_eq!(check(&Tree::sample("crates/comeback-fetch/src/a.rs", "use std::fs;")), []);
    }

    #[test]
    fn an_unlisted_dependency_is_refused_and_a_test_one_is_not() {
        let manifest =
            "[dependencies]\nserde.workspace = true\ntokio.workspace = true\n[dev-dependencies]\ninsta.workspace = true\n";
        let tree = Tree::of([
            ("crates/comeback-sim/Cargo.toml".to_owned(), manifest.as_bytes().to_vec()),
            ("crates/comeback-sim/clippy.toml".to_owned(), Vec::new()),
        ]);
        let findings = check(&tree);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].what.contains("tokio") && findings[0].line == 3, "{findings:?}");
    }

    #[test]
    fn bans_that_differ_or_are_missing_are_refused() {
        let of = |files: &[(&str, &str)]| {
            let files: Vec<_> = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
            check(&Tree::of(files)).len()
        };
        assert_eq!(of(&[("crates/comeback-sim/clippy.toml", "a"), ("crates/comeback-engine/clippy.toml", "a")]), 0);
        assert_eq!(of(&[("crates/comeback-sim/clippy.toml", "a"), ("crates/comeback-engine/clippy.toml", "b")]), 1);
        assert_eq!(of(&[("crates/comeback-engine/src/lib.rs", "")]), 1);
    }
}
