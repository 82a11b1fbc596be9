//! The key of a URL in an index: its SURT (Sort-friendly URI Reordering Transform), as the readers of indexes make it.
//!
//! `https://www.Example.org:8443/A?b=2&a=1` has the key `org,example:8443)/a?a=1&b=2`. A reader looks a URL up by making its key,
//! so ours have to be the same to the byte, oddities included: the rules are those of the Python package `surt` 0.3, which pywb
//! uses. There is no standard. It is no identity for fetching: two different pages may share a key.

use std::sync::LazyLock;

use regex::bytes::Regex;

/// How often a text is unescaped at most; one that goes on changing is of no use to anybody.
const UNESCAPINGS_MAX: usize = 32;
/// What is not escaped, beside letters and digits.
const PLAIN: &[u8] = b"!\"$&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// Identifiers of sessions between two parts of a path.
static IN_PATH: LazyLock<[Regex; 2]> = LazyLock::new(|| {
    [r"^(.*/)(\((?:[a-z]\([0-9a-z]{24}\))+\)/)([^?]+\.aspx.*)$", r"^(.*/)(\([0-9a-z]{24}\)/)([^?]+\.aspx.*)$"].map(pattern)
});

/// Identifiers of sessions between two parts of a query.
static IN_QUERY: LazyLock<[Regex; 5]> = LazyLock::new(|| {
    [
        r"^(.*)(jsessionid=[0-9a-z]{32})(?:&(.*))?$",
        r"^(.*)(phpsessid=[0-9a-z]{32})(?:&(.*))?$",
        r"^(.*)(sid=[0-9a-z]{32})(?:&(.*))?$",
        r"^(.*)(aspsessionid[a-z]{8}=[a-z]{24})(?:&(.*))?$",
        r"^(.*)(cfid=[^&]+&cftoken=[^&]+)(?:&(.*))?$",
    ]
    .map(pattern)
});

fn pattern(text: &str) -> Regex {
    Regex::new(&format!("(?i-u){text}")).expect("it is one of the constants above, and a test uses each")
}

/// The key of an absolute URL as it was asked, without fragment. What has no host keeps its text.
pub(crate) fn key(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let rest = rest.split('#').next().unwrap_or_default();
    let (before_query, query) = rest.split_once('?').map_or((rest, None), |(before, query)| (before, Some(query)));
    let (authority, path) = before_query.find('/').map_or((before_query, ""), |at| before_query.split_at(at));
    let mut key = host_key(scheme, authority);
    key.push(')');
    // Escaping leaves only ASCII.
    key.extend(path_key(path).into_iter().map(char::from));
    let query = query.map(query_key).filter(|query| !query.is_empty());
    if let Some(query) = query {
        key.push('?');
        key.extend(query.into_iter().map(char::from));
    }
    key
}

/// Host and port, the last label first.
fn host_key(scheme: &str, authority: &str) -> String {
    let host_and_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = match host_and_port.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => (address, port.strip_prefix(':')),
        None => host_and_port.split_once(':').map_or((host_and_port, None), |(host, port)| (host, Some(port))),
    };
    let host = host.to_ascii_lowercase().replace("..", ".");
    let host = without_www(host.trim_matches('.'));
    let mut key = host.rsplit('.').collect::<Vec<_>>().join(",");
    let default = if scheme.eq_ignore_ascii_case("https") { "443" } else { "80" };
    if let Some(port) = port.filter(|port| !port.is_empty() && *port != default) {
        key.push(':');
        key.push_str(port);
    }
    key
}

/// A host without `www.`, `www2.` and the like before it.
fn without_www(host: &str) -> &str {
    let after = host.strip_prefix("www").map(|rest| rest.trim_start_matches(|letter: char| letter.is_ascii_digit()));
    after.and_then(|rest| rest.strip_prefix('.')).unwrap_or(host)
}

fn path_key(path: &str) -> Vec<u8> {
    let path = normalized(&unescaped(path.as_bytes()));
    let mut path = escaped(&path).to_ascii_lowercase();
    // Most paths have none, which is seen faster so.
    if memchr::memmem::find(&path, b".aspx").is_some() {
        for session in &*IN_PATH {
            path = without_session(session, path);
        }
    }
    if path.len() > 1 && path.ends_with(b"/") {
        path.pop();
    }
    path
}

/// A path without `.`, `..` and empty parts.
fn normalized(path: &[u8]) -> Vec<u8> {
    let mut kept: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/').skip(1) {
        match part {
            b"." => {}
            // Above the root there is nothing to leave; the oddity of keeping it is the package's.
            b".." if kept.is_empty() => kept.push(part),
            b".." => drop(kept.pop()),
            _ => kept.push(part),
        }
    }
    let mut normalized = vec![b'/'];
    if let Some((last, before)) = kept.split_last() {
        for part in before.iter().filter(|part| !part.is_empty()) {
            normalized.extend_from_slice(part);
            normalized.push(b'/');
        }
        normalized.extend_from_slice(last);
    }
    normalized
}

