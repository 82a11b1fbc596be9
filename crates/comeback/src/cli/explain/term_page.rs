//! The page of a status code or a term, and what to say when there is none.

use comeback::{Term, Terms, config};
use comeback_report::term_text;
use serde::Serialize;

use super::{Library, Refusal, line};

/// How many pages are suggested for a word that has none.
const SUGGESTIONS_MAX: usize = 3;

/// A shorter word is a part of too many names.
const PART_CHARS_MIN: usize = 3;

/// A term as JSON.
#[derive(Serialize)]
struct TermObject<'a> {
    #[serde(flatten)]
    term: &'a Term,
    /// The pages that its words lead to.
    mentions: Vec<&'a str>,
}

pub(super) fn page(term: &Term, library: &Library, json: bool) -> String {
    let Library { knowledge, terms } = library;
    if json {
        let mentions = terms.mentioned_by(term).into_iter().map(|page| page.term.as_str()).collect();
        line(&TermObject { term, mentions })
    } else {
        term_text::render(term, terms, knowledge)
    }
}

/// Why a word has no page, with the nearest ones that there are.
pub(super) fn refusal(asked: &str, terms: &Terms) -> Refusal {
    let near = suggestions(asked, terms);
    let hint = if near.is_empty() {
        "`curl -i URL > page.http` saves a response to be explained; `comeback explain 503` shows what a page is like".to_owned()
    } else {
        let quoted: Vec<String> = near.iter().map(|name| format!("`comeback explain {name}`")).collect();
        format!("there is {}", quoted.join(", "))
    };
    Refusal { why: "this is no file here, and no code or term that is known".into(), hint: Some(hint) }
}

/// The nearest pages: a name that is misspelt, then names of which it is a part.
fn suggestions(asked: &str, terms: &Terms) -> Vec<String> {
    let asked = asked.to_lowercase().replace([' ', '_'], "-");
    let misspelt = config::nearest(&asked, terms.names().map(str::to_owned));
    let is_part = |name: &&str| asked.chars().count() >= PART_CHARS_MIN && (name.contains(&asked) || asked.contains(*name));
    let names = misspelt.into_iter().chain(terms.names().filter(is_part).map(str::to_owned));
    let mut pages: Vec<String> = Vec::new();
    for page in names.filter_map(|name| terms.find(&name)) {
        if pages.len() < SUGGESTIONS_MAX && !pages.contains(&page.term) {
            pages.push(page.term.clone());
        }
    }
    pages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_pages_are_suggested() {
        let terms = Terms::builtin();
        assert_eq!(suggestions("backof", &terms).first().map(String::as_str), Some("backoff"));
        assert_eq!(suggestions("retry afer", &terms).first().map(String::as_str), Some("retry-after"));
        assert!(suggestions("proxy server", &terms).contains(&"proxy".to_owned()));
        assert!(suggestions("xyzzy", &terms).is_empty());
        assert!(suggestions(&"retry ".repeat(100), &terms).len() <= SUGGESTIONS_MAX);
    }
}
