//! The terms as a whole: every page complete, every link alive, every cause with its page.

use std::collections::BTreeSet;
use std::path::Path;

use comeback_diagnosis::cause::Cause;
use comeback_diagnosis::knowledge::Knowledge;
use comeback_diagnosis::term::{Term, TermGroup};
use comeback_diagnosis::terms::Terms;

fn found(terms: &Terms, asked: &str) -> Option<String> {
    terms.find(asked).map(|term| term.term.clone())
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test of the folder reads it")]
fn every_file_of_the_folder_is_a_term() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("knowledge/terms");
    let files = std::fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("an entry").file_name());
    let names: BTreeSet<String> = files.map(|name| name.to_string_lossy().trim_end_matches(".toml").to_owned()).collect();
    let terms = Terms::builtin();
    let known: Vec<&str> = terms.all().iter().map(|term| term.term.as_str()).collect();
    assert!(known.is_sorted());
    assert_eq!(names.iter().map(String::as_str).collect::<Vec<_>>(), known);
}

#[test]
fn every_page_is_complete_and_has_its_sources() {
    for term in Terms::builtin().all() {
        assert!(!term.sources.is_empty() && term.sources.iter().all(|source| source.len() > 5), "{}: no source", term.term);
        assert!(!term.related.is_empty(), "{}: nothing goes with it", term.term);
        for text in term.prose() {
            let last = text.trim_end().chars().next_back();
            assert!(last.is_some(), "{}: an empty text", term.term);
            assert!(text.trim_start() == text, "{}: blanks before {text:?}", term.term);
        }
        for sentence in [&term.summary, &term.comeback, &term.person] {
            assert!(sentence.ends_with(['.', '?']), "{}: no sentence: {sentence}", term.term);
        }
    }
}

#[test]
fn no_link_leads_nowhere_or_to_its_own_page() {
    let terms = Terms::builtin();
    for term in terms.all() {
        let mut seen = BTreeSet::new();
        for related in &term.related {
            assert!(terms.all().iter().any(|other| other.term == *related), "{} leads to {related}", term.term);
            assert!(*related != term.term && seen.insert(related), "{} leads to {related}", term.term);
        }
    }
}

#[test]
fn every_cause_has_one_page() {
    let terms = Terms::builtin();
    for cause in Cause::ALL {
        assert_eq!(terms.all().iter().filter(|term| term.causes.contains(&cause)).count(), 1, "{cause}");
        assert_eq!(found(&terms, cause.word()), terms.of_cause(cause).map(|term| term.term.clone()), "{cause}");
    }
}

#[test]
fn every_page_can_be_reached_from_another_one() {
    let terms = Terms::builtin();
    let mut reached = BTreeSet::new();
    for term in terms.all() {
        reached.extend(term.related.iter().cloned());
        reached.extend(terms.mentioned_by(term).into_iter().map(|page| page.term.clone()));
    }
    let lonely: Vec<_> = terms.all().iter().map(|term| &term.term).filter(|name| !reached.contains(*name)).collect();
    assert!(lonely.is_empty(), "{lonely:?}");
}

#[test]
fn every_group_has_pages() {
    let terms = Terms::builtin();
    for group in TermGroup::ALL {
        assert!(terms.all().iter().any(|term| term.group == group), "{}", group.title());
    }
}

#[test]
fn people_find_a_page_by_what_they_call_it() {
    let terms = Terms::builtin();
    for (asked, term) in [
        ("503", "503"),
        ("HTTP 503", "503"),
        ("http/503", "503"),
        ("503 Service Unavailable", "503"),
        ("error 503", "503"),
        ("502 error", "502"),
        ("too many requests", "429"),
        ("Retry-After", "retry-after"),
        ("retry_after", "retry-after"),
        ("1015", "cloudflare-1xxx"),
        ("error 1020", "cloudflare-1xxx"),
        ("410", "404"),
        ("paywall", "402"),
        ("rate_limit", "rate-limit"),
        ("Rate Limits", "rate-limit"),
        ("NXDOMAIN", "dns-failure"),
        ("robots.txt", "robots-txt"),
        ("x-ratelimit-remaining", "ratelimit-fields"),
    ] {
        assert_eq!(found(&terms, asked).as_deref(), Some(term), "{asked}");
    }
    for asked in ["", " ", "-", "colour", "50", "5033", &"503 ".repeat(1_000)] {
        assert_eq!(found(&terms, asked), None, "{asked}");
    }
}

#[test]
fn every_status_has_a_page() {
    let (terms, knowledge) = (Terms::builtin(), Knowledge::builtin());
    for status in 100..=999 {
        let asked = status.to_string();
        let page = terms.find(&asked).cloned().or_else(|| terms.of_status(&asked, &knowledge)).expect("a page");
        assert!(!page.sources.is_empty() && !page.related.is_empty(), "{status}");
        for related in &page.related {
            assert!(terms.find(related).is_some(), "{status} leads to {related}");
        }
    }
    for no_status in ["", "99", "1000", "050", "+50", "5xx1", "status", "saved/418", "a 418"] {
        assert_eq!(terms.of_status(no_status, &knowledge), None, "{no_status}");
    }
}

#[test]
fn only_whole_words_are_mentions() {
    let terms = Terms::builtin();
    let words = |text: &str| terms.mentions(text).iter().map(|mention| mention.term.term.clone()).collect::<Vec<_>>();
    assert_eq!(words("the edges of a CDN"), ["edge", "cdn"]);
    assert_eq!(words("knowledge, edged, x-edge, 5031, edge-case"), Vec::<String>::new());
    assert_eq!(words("a 503\u{e9} and \u{e9}503"), Vec::<String>::new());
    assert_eq!(words("503"), ["503"]);
    let text = "Rate limits, robots.txt.";
    let whole: Vec<&str> = terms.mentions(text).iter().map(|mention| &text[mention.start..mention.end]).collect();
    assert_eq!(whole, ["Rate limits", "robots.txt"]);
}

#[test]
fn a_name_belongs_to_one_page() {
    let text = "title = \"A\"\ngroup = \"status\"\naliases = [\"x\"]\nsummary = \"s\"\nabout = \"a\"\ncomeback = \"c\"\nperson = \"p\"\n\
                related = []\nsources = []\n";
    assert!(Terms::parse(&[("a.toml", text)]).is_ok());
    let error = Terms::parse(&[("a.toml", text), ("b.toml", &text.replace("\"A\"", "\"B\""))]).expect_err("x is taken");
    assert_eq!(error.to_string(), "terms/b.toml cannot be used: `x` is a name of a already");
    assert!(Terms::parse(&[("a.toml", "title = 1")]).is_err());
}

/// The page is data for programs too.
#[test]
fn a_term_is_json_and_back() {
    for term in Terms::builtin().all() {
        let json = serde_json::to_value(term).expect("a term is JSON");
        assert_eq!(json["term"], term.term.as_str());
        let back: Term = serde_json::from_value({
            let mut json = json;
            json.as_object_mut().expect("an object").remove("term");
            json
        })
        .expect("a term");
        assert_eq!(Term { term: term.term.clone(), ..back }, *term);
    }
}
