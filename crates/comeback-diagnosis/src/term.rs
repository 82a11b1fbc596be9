//! A term: one page of `comeback explain TERM`, as `knowledge/terms/*.toml` has it.
//!
//! It is plain text; which words of it have a page of their own is found by [`Terms::mentions`](crate::terms::Terms::mentions). It
//! informs people: nothing is decided by it.

use serde::{Deserialize, Serialize};

use crate::cause::Cause;

/// One page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// The page's name, which is its file's: `retry-after`.
    #[serde(skip_deserializing)]
    pub term: String,
    /// The heading.
    pub title: String,
    /// What sort of thing it is.
    pub group: TermGroup,
    /// Other words under which people ask for the page.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The words that mean this page wherever they stand in another one.
    #[serde(default)]
    pub words: Vec<String>,
    /// The causes of `causes.toml` that the page speaks of.
    #[serde(default)]
    pub causes: Vec<Cause>,
    /// What it is, in one or two sentences.
    pub summary: String,
    /// The quick facts.
    #[serde(default)]
    pub facts: TermFacts,
    /// What it is, in paragraphs with an empty line between them.
    pub about: String,
    /// What may be behind it, and how one is told from another.
    #[serde(default)]
    pub reasons: Vec<Reason>,
    /// What comeback does when it meets it.
    pub comeback: String,
    /// What a person can do.
    pub person: String,
    /// Tools and ways that help, other people's too.
    #[serde(default)]
    pub help: Vec<Help>,
    /// What people ask.
    #[serde(default)]
    pub questions: Vec<Question>,
    /// Names of pages that go with this one.
    pub related: Vec<String>,
    /// Where the facts come from.
    pub sources: Vec<String>,
}

/// What sort of thing a term is; the index is ordered so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TermGroup {
    /// A status code, or a family of them.
    Status,
    /// A header field, or another way in which a server says what it wants.
    Signal,
    /// Trouble of a server or of the network.
    Trouble,
    /// A limit on how much one may ask.
    Limit,
    /// A refusal of robots, of an address, of strangers.
    Refusal,
    /// A party or a part of the way between client and page.
    Party,
    /// Good manners: how to ask.
    Manner,
    /// How comeback works and what it writes.
    Engine,
}

impl TermGroup {
    /// All groups, in the order of the index.
    pub const ALL: [Self; 8] =
        [Self::Status, Self::Signal, Self::Trouble, Self::Limit, Self::Refusal, Self::Party, Self::Manner, Self::Engine];

    /// The group's heading.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Status => "Status codes",
            Self::Signal => "What servers say",
            Self::Trouble => "Trouble",
            Self::Limit => "Limits",
            Self::Refusal => "Refusals",
            Self::Party => "Who is on the way",
            Self::Manner => "How to ask",
            Self::Engine => "How comeback works",
        }
    }
}

/// The quick facts of a term; an absent one does not apply.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermFacts {
    /// The status codes it comes with.
    #[serde(default)]
    pub status: Option<String>,
    /// Where it is defined.
    #[serde(default)]
    pub standard: Option<String>,
    /// Who sends it, or does it.
    #[serde(default)]
    pub sent_by: Option<String>,
    /// Whether waiting helps.
    #[serde(default)]
    pub waiting: Option<String>,
}

/// One thing that may be behind a term.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// What it is.
    pub what: String,
    /// By what it is told from the others.
    pub sign: String,
}

/// A tool or a way that helps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Help {
    /// Its name.
    pub name: String,
    /// What it does, and what it does not.
    pub what: String,
}

/// A question and its honest answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// As people ask it.
    pub asks: String,
    /// The answer.
    pub answer: String,
}

impl Term {
    /// Every text of the page that is prose, in the order in which it is read.
    pub fn prose(&self) -> impl Iterator<Item = &str> {
        // Without `..`, so that a new field is not forgotten here.
        let Self {
            term: _,
            title: _,
            group: _,
            aliases: _,
            words: _,
            causes: _,
            summary,
            facts: TermFacts { status: _, standard: _, sent_by, waiting },
            about,
            reasons,
            comeback,
            person,
            help,
            questions,
            related: _,
            sources: _,
        } = self;
        let beginning = std::iter::once(summary).chain(sent_by).chain(waiting).chain(std::iter::once(about));
        let reasons = reasons.iter().flat_map(|reason| [&reason.what, &reason.sign]);
        let help = help.iter().flat_map(|help| [&help.name, &help.what]);
        let questions = questions.iter().flat_map(|question| [&question.asks, &question.answer]);
        beginning.chain(reasons).chain([comeback, person]).chain(help).chain(questions).map(String::as_str)
    }

    /// The paragraphs of [`Term::about`].
    pub fn paragraphs(&self) -> impl Iterator<Item = &str> {
        self.about.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty())
    }
}
