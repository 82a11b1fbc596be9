//! All terms: how a page is found by what people call it, and which words of a text have a page.
//!
//! A term is added by a file in `knowledge/terms/` and its line in `term_files.rs`. Diagnosis does not read them.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::{AhoCorasick, MatchKind};

use crate::cause::Cause;
use crate::error::DiagnosisError;
use crate::knowledge::Knowledge;
use crate::term::{Term, TermFacts, TermGroup};
use crate::term_files::TERM_FILES;

/// The page that says what status codes are.
const STATUS_PAGE: &str = "status-code";

/// Words before a status that people write and that change nothing.
const STATUS_PREFIXES: [&str; 5] = ["http", "https", "status", "error", "code"];

/// What is asked for may be no longer; no term has a longer name.
const ASKED_BYTES_MAX: usize = 80;

/// All terms, in the order of their names.
#[derive(Debug, Clone)]
pub struct Terms {
    terms: Vec<Term>,
    /// From each name, in its plain form, to the term's place.
    names: BTreeMap<String, usize>,
    /// Finds the words of all terms in one pass.
    finder: AhoCorasick,
    /// From each pattern of the finder to the term's place.
    places: Vec<usize>,
}

/// A word in a text that has a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mention<'a> {
    /// Where the word begins, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// Its page.
    pub term: &'a Term,
}

impl Terms {
    /// The terms that are compiled in.
    ///
    /// ```
    /// use comeback_diagnosis::terms::Terms;
    /// let terms = Terms::builtin();
    /// assert_eq!(terms.find("Too Many Requests").map(|term| term.term.as_str()), Some("429"));
    /// ```
    #[must_use]
    pub fn builtin() -> Self {
        Self::parse(&TERM_FILES).expect("the terms compiled in are the terms that the tests parsed")
    }

