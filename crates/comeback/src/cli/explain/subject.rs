//! What is meant by a word on the command line: a file that is there comes first, then a URL, then a code or term.
//!
//! It decides; it reads nothing.

use std::path::{Path, PathBuf};

use comeback::Term;
use comeback_engine::seed_url::canonical;
use url::Url;

use super::Library;

/// What is to be explained.
pub(super) enum Subject {
    /// A saved response: a file, or `-` for standard input.
    Saved(PathBuf),
    /// A URL that can be asked.
    Url(Url),
    /// A URL that can't, and why.
    BadUrl(String),
    /// A status code or a term.
    Term(Box<Term>),
    /// None of these.
    Nothing,
}

/// What stands behind the scheme of every URL that has a host.
const SCHEME_END: &str = "://";

impl Subject {
    /// Each argument with what it means. Several words that are one term together (`too many requests`) are one subject.
    pub(super) fn all(arguments: &[PathBuf], library: &Library) -> Vec<(String, Self)> {
        let names: Vec<String> = arguments.iter().map(|argument| argument.display().to_string()).collect();
        let together = names.join(" ");
        if names.len() > 1
            && !arguments.iter().any(|path| is_there(path))
            && let Some(term) = library.terms.find(&together)
        {
            return vec![(together, Self::Term(Box::new(term.clone())))];
        }
        arguments.iter().zip(names).map(|(path, name)| (name, Self::of(path, library))).collect()
    }

    fn of(path: &Path, library: &Library) -> Self {
        if is_there(path) {
            return Self::Saved(path.to_owned());
        }
        if let Some(given) = path.to_str().filter(|name| name.contains(SCHEME_END)) {
            return canonical(given).map_or_else(|refusal| Self::BadUrl(refusal.to_string()), Self::Url);
        }
        let page = |name| library.terms.find(name).cloned().or_else(|| library.terms.of_status(name, &library.knowledge));
        match path.to_str().and_then(page) {
            Some(term) => Self::Term(Box::new(term)),
            None if looks_like_a_file(path) => Self::Saved(path.to_owned()),
            None => Self::Nothing,
        }
    }
}

fn is_there(path: &Path) -> bool {
    path == Path::new("-") || path.exists()
}

/// A path, or a name with an extension: whoever wrote it meant a file, though it is not there.
fn looks_like_a_file(path: &Path) -> bool {
    path.components().count() > 1 || path.extension().is_some()
}