/// A query without sessions, in lower case, its arguments sorted.
fn query_key(query: &str) -> Vec<u8> {
    let mut query = escaped(&unescaped(query.as_bytes()));
    if query.contains(&b'=') {
        for session in &*IN_QUERY {
            query = without_session(session, query);
        }
    }
    query.make_ascii_lowercase();
    // An argument without `=` comes before one with an empty value, so a name and its value are compared as a pair.
    let split_at_equals = |argument: &'_ [u8]| -> (Vec<u8>, Option<Vec<u8>>) {
        match argument.iter().position(|byte| *byte == b'=') {
            Some(at) => (argument[..at].to_vec(), Some(argument[at + 1..].to_vec())),
            None => (argument.to_vec(), None),
        }
    };
    let mut arguments: Vec<_> = query.split(|byte| *byte == b'&').map(split_at_equals).collect();
    arguments.sort();
    let joined = arguments.into_iter().map(|(name, value)| match value {
        Some(value) => [name, value].join(&b'='),
        None => name,
    });
    joined.collect::<Vec<_>>().join(&b'&')
}

fn without_session(session: &Regex, text: Vec<u8>) -> Vec<u8> {
    match session.captures(&text) {
        Some(found) => {
            let part = |number: usize| found.get(number).map_or(&b""[..], |part| part.as_bytes());
            [part(1), part(3)].concat()
        }
        None => text,
    }
}

/// Takes escapes off until nothing changes.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut text = text.to_vec();
    for _ in 0..UNESCAPINGS_MAX {
        if !text.contains(&b'%') {
            break;
        }
        let once = unescaped_once(&text);
        if once == text {
            break;
        }
        text = once;
    }
    text
}

fn unescaped_once(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let escape = after.get(..2).filter(|_| *first == b'%').and_then(hexadecimal);
        plain.push(escape.unwrap_or(*first));
        rest = if escape.is_some() { &after[2..] } else { after };
    }
    plain
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    Some(value(digits[0])? * 16 + value(digits[1])?)
}

fn escaped(text: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut escaped = Vec::with_capacity(text.len());
    for byte in text {
        if byte.is_ascii_alphanumeric() || PLAIN.contains(byte) {
            escaped.push(*byte);
        } else {
            escaped.extend([b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs that the package `surt` made; `tests/archive/pywb.rs` asks it about more, where it is installed.
    #[test]
    fn keys_are_those_of_the_package() {
        let session = "0123456789abcdefghijklmnopqrstuv";
        for (url, expected) in [
            ("http://example.org/", "org,example)/"),
            ("https://www.Example.org:8443/A?b=2&a=1", "org,example:8443)/a?a=1&b=2"),
            ("https://www2.example.org:443/a/", "org,example)/a"),
            ("http://user:secret@example.org./a//b/../c/./", "org,example)/a/c"),
            ("http://127.0.0.1:8503/page/1", "1,0,0,127:8503)/page/1"),
            ("http://[::1]:81/", "::1:81)/"),
            ("http://example.org/../a", "org,example)/../a"),
            ("http://example.org/?", "org,example)/"),
            ("http://example.org/?a=&a&b", "org,example)/?a&a=&b"),
            ("http://example.org/%2525/%E4%20%23", "org,example)/%25/%e4%20%23"),
            (&format!("http://example.org/?a=1&PHPSESSID={session}&b=2"), "org,example)/?a=1&b=2"),
            (&format!("http://example.org/?jsessionid={session}"), "org,example)/"),
            (&format!("http://example.org/?x=1&sid={session}"), "org,example)/?&x=1"),
            ("http://example.org/?ASPSESSIONIDabcdefgh=abcdefghijklmnopqrstuvwx&b", "org,example)/?b"),
            ("http://example.org/?cfid=1&cftoken=2&b", "org,example)/?b"),
            ("http://example.org/(s(0123456789abcdefghijklmn))/a.aspx", "org,example)/a.aspx"),
            ("http://example.org/(0123456789abcdefghijklmn)/a.aspx?b", "org,example)/a.aspx?b"),
        ] {
            assert_eq!(key(url), expected, "{url}");
        }
    }

    #[test]
    fn nonsense_has_a_key_too() {
        for url in ["", "://", "x", "http://", "http://%", "http://a?%", "http://a/%4", "http://[", "http://@:/?&=&"] {
            let _ = key(url);
        }
        let deep = format!("http://a/{}", "%25".repeat(10_000));
        assert!(key(&deep).starts_with("a)/"));
    }
}
