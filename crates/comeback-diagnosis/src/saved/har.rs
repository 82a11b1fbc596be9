//! HAR 1.2, what browsers save as "all as HAR": one answer for each entry.
//!
//! Entries are read one after another, so a file that was cut gives those before the cut, and an entry that is not as it should be
//! costs no other.

use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::SavedAnswer;
use crate::error::DiagnosisError;
use crate::raw_response::{FIELDS_MAX, RawResponse};

/// How many entries are read; the rest of a longer file is left out, which is said.
pub const ENTRIES_MAX: usize = 10_000;

/// How much of an entry's URL is shown, in characters.
const URL_CHARS_MAX: usize = 200;

/// The key of a HAR file's only object.
const LOG_KEY: &[u8] = b"\"log\"";

/// The key before the list of entries.
const KEY: &[u8] = b"\"entries\"";

/// An answer for each entry; `None` where the text is no HAR file.
pub(super) fn read(text: &[u8]) -> Option<Vec<SavedAnswer>> {
    let mut rest = entries(text)?;
    let mut answers = Vec::new();
    let refused = |number, why: &str| SavedAnswer {
        number: Some(number),
        asked: None,
        response: Err(DiagnosisError::HarEntry { why: why.to_owned() }),
    };
    loop {
        let number = answers.len() + 1;
        rest = rest.trim_ascii_start();
        rest = rest.strip_prefix(b",").unwrap_or(rest).trim_ascii_start();
        if rest.first().is_none_or(|byte| *byte == b']') && number > 1 && !rest.is_empty() {
            return Some(answers);
        }
        if number > ENTRIES_MAX {
            answers.push(refused(number, "the file holds more entries than are read"));
            return Some(answers);
        }
        let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<&RawValue>();
        let Some(Ok(entry)) = values.next() else {
            let why = if rest.first() == Some(&b']') { "the file has no entries" } else { "the file breaks off here" };
            answers.push(refused(number, why));
            return Some(answers);
        };
        rest = &rest[values.byte_offset()..];
        answers.push(match serde_json::from_str::<Entry>(entry.get()) {
            Ok(entry) => entry.answer(number),
            Err(_) => refused(number, "the entry is not as HAR 1.2 has it"),
        });
    }
}

/// What follows the bracket of `"entries": [` in an object.
fn entries(text: &[u8]) -> Option<&[u8]> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii_start();
    text.strip_prefix(b"{")?;
    let mut rest = behind(text, LOG_KEY)?;
    loop {
        rest = behind(rest, KEY)?;
        let value = rest.trim_ascii_start().strip_prefix(b":").map(<[u8]>::trim_ascii_start);
        if let Some(list) = value.and_then(|value| value.strip_prefix(b"[")) {
            return Some(list);
        }
    }
}

/// What follows the first such bytes.
fn behind<'a>(text: &'a [u8], bytes: &[u8]) -> Option<&'a [u8]> {
    let start = text.windows(bytes.len()).position(|window| window == bytes)?;
    Some(&text[start + bytes.len()..])
}

/// An entry, as far as it is read. Tools leave out much that the format demands, so everything may be missing.
#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    request: Option<Request>,
    #[serde(default)]
    response: Option<Answer>,
}

#[derive(Deserialize)]
struct Request {
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    url: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default)]
    status: Option<serde_json::Number>,
    #[serde(default)]
    status_text: Option<String>,
    #[serde(default)]
    headers: Option<Vec<Header>>,
    #[serde(default)]
    content: Option<Content>,
    #[serde(rename = "_error", default)]
    error: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    #[serde(default)]
    name: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
struct Content {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    encoding: Option<String>,
}

impl Entry {
    fn answer(self, number: usize) -> SavedAnswer {
        let asked = self.request.and_then(|Request { method, url }| {
            let url: String = url?.chars().take(URL_CHARS_MAX).collect();
            Some(format!("{} {url}", method.as_deref().unwrap_or("GET")))
        });
        let response = self.response.map_or_else(|| Err(unanswered(None)), Answer::raw);
        SavedAnswer { number: Some(number), asked, response }
    }
}