    /// Parses terms from the texts of their files; each comes with its file's name.
    ///
    /// # Errors
    /// [`DiagnosisError::Knowledge`] names the file that is no term, or that takes a name which another one has.
    pub fn parse(files: &[(&str, &str)]) -> Result<Self, DiagnosisError> {
        let wrong = |file: &str, detail: String| DiagnosisError::Knowledge { file: format!("terms/{file}"), detail };
        let mut terms: Vec<Term> = Vec::with_capacity(files.len());
        let mut names = BTreeMap::new();
        let (mut patterns, mut places) = (Vec::new(), Vec::new());
        for (file, text) in files {
            let mut term: Term = toml::from_str(text).map_err(|error| wrong(file, error.to_string()))?;
            term.term = file.trim_end_matches(".toml").to_owned();
            term.about = term.about.trim().to_owned();
            let place = terms.len();
            let causes = term.causes.iter().map(|cause| plain_name(cause.word()));
            let given = [&term.term, &term.title].into_iter().chain(&term.aliases).map(|name| plain_name(name));
            for name in given.chain(causes).collect::<BTreeSet<_>>() {
                if let Some(other) = names.insert(name.clone(), place) {
                    return Err(wrong(file, format!("`{name}` is a name of {} already", terms[other].term)));
                }
            }
            patterns.extend(term.words.iter().cloned());
            places.resize(patterns.len(), place);
            terms.push(term);
        }
        let finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).ascii_case_insensitive(true).build(&patterns);
        let finder = finder.map_err(|error| wrong("*.toml", error.to_string()))?;
        Ok(Self { terms, names, finder, places })
    }

    /// All terms, in the order of their names.
    #[must_use]
    pub fn all(&self) -> &[Term] {
        &self.terms
    }

    /// The page of a name: its file's, its heading, an alias or a cause, in any case, with blanks or dashes; before a status also
    /// with `HTTP`, `error` and the like.
    #[must_use]
    pub fn find(&self, asked: &str) -> Option<&Term> {
        if asked.len() > ASKED_BYTES_MAX {
            return None;
        }
        let name = plain_name(asked);
        let bare = without_prefixes(&name);
        let singular = name.strip_suffix('s').unwrap_or(&name);
        [name.as_str(), bare, singular].into_iter().find_map(|name| self.names.get(name)).map(|place| &self.terms[*place])
    }

    /// The page of a cause.
    #[must_use]
    pub fn of_cause(&self, cause: Cause) -> Option<&Term> {
        self.terms.iter().find(|term| term.causes.contains(&cause))
    }

    /// A page for a status that has none of its own: what the status says by itself. `None` where what was asked for is no status.
    #[must_use]
    pub fn of_status(&self, asked: &str, knowledge: &Knowledge) -> Option<Term> {
        let digits = without_prefixes(&plain_name(asked)).to_owned();
        let status = digits.parse::<u16>().ok().filter(|status| digits.len() == 3 && (100..=999).contains(status))?;
        let facts = knowledge.status(status);
        let cause = knowledge.cause(facts.cause);
        let says = format!("{status} by itself says: {}.", facts.says);
        let mut related = vec![STATUS_PAGE.to_owned()];
        related.extend(self.of_cause(facts.cause).map(|term| term.term.clone()).filter(|page| page != STATUS_PAGE));
        Some(Term {
            term: digits.clone(),
            title: format!("Status {digits}"),
            group: TermGroup::Status,
            aliases: Vec::new(),
            words: Vec::new(),
            causes: if facts.cause == Cause::None { Vec::new() } else { vec![facts.cause] },
            summary: says,
            facts: TermFacts {
                status: Some(digits),
                standard: Some(facts.source.clone()),
                sent_by: None,
                waiting: Some(match cause.waiting_helps {
                    Some(true) => "it may help".into(),
                    Some(false) => "it does not help by itself".into(),
                    None => "nobody can say".into(),
                }),
            },
            about:
                "This code has no page of its own here. Its first digit is what programs go by: 1 is interim, 2 is success, 3 \
                    points elsewhere, 4 says that the request can't be served as it is, 5 says that the server failed."
                    .into(),
            reasons: Vec::new(),
            comeback: format!("Unless header fields or the page say more, the cause is `{}`: {}", facts.cause, cause.meaning),
            person: cause.advice.clone(),
            help: Vec::new(),
            questions: Vec::new(),
            related,
            sources: vec![facts.source.clone()],
        })
    }

    /// The words of a text that have a page, in their order; none overlaps another.
    ///
    /// ```
    /// use comeback_diagnosis::terms::Terms;
    /// let terms = Terms::builtin();
    /// let mentions = terms.mentions("Read Retry-After, then use a backoff.");
    /// assert_eq!(mentions.iter().map(|mention| mention.term.term.as_str()).collect::<Vec<_>>(), ["retry-after", "backoff"]);
    /// ```
    #[must_use]
    pub fn mentions(&self, text: &str) -> Vec<Mention<'_>> {
        let found = self.finder.find_iter(text).filter_map(|found| {
            let end = word_end(text, found.start(), found.end())?;
            let term = &self.terms[self.places[found.pattern().as_usize()]];
            Some(Mention { start: found.start(), end, term })
        });
        found.collect()
    }

    /// The pages that the words of a term's page lead to, each once, in the order of their first mention, its own left out.
    #[must_use]
    pub fn mentioned_by(&self, term: &Term) -> Vec<&Term> {
        let mut pages: Vec<&Term> = Vec::new();
        for mention in term.prose().flat_map(|text| self.mentions(text)) {
            if mention.term.term != term.term && !pages.iter().any(|page| page.term == mention.term.term) {
                pages.push(mention.term);
            }
        }
        pages
    }

    /// Every name under which a page is found.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }
}

/// Where the word ends that begins at `start`, a plural's `s` included; `None` where it is a part of another word.
fn word_end(text: &str, start: usize, end: usize) -> Option<usize> {
    let joins = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-');
    if text[..start].chars().next_back().is_some_and(joins) {
        return None;
    }
    let mut rest = text[end..].chars();
    match (rest.next(), rest.next()) {
        (Some('s'), after) if !after.is_some_and(joins) => Some(end + 1),
        (Some(next), _) if joins(next) => None,
        (Some(_) | None, _) => Some(end),
    }
}

/// A plain name without `http`, `error` and the like around it.
fn without_prefixes(name: &str) -> &str {
    let strip = |name, prefix: &&str| str::strip_prefix(name, *prefix).and_then(|rest| rest.strip_prefix('-')).unwrap_or(name);
    let bare = STATUS_PREFIXES.iter().fold(name, strip);
    bare.strip_suffix("-error").unwrap_or(bare)
}

/// A name without case, blanks and punctuation: `Retry-After` and `retry after` are `retry-after`.
fn plain_name(name: &str) -> String {
    let kept = name.to_lowercase();
    let parts = kept.split(|character: char| !character.is_alphanumeric()).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-")
}
