//! All terms as pages for a browser: linked, offline, without a script. `term_text` is the sibling for terminals.
//!
//! It renders; whoever calls writes the files.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use comeback_engine::diagnosis::knowledge::Knowledge;
use comeback_engine::diagnosis::term::{Term, TermFacts, TermGroup};
use comeback_engine::diagnosis::terms::Terms;

use crate::explanation_text::{scope_words, waiting_words};
use crate::term_map;

/// The stylesheet, beside the pages.
const STYLE: &str = include_str!("term_html/style.css");

/// The name of the page that lists all others.
pub const INDEX_NAME: &str = "index.html";

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteFile {
    /// Its name, without a folder.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// Every file of the site: an index, a map, a page for each term, and the stylesheet.
#[must_use]
pub fn site(terms: &Terms, knowledge: &Knowledge) -> Vec<SiteFile> {
    let page = |term: &Term| SiteFile { name: file_name(&term.term), text: term_page(term, terms, knowledge) };
    let mut files: Vec<SiteFile> = terms.all().iter().map(page).collect();
    files.push(SiteFile { name: INDEX_NAME.into(), text: index(terms) });
    files.push(SiteFile { name: "map.html".into(), text: map(terms) });
    files.push(SiteFile { name: "style.css".into(), text: STYLE.into() });
    files
}

/// The name of a term's page.
fn file_name(term: &str) -> String {
    format!("{term}.html")
}

/// Text for HTML, in an attribute too.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A whole page.
fn document(title: &str, main: &str) -> String {
    let title = escaped(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title} - comeback explain</title>\n\
         <link rel=\"stylesheet\" href=\"style.css\">\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the content</a>\n\
         <header><nav aria-label=\"Site\"><a href=\"{INDEX_NAME}\">All terms</a> <a href=\"map.html\">Map</a></nav></header>\n\
         <main id=\"main\">\n<h1>{title}</h1>\n{main}</main>\n\
         <footer><p>Written by <code>comeback explain --html</code>. These pages need no network.</p></footer>\n</body>\n</html>\n"
    )
}

fn index(terms: &Terms) -> String {
    let mut main = String::from("<p>What servers say, what may be behind it, and what to do.</p>\n");
    for group in TermGroup::ALL {
        let _infallible = writeln!(main, "<h2>{}</h2>\n<dl class=\"terms\">", group.title());
        for term in terms.all().iter().filter(|term| term.group == group) {
            let (link, summary) = (link(term), escaped(&term.summary));
            let _infallible = writeln!(main, "<div><dt>{link}</dt><dd>{summary}</dd></div>");
        }
        main.push_str("</dl>\n");
    }
    document("Terms", &main)
}

fn map(terms: &Terms) -> String {
    let lead = "<p>Each line joins two terms that go together. Every name is a link to its page; \
                <a href=\"index.html\">the list</a> holds the same names as text.</p>\n";
    document("Map of terms", &format!("{lead}{}", term_map::whole(terms)))
}

fn link(term: &Term) -> String {
    format!("<a href=\"{}\">{}</a>", file_name(&term.term), escaped(&term.title))
}

fn term_page(term: &Term, terms: &Terms, knowledge: &Knowledge) -> String {
    // Without `..`, so that a new field is not forgotten here.
    let Term {
        term: _,
        title,
        group,
        aliases: _,
        words: _,
        causes,
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
    let prose = Prose { terms, own: &term.term };
    let mut page = Page(format!("<p class=\"group\">{}</p>\n<p class=\"summary\">{}</p>\n", group.title(), prose.html(summary)));
    page.facts(facts, &prose);
    page.heading("What it is");
    term.paragraphs().for_each(|paragraph| page.line(&format!("<p>{}</p>", prose.html(paragraph))));
    let pairs = |name: &str, what: &str| (escaped(name), prose.html(what));
    page.list("What may be behind it, and how to tell", reasons.iter().map(|reason| pairs(&reason.what, &reason.sign)));
    page.list("What to do", [pairs("comeback", comeback), pairs("You", person)]);
    let in_results = causes.iter().map(|cause| {
        let facts = knowledge.cause(*cause);
        let (waiting, scope) = (waiting_words(facts.waiting_helps), scope_words(facts.scope));
        (format!("<code>{cause}</code>"), format!("{} Waiting: {waiting}. It speaks for: {scope}.", escaped(&facts.meaning)))
    });
    page.list("In results", in_results);
    page.list("What helps, and what does not", help.iter().map(|help| pairs(&help.name, &help.what)));
    page.list("Questions", questions.iter().map(|question| pairs(&question.asks, &question.answer)));
    page.heading("Related");
    let near: Vec<&Term> = related.iter().filter_map(|name| terms.find(name)).collect();
    page.line(&term_map::around(term, &near));
    page.items(near.iter().map(|term| link(term)));
    page.heading("Sources");
    page.items(sources.iter().map(|source| source_html(source)));
    document(title, &page.0)
}

/// A source; one that is an address is a link.
fn source_html(source: &str) -> String {
    let text = escaped(source);
    match source.split_once(' ').map_or(source, |(address, _)| address) {
        address if address.starts_with("http") => format!("<a href=\"{}\" rel=\"external\">{text}</a>", escaped(address)),
        _ => text,
    }
}

/// Text whose words lead to their pages: each page is linked once in a text, and none to itself.
struct Prose<'a> {
    terms: &'a Terms,
    own: &'a str,
}

