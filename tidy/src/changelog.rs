//! The fragments of the change log say something, in files that a release can gather.

use crate::Finding;
use crate::tree::Tree;

/// Fragments that are empty, end without a full stop, or have a name that is no subject.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Finding> {
    let fragments = tree.texts.iter().filter_map(|file| file.path.strip_prefix("changelog.d/").map(|name| (name, file)));
    let judged = fragments.filter(|(name, _)| *name != "README.md");
    judged
        .filter_map(|(name, file)| {
            refused(name, &file.text).map(|what| Finding { path: file.path.clone(), line: 1, what: what.into() })
        })
        .collect()
}

fn refused(name: &str, text: &str) -> Option<&'static str> {
    let subject = name.strip_suffix(".md").unwrap_or_default();
    if subject.is_empty() || !subject.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        return Some("a fragment is named after its subject, as in retry-after.md");
    }
    if text.trim().is_empty() {
        return Some("the fragment is empty");
    }
    (!text.trim_end().ends_with('.')).then_some("the fragment does not end with a sentence")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_says_something() {
        let finds = |name: &str, text: &str| check(&Tree::sample(&format!("changelog.d/{name}"), text)).len();
        assert_eq!(finds("lists.md", "Lists are read.\n"), 0);
        assert_eq!(finds("README.md", ""), 0);
        assert_eq!(finds("lists.md", " \n"), 1);
        assert_eq!(finds("lists.md", "lists"), 1);
        assert_eq!(finds("My Lists.md", "Lists are read."), 1);
        assert_eq!(finds("lists.txt", "Lists are read."), 1);
        assert_eq!(finds("sub/lists.md", "Lists are read."), 1);
    }
}
