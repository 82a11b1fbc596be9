//! Links between the documents lead somewhere: to a file of the tree and, where they name one, to a heading in it.

use crate::Finding;
use crate::tree::{TextFile, Tree};

/// Relative links that lead nowhere.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Finding> {
    let documents = tree.texts.iter().filter(|file| file.path.ends_with(".md") && !file.path.starts_with("corpus/"));
    documents.flat_map(|file| in_file(tree, file)).collect()
}

fn in_file(tree: &Tree, file: &TextFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in prose(&file.text) {
        for target in targets(&line) {
            if let Some(what) = refused(tree, &file.path, &target) {
                findings.push(Finding { path: file.path.clone(), line: index + 1, what });
            }
        }
    }
    findings
}

fn refused(tree: &Tree, from: &str, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let to = if path.is_empty() { Some(from.to_owned()) } else { resolved(from, path) };
    let Some(to) = to.filter(|to| to.is_empty() || tree.paths.contains(to)) else {
        return Some(format!("the link leads to {path}, which is not there"));
    };
    let document = tree.texts.iter().find(|file| file.path == to && to.ends_with(".md"));
    let has_heading = |file: &TextFile| prose(&file.text).any(|(_, line)| heading(&line).is_some_and(|slug| slug == anchor));
    match document {
        Some(file) if !anchor.is_empty() && !has_heading(file) => Some(format!("{to} has no heading for #{anchor}")),
        Some(_) | None => None,
    }
}

/// The path from the root that a relative one means; `None` when it leaves the tree.
fn resolved(from: &str, path: &str) -> Option<String> {
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The lines outside fenced code, with code spans blanked.
fn prose(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let is_fence = line.trim_start().starts_with("```");
        fenced ^= is_fence;
        (!fenced && !is_fence).then(|| (index, line.to_owned()))
    })
}

/// What the inline links of a line lead to, code spans apart.
fn targets(line: &str) -> Vec<String> {
    let plain: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
    let ends = plain.match_indices("](").filter_map(|(index, _)| plain[index + 2..].split_once(')'));
    ends.map(|(target, _)| target.split_whitespace().next().unwrap_or_default().to_owned()).collect()
}

/// The anchor of a heading: lower case, blanks to dashes, punctuation left out.
fn heading(line: &str) -> Option<String> {
    let title = line.trim_start_matches('#');
    if title.len() == line.len() || !title.starts_with(' ') {
        return None;
    }
    let kept = title.trim().chars().filter(|character| character.is_alphanumeric() || " -_".contains(*character));
    Some(kept.flat_map(char::to_lowercase).map(|character| if character == ' ' { '-' } else { character }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(text: &str) -> usize {
        let file = |path: &str, text: &str| (path.to_owned(), text.as_bytes().to_vec());
        check(&Tree::of([file("docs/a.md", text), file("docs/b.md", "# Why `it` is, so\n"), file("README.md", "")])).len()
    }

    #[test]
    fn a_link_to_nowhere_is_refused() {
        assert_eq!(finds("see [b](c.md) and [d](../d.md)"), 2);
        assert_eq!(finds("[out](../../etc/passwd)"), 1);
        assert_eq!(finds("[b](b.md#how)"), 1);
        assert_eq!(finds("[here](#nowhere)"), 1);
    }

    #[test]
    fn a_link_that_leads_somewhere_is_fine() {
        assert_eq!(finds("[b](b.md) [b](./b.md#why-it-is-so) [r](../README.md) [f](../docs/) [w](https://a.example/x.md)"), 0);
        assert_eq!(finds("# Here\n[up](#here)"), 0);
        assert_eq!(finds("`[b](c.md)`\n```\n[b](c.md)\n```\n"), 0);
    }
}
