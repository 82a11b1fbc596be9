//! Responses as people save them: raw bytes, `curl -i` and `curl -v` pastes, HAR files, heads copied from a browser.
//!
//! Text in, [`RawResponse`]s out; nothing is read from disk and nothing is judged here. What holds no response is an answer too,
//! with the reason in words, so that every file has its line.

use crate::error::DiagnosisError;
use crate::raw_response::{RawResponse, is_status_line, next_line};

mod copied_head;
mod curl_verbose;
mod har;
mod plain_text;

pub use har::ENTRIES_MAX;

/// How many lines before a response are passed over: a command, a request, a progress meter.
const LINES_BEFORE_MAX: usize = 300;

/// One answer that a file holds, or should hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedAnswer {
    /// Its place in a file that holds several, from 1.
    pub number: Option<usize>,
    /// What was asked, where the file tells: method and URL.
    pub asked: Option<String>,
    /// The response, or why there is none.
    pub response: Result<RawResponse, DiagnosisError>,
}

impl SavedAnswer {
    /// Reads a saved file: one answer, or one for each entry of a HAR file. There is always at least one.
    ///
    /// ```
    /// use comeback_diagnosis::saved::SavedAnswer;
    /// let answers = SavedAnswer::read(b"> GET / HTTP/1.1\n>\n< HTTP/1.1 503 No\n< Retry-After: 5\n<\nlater\n");
    /// assert_eq!(answers[0].response.as_ref().map(|raw| raw.status), Ok(503));
    /// ```
    #[must_use]
    pub fn read(bytes: &[u8]) -> Vec<Self> {
        let text = plain_text::of(bytes);
        har::read(&text).unwrap_or_else(|| vec![Self { number: None, asked: None, response: response(&text) }])
    }
}

/// The one response of a text, in whatever form it is.
fn response(text: &[u8]) -> Result<RawResponse, DiagnosisError> {
    let refused = match RawResponse::parse(text) {
        Ok(raw) => return Ok(raw),
        Err(refused) => refused,
    };
    let other_form = curl_verbose::raw(text).or_else(|| copied_head::raw(text));
    if let Some(raw) = other_form.and_then(|raw| RawResponse::parse(&raw).ok()) {
        return Ok(raw);
    }
    behind_other_lines(text).and_then(|rest| RawResponse::parse(rest).ok()).ok_or(refused)
}

/// What begins with the first status line, where the lines before it are no page: a shell's prompt, a request, a progress meter.
fn behind_other_lines(text: &[u8]) -> Option<&[u8]> {
    if matches!(text.trim_ascii_start(), [b'<' | b'{', ..] | [b'[', b'"' | b'{' | b'[', ..]) {
        return None;
    }
    let mut rest = text;
    for _ in 0..LINES_BEFORE_MAX {
        let (line, after) = next_line(rest);
        if is_status_line(line) {
            return Some(rest);
        }
        rest = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(text: &str) -> Option<u16> {
        response(text.as_bytes()).ok().map(|raw| raw.status)
    }

    #[test]
    fn lines_before_a_response_are_passed_over() {
        for before in
            ["$ curl -i http://a.example/\n", "[me@host ~]$ curl -i a\n\n", "GET / HTTP/1.1\nHost: a\n\n", "It says:\n\n"]
        {
            assert_eq!(status(&format!("{before}HTTP/1.1 503 No\nA: 1\n\nlater")), Some(503), "{before}");
        }
    }

    #[test]
    fn a_page_that_tells_of_a_response_is_none() {
        for page in ["<pre>\nHTTP/1.1 503 No\n</pre>", "{\n\"a\":\nHTTP/1.1 503 No\n}", "[\"a\",\nHTTP/1.1 503 No\n"] {
            assert_eq!(status(page), None, "{page}");
        }
        let far = format!("{}HTTP/1.1 503 No", "a line\n".repeat(LINES_BEFORE_MAX));
        assert_eq!(status(&far), None);
    }

    #[test]
    fn the_reason_names_the_beginning_of_the_file() {
        assert_eq!(response(b""), Err(DiagnosisError::EmptyResponse));
        assert_eq!(response(b"<html>"), Err(DiagnosisError::NotHttp { beginning: "<html>".into() }));
    }
}
