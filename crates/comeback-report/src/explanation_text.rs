//! The explanation of a saved response as text for people; scripts read its JSON.

use comeback_engine::diagnosis::diagnosis::{Responder, Scope};
use comeback_engine::diagnosis::explanation::{Explanation, Seconds};
use comeback_engine::diagnosis::retry_after::RetryAfterKind;

use comeback_engine::diagnosis::cause::Cause;
use textwrap::{Options, WordSplitter};

use crate::figures::plain;
use crate::term_text::COLUMNS_MAX;

/// A few lines with an empty one at the end.
#[must_use]
pub fn render(explanation: &Explanation) -> String {
    // Without `..`, so that a new field is not forgotten here.
    let Explanation {
        file,
        status,
        cause,
        responder,
        product,
        scope,
        waiting_helps,
        confidence,
        retry_after_s,
        retry_after_kind,
        evidence,
        advice,
        surer,
    } = explanation;
    let product = product.as_deref().map(|product| format!(" ({})", plain(product))).unwrap_or_default();
    let status = if *status == 0 { "no response".to_owned() } else { status.to_string() };
    let mut text = format!("{}: {status}, {cause} (confidence {confidence:.2})\n", plain(file));
    let mut line = |label: &str, words: &str| text.push_str(&labelled(label, words));
    line("said by", &format!("{}{product}", responder_words(*responder)));
    line("about", scope_words(*scope));
    line("waiting", waiting_words(*waiting_helps));
    if let Some(kind) = retry_after_kind {
        line("later", &later(*kind, *retry_after_s));
    }
    for fact in evidence {
        line("because", &format!("{} ({:+.2})", plain(&fact.what), fact.weight));
    }
    line("advice", advice);
    surer.iter().for_each(|wish| line("surer by", wish));
    if *cause != Cause::None {
        line("more", &format!("`comeback explain {cause}`"));
    }
    text.push('\n');
    text
}

/// A label and its words, wrapped beside it.
fn labelled(label: &str, words: &str) -> String {
    let first = format!("  {label:<LABEL_COLUMNS$}");
    let others = " ".repeat(LABEL_COLUMNS + 2);
    let options = Options::new(COLUMNS_MAX).initial_indent(&first).subsequent_indent(&others);
    format!("{}\n", textwrap::fill(words, options.word_splitter(WordSplitter::NoHyphenation)))
}

/// The column at which the words stand.
const LABEL_COLUMNS: usize = 9;

const fn responder_words(responder: Responder) -> &'static str {
    match responder {
        Responder::Origin => "the server whose page it is",
        Responder::Edge => "a CDN or protection service at the site's edge",
        Responder::Proxy => "a reverse proxy or load balancer of the site",
        Responder::Provider => "a scraping API",
        Responder::Local => "our own network or machine",
        Responder::Nobody => "nobody: no response came",
        Responder::Unknown => "it cannot be told",
    }
}

pub(crate) const fn scope_words(scope: Scope) -> &'static str {
    match scope {
        Scope::Url => "this URL alone",
        Scope::Path => "all URLs below a path",
        Scope::Host => "the whole host",
        Scope::Group => "all hosts of one server or edge",
        Scope::Account => "our account at a provider",
        Scope::Unknown => "it cannot be told",
    }
}

pub(crate) const fn waiting_words(waiting_helps: Option<bool>) -> &'static str {
    match waiting_helps {
        Some(true) => "helps",
        Some(false) => "does not help",
        None => "nobody can say whether it helps",
    }
}

fn later(kind: RetryAfterKind, seconds: Option<Seconds>) -> String {
    let form = match kind {
        RetryAfterKind::Seconds => "Retry-After in seconds",
        RetryAfterKind::Date => "Retry-After as a date",
        RetryAfterKind::RateLimit => "RateLimit fields",
        RetryAfterKind::Boilerplate => "a constant of the product: a floor, not an estimate",
        RetryAfterKind::Unusable => "Retry-After without usable information",
    };
    match seconds {
        Some(Seconds::Whole(seconds)) => format!("in {seconds} s ({form})"),
        Some(Seconds::Decimal(seconds)) => format!("in {seconds:.3} s ({form})"),
        None => form.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use comeback_engine::diagnosis::clock::WallTime;
    use comeback_engine::diagnosis::knowledge::Knowledge;
    use comeback_engine::diagnosis::raw_response::RawResponse;

    use super::*;

    #[test]
    fn each_answer_of_the_explanation_has_its_line() {
        let raw = RawResponse::parse(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\n\r\n").unwrap();
        let text = render(&Knowledge::builtin().explain("a\u{1b}.http", &raw, WallTime(0)));
        assert!(text.starts_with("a\\u{1b}.http: 503, "), "{text}");
        assert!(text.contains("  later    in 7 s (Retry-After in seconds)\n"), "{text}");
        assert!(text.contains("  advice   ") && text.ends_with("\n\n"), "{text}");
        assert!(text.contains("\n  surer by the same URL again after a minute"), "{text}");
    }

    #[test]
    fn what_is_no_response_says_so_in_eighty_columns() {
        let text = render(&Knowledge::builtin().unread("a.png", &"it is a picture ".repeat(20), "save the response"));
        assert!(text.starts_with("a.png: no response, unknown "), "{text}");
        assert!(text.contains("\n  advice   Save the response.\n"), "{text}");
        assert!(text.lines().all(|line| line.len() <= COLUMNS_MAX), "{text}");
    }
}
