//! The worlds that come with the crate: files of the same form as a user's own.

/// A world that comes with the crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Builtin {
    /// What it is called by.
    pub name: &'static str,
    /// Its text; [`World::parse`](crate::World::parse) reads it.
    pub text: &'static str,
}

/// All of them.
#[must_use]
pub const fn builtins() -> [Builtin; 3] {
    [
        Builtin { name: "all", text: include_str!("../../worlds/all.toml") },
        Builtin { name: "demo", text: include_str!("../../worlds/demo.toml") },
        Builtin { name: "limits", text: include_str!("../../worlds/limits.toml") },
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::World;
    use crate::behaviour::KINDS;

    #[test]
    fn each_is_a_world_and_says_what_for() {
        for Builtin { name, text } in builtins() {
            let world = World::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(world.about().ends_with('.'), "{name}");
            let names: BTreeSet<_> = world.hosts(1).into_iter().map(|host| host.name).collect();
            assert_eq!(names.len(), world.hosts_count(), "{name}: names are told apart");
        }
    }

    #[test]
    fn one_holds_every_behaviour_and_the_demo_forty_hosts() {
        let [all, demo, _] = builtins();
        for (kind, _) in KINDS {
            assert!(all.text.contains(&format!("behaviour = \"{kind}\"")), "{kind}");
        }
        assert_eq!(World::parse(demo.text).unwrap().hosts_count(), 40);
    }
}
