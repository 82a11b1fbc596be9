//! The file name of a page: readable, safe on any file system, and the same whenever it is extracted again.
//!
//! A folder for the host, then the last words of the path, a hash of the whole URL, and an extension. The hash keeps apart what
//! looks alike: queries, upper and lower case, paths that differ in characters that a file name can't have.

use std::path::PathBuf;

use comeback::OutcomeRow;
use xxhash_rust::xxh3::xxh3_64;

/// The longest readable part, in characters.
const WORDS_CHARS_MAX: usize = 60;

/// The longest folder name of a host, in characters.
const HOST_CHARS_MAX: usize = 120;

/// Media types whose pages get an extension of their own.
const EXTENSIONS: [(&str, &str); 14] = [
    ("application/json", "json"),
    ("application/pdf", "pdf"),
    ("application/xhtml+xml", "html"),
    ("application/xml", "xml"),
    ("application/zip", "zip"),
    ("image/gif", "gif"),
    ("image/jpeg", "jpg"),
    ("image/png", "png"),
    ("image/svg+xml", "svg"),
    ("image/webp", "webp"),
    ("text/css", "css"),
    ("text/html", "html"),
    ("text/plain", "txt"),
    ("text/xml", "xml"),
];

/// The path of a page's file below the output folder.
pub(super) fn page_name(row: &OutcomeRow, content_type: Option<&[u8]>) -> PathBuf {
    let host = row.host.as_deref().map_or("", |key| key.split_once("://").map_or(key, |(_, rest)| rest));
    let path = path_of(&row.url);
    let (stem, ending) =
        path.rsplit_once('.').filter(|(stem, ending)| !stem.is_empty() && is_extension(ending)).unwrap_or((path, ""));
    let media_type = content_type.map(|value| String::from_utf8_lossy(value).to_ascii_lowercase()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    let known = EXTENSIONS.iter().find(|(name, _)| *name == media_type).map(|(_, extension)| *extension);
    let extension = known.unwrap_or(if ending.is_empty() { "bin" } else { ending }).to_ascii_lowercase();
    let words = safe(stem, WORDS_CHARS_MAX, "index");
    let hash = xxh3_64(row.url.as_bytes());
    PathBuf::from(safe(host, HOST_CHARS_MAX, "no_host")).join(format!("{words}-{hash:016x}.{extension}"))
}

/// The path of a URL without its slashes at both ends, without query and fragment.
fn path_of(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let whole = after_scheme.split(['?', '#']).next().unwrap_or_default();
    whole.split_once('/').map_or("", |(_, path)| path).trim_matches('/')
}

fn is_extension(ending: &str) -> bool {
    (1..=8).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The last characters of a text with everything that is no letter, digit, dot or dash as `_`, and none of these at either end;
/// `otherwise` where nothing is left.
fn safe(text: &str, chars_max: usize, otherwise: &str) -> String {
    let shown = |character: char| if character.is_ascii_alphanumeric() || ".-".contains(character) { character } else { '_' };
    let chars: Vec<char> = text.chars().map(shown).collect();
    let last: String = chars[chars.len().saturating_sub(chars_max)..].iter().collect();
    let kept = last.trim_matches(['.', '-', '_']);
    if kept.is_empty() { otherwise.to_owned() } else { kept.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(url: &str, content_type: Option<&str>) -> String {
        let host = url.split('/').take(3).collect::<Vec<_>>().join("/");
        let json = serde_json::json!({
            "url": url, "host": host, "outcome": "fetched", "cause": "none", "status": 200, "attempts": 1, "requests": 1,
            "route": "direct", "bytes": 0, "first_at": null, "settled_at": "2026-11-23T21:00:00Z", "until": null, "credits": 0,
            "evidence": [], "warc": null, "meta": null
        });
        let row = serde_json::from_value(json).unwrap();
        page_name(&row, content_type.map(str::as_bytes)).to_str().unwrap().to_owned()
    }

    #[test]
    fn a_name_is_readable_and_has_its_extension() {
        assert!(name("http://127.0.0.1:8080/a/b.php?x=1", Some("text/html; charset=utf-8")).starts_with("127.0.0.1_8080/a_b-"));
        assert!(name("http://h/a/b.php?x=1", Some("text/html; charset=utf-8")).ends_with(".html"));
        assert!(name("http://h/a/b.PHP", None).ends_with(".php"));
        assert!(name("http://h", None).starts_with("h/index-") && name("http://h", None).ends_with(".bin"));
    }

    #[test]
    fn no_name_leaves_its_folder_or_hides() {
        for url in [
            "http://h/../../etc/passwd",
            "http://h/.ssh",
            "http://h/a\u{0}b\\c:d",
            "http://h/..",
            "http://../x",
            "http://h/%2e%2e/ü",
        ] {
            let name = name(url, None);
            let parts: Vec<_> = name.split('/').collect();
            assert_eq!(parts.len(), 2, "{name}");
            assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"./_-".contains(&byte)), "{name}");
            assert!(!parts.iter().any(|part| part.starts_with('.')), "{name}");
        }
    }

    #[test]
    fn what_looks_alike_is_kept_apart_and_long_urls_fit() {
        assert_ne!(name("http://h/a?x=1", None), name("http://h/a?x=2", None));
        assert_ne!(name("http://h/A", None).to_lowercase(), name("http://h/a", None).to_lowercase());
        assert!(name(&format!("http://h/{}", "ü/".repeat(10_000)), None).len() < 255);
    }
}
