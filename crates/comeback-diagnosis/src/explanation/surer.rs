//! What would make an explanation surer: what is missing in the file, and what a second look would tell.

use crate::cause::Cause;
use crate::explanation::undecoded;
use crate::family::Family;
use crate::raw_response::RawResponse;

/// A surer answer needs nothing more.
const SURE_CONFIDENCE: f64 = 0.9;

/// Whether an answer needs nothing more.
pub(super) const fn is_sure(confidence: f64) -> bool {
    confidence >= SURE_CONFIDENCE
}

/// What to look at next, most useful first; nothing after an answer that is sure.
pub(super) fn second_looks(cause: Cause, confidence: f64) -> Vec<String> {
    if is_sure(confidence) {
        return Vec::new();
    }
    let looks: &[&str] = match cause.family() {
        Family::Trouble | Family::Unknown | Family::OwnSide => &[
            "the same URL again after a minute: what passes by itself is trouble",
            "another URL of the host: it tells one bad page from a host in trouble",
            "the same at a slower pace: only a rate limit follows yours",
        ],
        Family::Rate => &["the same at a slower pace: a limit ends with it, overload does not"],
        Family::Block => &[
            "the same URL in a browser: a page there means that your client is refused",
            "another URL of the host: it tells a rule about one page from one about you",
        ],
        Family::None => &[],
    };
    looks.iter().map(|look| (*look).to_owned()).collect()
}

/// What the file lacks.
pub(super) fn missing(raw: &RawResponse) -> Vec<String> {
    let mut wishes = Vec::new();
    if raw.fields.is_empty() {
        wishes.push("the header fields: only the status line is here".to_owned());
    }
    if undecoded(raw).is_some() {
        wishes.push("the body in plain: `curl -i --compressed` takes the compression off".to_owned());
    }
    let saved = u64::try_from(raw.body.len()).unwrap_or(u64::MAX);
    if let Some(promised) = raw.length_promised().filter(|promised| *promised > saved) {
        wishes.push(format!("the whole body: {saved} of {promised} bytes are here"));
    }
    wishes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::WallTime;
    use crate::knowledge::Knowledge;

    fn wished(saved: &[u8]) -> Vec<String> {
        Knowledge::builtin().explain("a", &RawResponse::parse(saved).expect("a response"), WallTime(0)).surer
    }

    #[test]
    fn what_is_missing_is_named() {
        let wishes = wished(b"HTTP/1.1 503 No\r\nContent-Encoding: gzip\r\nContent-Length: 100\r\n\r\n\x1f\x8b\xff");
        assert!(wishes.iter().any(|wish| wish.starts_with("the body in plain")), "{wishes:?}");
        assert!(wishes.iter().any(|wish| wish == "the whole body: 3 of 100 bytes are here"), "{wishes:?}");
        assert!(wished(b"HTTP/1.1 503 No").iter().any(|wish| wish.starts_with("the header fields")));
    }

    #[test]
    fn a_second_look_fits_the_cause() {
        assert!(wished(b"HTTP/1.1 503 No\r\nA: 1\r\n\r\n")[0].starts_with("the same URL again"));
        assert!(wished(b"HTTP/1.1 429 No\r\nA: 1\r\n\r\n")[0].contains("slower pace"));
        assert_eq!(wished(b"HTTP/1.1 404 No\r\nA: 1\r\n\r\n"), Vec::<String>::new());
    }
}