impl Answer {
    fn raw(self) -> Result<RawResponse, DiagnosisError> {
        let Self { status, status_text, headers, content, error } = self;
        let status = status.and_then(|status| status.as_u64()).and_then(|status| u16::try_from(status).ok());
        let Some(status) = status.filter(|status| (100..=999).contains(status)) else {
            return Err(unanswered(error.as_deref()));
        };
        let fields = headers.unwrap_or_default().into_iter().take(FIELDS_MAX);
        Ok(RawResponse {
            status,
            reason: status_text.unwrap_or_default().into_bytes(),
            fields: fields.map(|Header { name, value }| (name.into_bytes(), value.into_bytes())).collect(),
            body: content.map(Content::bytes).unwrap_or_default(),
            earlier: 0,
        })
    }
}

impl Content {
    fn bytes(self) -> Vec<u8> {
        let text = self.text.unwrap_or_default().into_bytes();
        let is_coded = self.encoding.is_some_and(|encoding| encoding.eq_ignore_ascii_case("base64"));
        if is_coded { BASE64.decode(&text).unwrap_or(text) } else { text }
    }
}

fn unanswered(error: Option<&str>) -> DiagnosisError {
    let said = error.map(|error| format!(" ({error})")).unwrap_or_default();
    DiagnosisError::HarEntry { why: format!("the browser got no response here{said}: blocked, cut off, or never asked") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statuses(text: &str) -> Vec<Option<u16>> {
        read(text.as_bytes()).unwrap().iter().map(|answer| answer.response.as_ref().ok().map(|raw| raw.status)).collect()
    }

    const ENTRY: &str = r#"{"request":{"method":"GET","url":"https://a.example/"},"response":{"status":503,"statusText":"No",
        "headers":[{"name":"Retry-After","value":"5"}],"content":{"size":5,"text":"bGF0ZXI=","encoding":"base64"}}}"#;

    #[test]
    fn each_entry_is_an_answer() {
        let text = format!(
            r#"{{"log":{{"creator":{{"name":"\"entries\""}},"entries":[{ENTRY},{{"response":{{"status":0,"_error":"net::ERR_FAILED"}}}}, {ENTRY}]}}}}"#
        );
        assert_eq!(statuses(&text), [Some(503), None, Some(503)]);
        let first = read(text.as_bytes()).unwrap().remove(0);
        assert_eq!((first.number, first.asked.as_deref()), (Some(1), Some("GET https://a.example/")));
        let raw = first.response.unwrap();
        assert_eq!((raw.body.as_slice(), raw.fields.len(), raw.reason.as_slice()), (&b"later"[..], 1, &b"No"[..]));
    }

    #[test]
    fn one_odd_entry_costs_no_other_and_a_cut_costs_what_is_behind_it() {
        assert_eq!(
            statuses(&format!(r#"{{"log":{{"entries" : [ 1, {{"response":{{"headers":7}}}}, {ENTRY}]"#)),
            [None, None, Some(503)]
        );
        assert_eq!(statuses(&format!(r#"{{"log":{{"entries":[{ENTRY},{}"#, &ENTRY[..90])), [Some(503), None]);
        assert_eq!(statuses(&format!(r#"{{"log":{{"entries":[{ENTRY}"#)), [Some(503), None]);
        assert_eq!(statuses(r#"{"log":{"entries":[]}}"#), [None]);
        assert_eq!(statuses(r#"{"log":{"entries":["#), [None]);
    }

    #[test]
    fn other_json_is_no_har_file() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"entries":[]}"#,
            r#"{"log":{"entries":1}}"#,
            r#"["log":{"entries":[]}]"#,
            "HTTP/1.1 200 OK\n\n{\"entries\":[]}",
        ] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn entries_beyond_the_limit_are_left_out_aloud() {
        let many = vec!["1"; ENTRIES_MAX + 5].join(",");
        assert_eq!(statuses(&format!(r#"{{"log":{{"entries":[{many}]}}}}"#)).len(), ENTRIES_MAX + 1);
    }
}
