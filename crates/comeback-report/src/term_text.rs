//! A term as a page for the terminal: at most 80 columns, legible without colour. `term_html` is its sibling for browsers.

use comeback_engine::diagnosis::knowledge::Knowledge;
use comeback_engine::diagnosis::term::{Reason, Term, TermFacts};
use comeback_engine::diagnosis::terms::Terms;
use textwrap::{Options, WordSplitter};

use crate::explanation_text::{scope_words, waiting_words};

/// The widest line, in columns.
pub(crate) const COLUMNS_MAX: usize = 80;

/// The column at which the facts stand.
const LABEL_COLUMNS: usize = 11;

/// The page.
#[must_use]
pub fn render(term: &Term, terms: &Terms, knowledge: &Knowledge) -> String {
    // Without `..`, so that a new field is not forgotten here.
    let Term {
        term: _,
        title,
        group: _,
        aliases: _,
        words: _,
        causes: _,
        summary,
        facts,
        about: _,
        reasons,
        comeback,
        person,
        help,
        questions,
        related,
        sources,
    } = term;
    let mut page = Page(format!("{title}\n{}\n", "=".repeat(title.chars().count())));
    page.paragraph("", summary);
    page.facts(facts);
    page.heading("What it is");
    for (index, paragraph) in term.paragraphs().enumerate() {
        if index > 0 {
            page.0.push('\n');
        }
        page.paragraph("  ", paragraph);
    }
    page.reasons(reasons);
    page.heading("What to do");
    page.labelled("comeback", comeback);
    page.labelled("you", person);
    page.causes(term, knowledge);
    if !help.is_empty() {
        page.heading("What helps, and what does not");
        help.iter().for_each(|help| page.item(&format!("{}: {}", help.name, help.what)));
    }
    for (index, question) in questions.iter().enumerate() {
        if index == 0 {
            page.heading("Questions");
        }
        page.paragraph("  ", &question.asks);
        page.paragraph("    ", &question.answer);
    }
    page.heading("More");
    page.labelled("related", &related.join(", "));
    let mentioned = terms.mentioned_by(term).into_iter().filter(|page| !related.contains(&page.term));
    let mentioned: Vec<&str> = mentioned.map(|page| page.term.as_str()).collect();
    if !mentioned.is_empty() {
        page.labelled("also used", &mentioned.join(", "));
    }
    page.labelled("", "`comeback explain TERM` has a page for each of these.");
    page.heading("Sources");
    sources.iter().for_each(|source| page.item(source));
    page.0
}

/// The text so far.
struct Page(String);

impl Page {
    fn heading(&mut self, words: &str) {
        self.0.push_str(&format!("\n{words}\n"));
    }

    /// Wrapped, each line behind the margin.
    fn paragraph(&mut self, margin: &str, text: &str) {
        self.wrapped(margin, margin, text);
    }

    fn item(&mut self, text: &str) {
        self.wrapped("  - ", "    ", text);
    }

    /// A label with its text beside it.
    fn labelled(&mut self, label: &str, text: &str) {
        self.wrapped(&format!("  {label:<LABEL_COLUMNS$}"), &" ".repeat(LABEL_COLUMNS + 2), text);
    }

    fn wrapped(&mut self, first: &str, others: &str, text: &str) {
        let options = Options::new(COLUMNS_MAX).initial_indent(first).subsequent_indent(others);
        let options = options.word_splitter(WordSplitter::NoHyphenation);
        self.0.push_str(&textwrap::fill(text.trim(), options));
        self.0.push('\n');
    }

    fn facts(&mut self, facts: &TermFacts) {
        let TermFacts { status, standard, sent_by, waiting } = facts;
        let all = [("status", status), ("standard", standard), ("sent by", sent_by), ("waiting?", waiting)];
        for (index, (label, text)) in all.into_iter().filter_map(|(label, text)| Some((label, text.as_ref()?))).enumerate() {
            if index == 0 {
                self.0.push('\n');
            }
            self.labelled(label, text);
        }
    }

    fn reasons(&mut self, reasons: &[Reason]) {
        if !reasons.is_empty() {
            self.heading("What may be behind it, and how to tell");
        }
        for Reason { what, sign } in reasons {
            self.item(&format!("{what}: {sign}"));
        }
    }

    /// What `causes.toml` knows of the page's causes: the words that stand in rows and reports.
    fn causes(&mut self, term: &Term, knowledge: &Knowledge) {
        for (index, cause) in term.causes.iter().enumerate() {
            if index == 0 {
                self.heading("In results");
            }
            let facts = knowledge.cause(*cause);
            let (waiting, scope) = (waiting_words(facts.waiting_helps), scope_words(facts.scope));
            self.item(&format!("cause {cause}: {} Waiting: {waiting}. It speaks for: {scope}.", facts.meaning));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_page_is_wider_than_a_terminal_or_holds_odd_characters() {
        let (terms, knowledge) = (Terms::builtin(), Knowledge::builtin());
        for term in terms.all() {
            for line in render(term, &terms, &knowledge).lines() {
                assert!(line.chars().count() <= COLUMNS_MAX, "{}: {line}", term.term);
                assert!(line.trim_end() == line && !line.chars().any(char::is_control), "{}: {line:?}", term.term);
            }
        }
    }

    #[test]
    fn a_page_says_what_to_do_and_where_to_read_on() {
        let (terms, knowledge) = (Terms::builtin(), Knowledge::builtin());
        let text = render(terms.find("rate limit").unwrap(), &terms, &knowledge);
        assert!(text.starts_with("Rate limit\n==========\n"), "{text}");
        for part in [
            "\n  you        Ask this host",
            "\n  - cause rate_limit: We asked",
            "\n  related    429, ",
            "\nSources\n  - RFC 6585",
        ] {
            assert!(text.contains(part), "{part:?}: {text}");
        }
    }
}