impl Prose<'_> {
    fn html(&self, text: &str) -> String {
        let (mut html, mut done, mut linked) = (String::new(), 0, BTreeSet::from([self.own]));
        for mention in self.terms.mentions(text) {
            if linked.insert(&mention.term.term) {
                let (before, word) = (&text[done..mention.start], &text[mention.start..mention.end]);
                let name = file_name(&mention.term.term);
                let _infallible = write!(html, "{}<a href=\"{name}\">{}</a>", escaped(before), escaped(word));
                done = mention.end;
            }
        }
        html.push_str(&escaped(&text[done..]));
        html
    }
}

/// The page's content so far.
struct Page(String);

impl Page {
    fn line(&mut self, html: &str) {
        self.0.push_str(html);
        self.0.push('\n');
    }

    fn heading(&mut self, words: &str) {
        self.line(&format!("<h2>{words}</h2>"));
    }

    fn facts(&mut self, facts: &TermFacts, prose: &Prose<'_>) {
        let TermFacts { status, standard, sent_by, waiting } = facts;
        let all = [("Status", status), ("Standard", standard), ("Sent by", sent_by), ("Does waiting help?", waiting)];
        let rows: Vec<_> = all.into_iter().filter_map(|(label, text)| Some((label, text.as_ref()?))).collect();
        if !rows.is_empty() {
            self.line("<table class=\"facts\"><caption>Quick facts</caption>");
            rows.iter().for_each(|(label, text)| {
                self.line(&format!("<tr><th scope=\"row\">{label}</th><td>{}</td></tr>", prose.html(text)));
            });
            self.line("</table>");
        }
    }

    /// A heading with names and what is said of each; nothing where there are none.
    fn list(&mut self, heading: &str, pairs: impl IntoIterator<Item = (String, String)>) {
        let mut pairs = pairs.into_iter().peekable();
        if pairs.peek().is_some() {
            self.heading(heading);
            self.line("<dl>");
            pairs.for_each(|(name, what)| self.line(&format!("<dt>{name}</dt><dd>{what}</dd>")));
            self.line("</dl>");
        }
    }

    fn items(&mut self, items: impl IntoIterator<Item = String>) {
        self.line("<ul>");
        items.into_iter().for_each(|item| self.line(&format!("<li>{item}</li>")));
        self.line("</ul>");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Vec<SiteFile> {
        site(&Terms::builtin(), &Knowledge::builtin())
    }

    /// The value of each such attribute.
    fn values<'a>(text: &'a str, attribute: &'a str) -> impl Iterator<Item = &'a str> {
        let starts = text.match_indices(attribute).map(move |(at, _)| &text[at + attribute.len()..]);
        starts.filter_map(|rest| rest.split('"').next())
    }

    #[test]
    fn every_link_leads_to_a_page_of_the_site() {
        let files = files();
        let names: BTreeSet<&str> = files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names.len(), files.len(), "no two pages have one name");
        for file in &files {
            for target in values(&file.text, "href=\"").filter(|target| !target.starts_with("http") && !target.starts_with('#')) {
                assert!(names.contains(target), "{}: {target}", file.name);
            }
        }
    }

    /// The pages are read where there is no network, and show nothing from elsewhere.
    #[test]
    fn no_page_loads_anything_from_elsewhere() {
        for file in files() {
            for word in ["<script", "src=", "@import", " url(", ":url(", "<iframe", "<img"] {
                assert!(!file.text.contains(word), "{}: {word}", file.name);
            }
        }
    }

    #[test]
    fn every_page_can_be_walked_by_headings_and_in_its_language() {
        for file in files().iter().filter(|file| file.name.ends_with(".html")) {
            for part in ["<html lang=\"en\">", "class=\"skip\" href=\"#main\"", "<main id=\"main\">", "name=\"viewport\""] {
                assert!(file.text.contains(part), "{}: {part}", file.name);
            }
            assert_eq!(file.text.matches("<h1>").count(), 1, "{}", file.name);
            for tag in ["a", "dl", "dt", "dd", "ul", "li", "p", "table", "tr", "svg", "g", "div"] {
                let opened = file.text.matches(&format!("<{tag}>")).count() + file.text.matches(&format!("<{tag} ")).count();
                assert_eq!(opened, file.text.matches(&format!("</{tag}>")).count(), "{}: {tag}", file.name);
            }
        }
    }

    #[test]
    fn text_is_escaped_and_a_word_is_linked_once() {
        let terms = Terms::builtin();
        let prose = Prose { terms: &terms, own: "503" };
        assert_eq!(
            prose.html("<503> & a CDN, CDNs: 429"),
            "&lt;503&gt; &amp; a <a href=\"cdn.html\">CDN</a>, CDNs: <a href=\"429.html\">429</a>"
        );
    }
}
