//! JSONL: one object a line, with `url` and, where wanted, `method`, `headers`, `body` or `body_base64`, and `meta`.
//!
//! `headers` is an object or a list of `[name, value]` pairs, in order, repeats allowed. `meta` is anything; it is carried to the
//! outcome row as it was written. An unknown key is an error of its line: a misspelt `metod` must not turn a POST into a GET.

use std::fmt;
use std::io::BufRead;

use comeback_engine::seed_url::{SeedUrl, canonical};
use data_encoding::BASE64;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::bounded_line::BoundedLines;
use super::{Item, LineRefusal, ListReader, ReadError};
use crate::settings::request_field::{check_field, parse_method};

/// How deep `meta` may be nested; readers of outcome rows stop at about twice as much.
pub const META_DEPTH_MAX: usize = 64;

/// A JSONL list.
pub struct JsonlList<R> {
    lines: BoundedLines<R>,
}

impl<R: BufRead> JsonlList<R> {
    /// Reads a source from its beginning.
    pub fn new(source: R) -> Self {
        Self { lines: BoundedLines::new(source) }
    }
}

impl<R: BufRead + Send> ListReader for JsonlList<R> {
    fn next_item(&mut self) -> Result<Option<Item>, ReadError> {
        self.lines.next_item(|line| if line.is_empty() { None } else { Some(parse(line)) })
    }
}

/// A line as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    url: String,
    method: Option<String>,
    #[serde(default)]
    headers: Headers,
    body: Option<String>,
    body_base64: Option<String>,
    meta: Option<Box<RawValue>>,
}

fn parse(line: &str) -> Result<SeedUrl, LineRefusal> {
    if !line.starts_with('{') {
        return Err(LineRefusal::NotAnObject);
    }
    let line: Line = serde_json::from_str(line).map_err(|error| refused(&error))?;
    canonical(&line.url)?;
    let method = line.method.as_deref().map_or_else(|| Ok("GET".to_owned()), parse_method)?;
    for (name, value) in &line.headers.0 {
        check_field(name, value)?;
    }
    let body = match (line.body, line.body_base64) {
        (Some(_), Some(_)) => return Err(LineRefusal::TwoBodies),
        (Some(text), None) => Some(text.into_bytes()),
        (None, Some(encoded)) => Some(BASE64.decode(encoded.as_bytes()).map_err(|_| LineRefusal::Base64)?),
        (None, None) => None,
    };
    let meta = line.meta.map(|meta| meta.get().to_owned());
    if meta.as_deref().is_some_and(|meta| depth(meta) > META_DEPTH_MAX) {
        return Err(LineRefusal::MetaTooDeep);
    }
    Ok(SeedUrl { given: line.url, method, headers: line.headers.0, body, meta })
}

/// The reader's message without its own "line 1", which would be mistaken for the list's.
fn refused(error: &serde_json::Error) -> LineRefusal {
    let said = error.to_string();
    let why = said.rsplit_once(" at line ").map_or(said.as_str(), |(why, _)| why);
    let why: String = why.chars().take(WHY_CHARS_MAX).collect();
    LineRefusal::Json { why, column: error.column() }
}

/// Unknown keys are repeated in messages, and may be as long as a line.
const WHY_CHARS_MAX: usize = 200;

/// How deep a JSON text is nested; the text is known to be well-formed.
fn depth(json: &str) -> usize {
    let (mut open, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                open += 1;
                deepest = deepest.max(open);
            }
            b'}' | b']' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Fields in order, from an object or from a list of pairs.
#[derive(Default)]
struct Headers(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Headers;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object or a list of [name, value] pairs for `headers`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Headers, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Headers(fields))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut pairs: A) -> Result<Headers, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = pairs.next_element()? {
                    fields.push(field);
                }
                Ok(Headers(fields))
            }
        }

        deserializer.deserialize_any(Either)
    }
}
