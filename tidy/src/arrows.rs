//! The dependency arrows: down the list of crates, never up, and each dependency taken from the root manifest.

use toml::{Table, Value};

use crate::tree::Tree;
use crate::{CRATES, Finding};

/// Crates that use less of ours than their place allows, with all that they may use.
const NARROWED: [(&str, &[&str]); 2] = [("comeback-sim", &["comeback-engine"]), ("comeback-weather", &[])];

/// Programs that comeback is compared with: workspaces of their own, whose dependencies never reach the product.
pub const PEERS: &str = "bench/behaviour/peers/";

/// A dependency as a manifest names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The package's name.
    pub name: String,
    /// Whether only tests, examples and benchmarks use it.
    pub is_dev: bool,
    /// Whether its version and features come from the root manifest.
    pub is_of_workspace: bool,
    /// The line that names it, from 1.
    pub line: usize,
}

/// Arrows that run up, packages off the list, and dependencies with a version of their own.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.texts.iter().filter(|file| file.path.ends_with("/Cargo.toml") && !file.path.starts_with(PEERS)) {
        let mut refuse = |line: usize, what: String| findings.push(Finding { path: file.path.clone(), line, what });
        let Some((name, dependencies)) = package(&file.text) else {
            refuse(1, "the manifest can't be read".into());
            continue;
        };
        let place = CRATES.iter().position(|other| *other == name);
        let folder = file.path.trim_end_matches("/Cargo.toml").rsplit('/').next();
        if folder != Some(name.as_str()) {
            refuse(1, format!("the package {name} lives in a folder of another name"));
        }
        if place.is_none() && file.path.starts_with("crates/") {
            refuse(1, format!("the package {name} has no place in the list of crates"));
        }
        for dependency in dependencies {
            if let Some(what) = refused(&name, place, &dependency) {
                refuse(dependency.line, what);
            }
        }
    }
    findings
}

fn refused(name: &str, place: Option<usize>, dependency: &Dependency) -> Option<String> {
    let used = &dependency.name;
    if !dependency.is_of_workspace {
        return Some(format!("{used} has a version of its own; it belongs in the root manifest, with its sentence"));
    }
    let below = CRATES.iter().position(|other| other == used)?;
    if let Some((_, allowed)) = NARROWED.iter().find(|(narrowed, _)| *narrowed == name) {
        return (!allowed.contains(&used.as_str())).then(|| format!("{name} must not use {used}"));
    }
    (place? >= below).then(|| format!("the arrow from {name} to {used} runs up"))
}

fn package(manifest: &str) -> Option<(String, Vec<Dependency>)> {
    let table: Table = manifest.parse().ok()?;
    let name = table.get("package")?.get("name")?.as_str()?.to_owned();
    Some((name, dependencies(manifest)?))
}

/// The dependencies of a manifest, those of targets included; `None` where it is no TOML.
#[must_use]
pub fn dependencies(manifest: &str) -> Option<Vec<Dependency>> {
    let table: Table = manifest.parse().ok()?;
    let mut all = of_sections(manifest, &table);
    for target in table.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values) {
        all.extend(target.as_table().map(|target| of_sections(manifest, target)).unwrap_or_default());
    }
    Some(all)
}

fn of_sections(manifest: &str, table: &Table) -> Vec<Dependency> {
    let mut all = Vec::new();
    for (section, is_dev) in [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)] {
        for (key, value) in table.get(section).and_then(Value::as_table).into_iter().flatten() {
            let name = value.get("package").and_then(Value::as_str).unwrap_or(key).to_owned();
            let is_of_workspace = value.get("workspace").and_then(Value::as_bool) == Some(true);
            all.push(Dependency { name, is_dev, is_of_workspace, line: line_of(manifest, key) });
        }
    }
    all
}

fn line_of(manifest: &str, key: &str) -> usize {
    let names = |line: &str| line.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(['.', '=']));
    manifest.lines().position(names).map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(name: &str, rest: &str) -> Vec<Finding> {
        let text = format!("[package]\nname = \"{name}\"\n{rest}");
        check(&Tree::sample(&format!("crates/{name}/Cargo.toml"), &text))
    }

    #[test]
    fn an_arrow_up_is_refused_in_every_section() {
        for section in ["dependencies", "dev-dependencies", "build-dependencies", "target.'cfg(unix)'.dependencies"] {
            let findings = finds("comeback-engine", &format!("[{section}]\ncomeback-driver.workspace = true\n"));
            assert_eq!(findings.len(), 1, "{section}");
            assert_eq!(findings[0].line, 4);
        }
        assert_eq!(finds("comeback-driver", "[dependencies]\ncomeback-engine.workspace = true\n"), []);
    }

    #[test]
    fn simulator_and_weather_keep_to_themselves() {
        assert_eq!(finds("comeback-sim", "[dependencies]\ncomeback-engine.workspace = true\n"), []);
        assert_eq!(finds("comeback-sim", "[dependencies]\ncomeback-diagnosis.workspace = true\n").len(), 1);
        assert_eq!(finds("comeback-weather", "[dependencies]\ncomeback-diagnosis.workspace = true\n").len(), 1);
    }

    #[test]
    fn a_version_of_its_own_and_a_hidden_name_are_refused() {
        assert_eq!(finds("comeback-store", "[dependencies]\nserde = \"1\"\n").len(), 1);
        let renamed = "[dependencies]\nengine = { package = \"comeback-driver\", workspace = true }\n";
        assert_eq!(finds("comeback-engine", renamed).len(), 1);
    }

    #[test]
    fn a_peer_has_dependencies_of_its_own() {
        let peer = "[package]\nname = \"peer\"\n[workspace]\n[dependencies]\nreqwest = \"0.13\"\n";
        assert_eq!(check(&Tree::sample(&format!("{PEERS}reqwest-retry/Cargo.toml"), peer)), []);
        assert_eq!(check(&Tree::sample("bench/peer/Cargo.toml", peer)).len(), 1);
    }

    #[test]
    fn a_package_has_a_place_and_its_own_folder() {
        assert_eq!(finds("comeback-extra", "").len(), 1);
        assert_eq!(check(&Tree::sample("crates/store/Cargo.toml", "[package]\nname = \"comeback-store\"\n")).len(), 1);
        assert_eq!(check(&Tree::sample("crates/comeback-store/Cargo.toml", "no TOML")).len(), 1);
    }
}
