//! What the user expects of a page, so that a page that says "OK" and holds something else is no silent success.
//!
//! A response that speaks of success (2xx) and fails an expectation is suspected of a soft block; one that was not seen far enough
//! to tell is left as it is, with a fact that says so. Refusals keep the cause that they have: nobody expects anything of them.

use std::fmt;

use regex::bytes::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use crate::cause::Cause;
use crate::diagnosis::{Diagnosis, Evidence};
use crate::exchange::{BODY_SEEN_BYTES_MAX, Exchange, Response};
use crate::knowledge::Knowledge;

/// The longest rule that is taken, in bytes.
pub const RULE_BYTES_MAX: usize = 4 * 1024;

/// The most that one compiled pattern may take, in bytes.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// How sure a soft block is when all that speaks for it is an expectation that was not met: the rule may be wrong for this page.
const CONFIDENCE: f64 = 0.6;

/// One rule of the user's.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Expectation {
    text: String,
    rule: Rule,
}

#[derive(Clone)]
enum Rule {
    /// The body matches; a text to contain is a pattern too. Whether it can be looked for in any encoding that extends ASCII.
    Body { pattern: Regex, is_ascii: bool },
    /// The body, decoded, is at least so long.
    BytesMin(u64),
    /// The media type, in lower case; `*` for any subtype.
    MediaType { kind: String, subtype: String },
}

/// Why a text is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpectationRefusal {
    /// Not one of the forms, or nothing behind the form's name.
    #[error("the rule is none of contains:TEXT, regex:PATTERN, bytes>=N and type:TYPE/SUBTYPE")]
    Form,
    /// Not a pattern, or one that would take too much memory.
    #[error("the pattern cannot be used: {why}")]
    Pattern {
        /// What the reader of patterns says, in one line.
        why: String,
    },
    /// Longer than [`RULE_BYTES_MAX`].
    #[error("the rule is longer than {RULE_BYTES_MAX} bytes")]
    TooLong,
}

/// Whether a response is as expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Met {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// Not as far as it was seen, which is not to its end.
    Unseen,
    /// The page is in another encoding than the rule.
    Unreadable,
}

impl Expectation {
    /// Reads a rule: `contains:TEXT` and `regex:PATTERN` look at the decoded body, case counts; `bytes>=N` at its length;
    /// `type:TYPE/SUBTYPE` at the Content-Type, in any case, `*` being any subtype.
    ///
    /// # Errors
    /// Says why the text is no rule.
    ///
    /// ```
    /// use comeback_diagnosis::expectation::Expectation;
    /// assert!(Expectation::parse("contains:Add to basket").is_ok());
    /// assert!(Expectation::parse("bytes>=1024").is_ok() && Expectation::parse("type:text/*").is_ok());
    /// assert!(Expectation::parse("Add to basket").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, ExpectationRefusal> {
        if text.len() > RULE_BYTES_MAX {
            return Err(ExpectationRefusal::TooLong);
        }
        let rule = if let Some(wanted) = text.strip_prefix("contains:").filter(|wanted| !wanted.is_empty()) {
            Rule::of_body(&regex::escape(wanted))?
        } else if let Some(wanted) = text.strip_prefix("regex:").filter(|wanted| !wanted.is_empty()) {
            Rule::of_body(wanted)?
        } else if let Some(least) = text.strip_prefix("bytes>=") {
            let digits_only = least.bytes().all(|byte| byte.is_ascii_digit());
            Rule::BytesMin(least.parse().ok().filter(|_| digits_only).ok_or(ExpectationRefusal::Form)?)
        } else if let Some(wanted) = text.strip_prefix("type:") {
            media_type(wanted).ok_or(ExpectationRefusal::Form)?
        } else {
            return Err(ExpectationRefusal::Form);
        };
        Ok(Self { text: text.to_owned(), rule })
    }

    /// The rule as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a response is as expected; of its body, only the beginning is known here.
    #[must_use]
    pub fn is_met(&self, response: &Response<'_>) -> Met {
        let is_whole = response.body.len() < BODY_SEEN_BYTES_MAX;
        match &self.rule {
            Rule::Body { pattern, .. } if pattern.is_match(response.body) => Met::Yes,
            Rule::Body { is_ascii, .. } if !is_readable(response.body, *is_ascii) => Met::Unreadable,
            Rule::Body { .. } => {
                if is_whole {
                    Met::No
                } else {
                    Met::Unseen
                }
            }
            Rule::BytesMin(least) if response.body.len() as u64 >= *least => Met::Yes,
            Rule::BytesMin(_) if is_whole => Met::No,
            // Without a coding on top, the length on the wire is the page's.
            Rule::BytesMin(least) => match response.body_bytes.filter(|_| response.field("content-encoding").is_none()) {
                Some(bytes) => {
                    if bytes >= *least {
                        Met::Yes
                    } else {
                        Met::No
                    }
                }
                None => Met::Unseen,
            },
            Rule::MediaType { kind, subtype } => {
                let stated = response.field("content-type").map(|value| String::from_utf8_lossy(value).to_ascii_lowercase());
                let essence = stated.as_deref().and_then(|value| value.split(';').next());
                let fits = essence.and_then(|essence| essence.trim().split_once('/'));
                let fits = fits.is_some_and(|(one, other)| one == kind && (subtype == "*" || other == subtype));
                if fits { Met::Yes } else { Met::No }
            }
        }
    }
}

impl Rule {
    fn of_body(text: &str) -> Result<Self, ExpectationRefusal> {
        Ok(Self::Body { pattern: pattern(text)?, is_ascii: text.is_ascii() })
    }
}

/// Whether a text would be found in a body if it were there: in UTF-8, or, where the text is ASCII, in what extends ASCII.
fn is_readable(body: &[u8], is_ascii: bool) -> bool {
    let is_utf16 = body.starts_with(b"\xff\xfe") || body.starts_with(b"\xfe\xff");
    let is_utf8 = match std::str::from_utf8(body) {
        Ok(_) => true,
        // A character that was cut at the end of what was seen.
        Err(error) => error.error_len().is_none(),
    };
    is_utf8 || is_ascii && !is_utf16
}

fn pattern(text: &str) -> Result<Regex, ExpectationRefusal> {
    let compiled = RegexBuilder::new(text).size_limit(PATTERN_BYTES_MAX).dfa_size_limit(PATTERN_BYTES_MAX).build();
    compiled.map_err(|error| {
        let said = error.to_string();
        let why = said.lines().map(|line| line.trim().trim_start_matches("error: ")).rfind(|line| !line.is_empty());
        ExpectationRefusal::Pattern { why: why.unwrap_or_default().to_owned() }
    })
}

fn media_type(text: &str) -> Option<Rule> {
    let (kind, subtype) = text.split_once('/')?;
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte));
    let fits = is_name(kind) && (subtype == "*" || is_name(subtype));
    fits.then(|| Rule::MediaType { kind: kind.to_ascii_lowercase(), subtype: subtype.to_ascii_lowercase() })
}

impl Knowledge {
    /// Goes on from the diagnosis of an exchange to what the user expects: a page that fails an expectation is suspected of a soft
    /// block.
    #[must_use]
    pub fn expecting(&self, diagnosis: Diagnosis, exchange: &Exchange<'_>, expectations: &[Expectation]) -> Diagnosis {
        let Some(response) = exchange.response.filter(|response| (200..300).contains(&response.status)) else { return diagnosis };
        if diagnosis.cause != Cause::None {
            return diagnosis;
        }
        let (mut unmet, mut unseen) = (Vec::new(), Vec::new());
        for expectation in expectations {
            // HEAD asks for no body (RFC 9110, section 9.3.2): what is expected of one says nothing.
            if exchange.method == "HEAD" && !matches!(expectation.rule, Rule::MediaType { .. }) {
                continue;
            }
            match expectation.is_met(&response) {
                Met::Yes => {}
                Met::No => {
                    let what = format!("what the user expects of a page was not there: {}", expectation.text);
                    unmet.push(Evidence { what, weight: CONFIDENCE });
                }
                Met::Unseen => unseen.push(Evidence {
                    what: format!(
                        "whether the page is as the user expects lies beyond its first {BODY_SEEN_BYTES_MAX} bytes: {}",
                        expectation.text
                    ),
                    weight: 0.0,
                }),
                Met::Unreadable => unseen.push(Evidence {
                    what: format!(
                        "whether the page is as the user expects cannot be told, as it is not in UTF-8: {}",
                        expectation.text
                    ),
                    weight: 0.0,
                }),
            }
        }
        if unmet.is_empty() {
            unseen.extend(diagnosis.evidence);
            return Diagnosis { evidence: unseen, ..diagnosis };
        }
        let facts = self.cause(Cause::SoftBlock);
        let against = diagnosis.evidence.into_iter().map(|fact| Evidence { weight: -fact.weight.abs(), ..fact });
        let evidence = unmet.into_iter().chain(unseen).chain(against).collect();
        Diagnosis {
            cause: Cause::SoftBlock,
            scope: facts.scope,
            waiting_helps: facts.waiting_helps,
            confidence: CONFIDENCE,
            remedy: facts.remedy,
            evidence,
            ..diagnosis
        }
    }
}

impl PartialEq for Expectation {
    /// Rules are equal when they were written the same.
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Expectation {}

impl fmt::Debug for Expectation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Expectation").field(&self.text).finish()
    }
}

impl TryFrom<String> for Expectation {
    type Error = ExpectationRefusal;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Expectation> for String {
    fn from(expectation: Expectation) -> Self {
        expectation.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::WallTime;
    use crate::diagnosis::Remedy;
    use crate::history::History;

    const HTML: [(&[u8], &[u8]); 1] = [(b"Content-Type", b"Text/HTML; charset=utf-8")];

    fn response<'a>(status: u16, fields: &'a [(&'a [u8], &'a [u8])], body: &'a [u8]) -> Response<'a> {
        Response { status, reason: b"", fields, body, body_bytes: Some(body.len() as u64) }
    }

    fn met(rule: &str, response: Response<'_>) -> Met {
        Expectation::parse(rule).unwrap().is_met(&response)
    }

    fn diagnosed(method: &str, response: Response<'_>, rules: &[&str]) -> Diagnosis {
        let rules: Vec<Expectation> = rules.iter().map(|rule| Expectation::parse(rule).unwrap()).collect();
        let exchange = Exchange {
            method,
            url: "http://a.example/",
            response: Some(response),
            failure: None,
            received_at: WallTime(0),
            elapsed_ms: 1,
        };
        let knowledge = Knowledge::builtin();
        knowledge.expecting(knowledge.diagnose(&exchange, &History::default()), &exchange, &rules)
    }

    #[test]
    fn each_form_says_yes_and_no() {
        let page = response(200, &HTML, b"<p>Add to basket: 12 EUR</p>");
        for rule in [
            "contains:Add to basket",
            "contains:12 EUR</p>",
            r"regex:\d+ EUR",
            "regex:(?i)BASKET",
            "bytes>=28",
            "type:text/html",
            "type:TEXT/*",
        ] {
            assert_eq!(met(rule, page), Met::Yes, "{rule}");
        }
        for rule in
            ["contains:add to basket", r"contains:\d+ EUR", "regex:^EUR", "bytes>=29", "type:application/json", "type:image/*"]
        {
            assert_eq!(met(rule, page), Met::No, "{rule}");
        }
        assert_eq!(met("type:text/html", response(200, &[], b"")), Met::No, "no type is none that was expected");
    }

    #[test]
    fn what_lies_beyond_the_seen_beginning_is_not_denied() {
        let beginning = vec![b'x'; BODY_SEEN_BYTES_MAX];
        let page = Response { body_bytes: Some(100_000), ..response(200, &HTML, &beginning) };
        assert_eq!(met("contains:y", page), Met::Unseen);
        assert_eq!(met("contains:x", page), Met::Yes);
        assert_eq!(met("bytes>=65536", page), Met::Yes);
        assert_eq!((met("bytes>=100000", page), met("bytes>=100001", page)), (Met::Yes, Met::No));
        let gzip: [(&[u8], &[u8]); 1] = [(b"Content-Encoding", b"gzip")];
        assert_eq!(met("bytes>=100001", Response { fields: &gzip, ..page }), Met::Unseen);
        let diagnosis = diagnosed("GET", page, &["contains:y"]);
        assert_eq!(diagnosis.cause, Cause::None);
        assert!(diagnosis.evidence[0].what.ends_with("first 65536 bytes: contains:y"), "{:?}", diagnosis.evidence);
    }

    #[test]
    fn a_page_in_another_encoding_is_not_held_against_the_rule() {
        let latin1 = response(200, &HTML, b"<p>Sch\xf6ne Gr\xfc\xdfe</p>");
        assert_eq!((met("contains:Grüße", latin1), met("contains:Robot", latin1)), (Met::Unreadable, Met::No));
        assert_eq!(met("contains:Sch", latin1), Met::Yes);
        let utf16 = response(200, &HTML, b"\xff\xfeb\0a\0s\0k\0e\0t\0");
        assert_eq!(met("contains:basket", utf16), Met::Unreadable);
        let diagnosis = diagnosed("GET", latin1, &["contains:Grüße"]);
        assert_eq!(diagnosis.cause, Cause::None);
        assert!(diagnosis.evidence[0].what.contains("not in UTF-8"), "{:?}", diagnosis.evidence);
    }

    #[test]
    fn a_page_that_is_not_as_expected_is_suspected_of_a_soft_block() {
        let page = response(200, &HTML, b"<p>Hello, robot</p>");
        let diagnosis = diagnosed("GET", page, &["contains:basket", "type:text/html"]);
        assert_eq!((diagnosis.cause, diagnosis.remedy), (Cause::SoftBlock, Remedy::Park));
        assert!((diagnosis.confidence - CONFIDENCE).abs() < f64::EPSILON);
        assert_eq!(diagnosis.evidence[0].what, "what the user expects of a page was not there: contains:basket");
        assert!(diagnosis.evidence[1..].iter().all(|fact| fact.weight <= 0.0), "{:?}", diagnosis.evidence);
        assert_eq!(diagnosed("GET", page, &["contains:robot"]).cause, Cause::None);
        assert_eq!(diagnosed("HEAD", response(200, &HTML, b""), &["contains:basket", "bytes>=1"]).cause, Cause::None);
    }

    #[test]
    fn nothing_is_expected_of_a_refusal() {
        for status in [301, 404, 503] {
            let page = response(status, &HTML, b"<p>Hello</p>");
            assert_eq!(diagnosed("GET", page, &["contains:basket"]), diagnosed("GET", page, &[]), "{status}");
        }
    }

    #[test]
    fn nonsense_is_refused_with_its_reason() {
        for text in [
            "",
            "basket",
            "contains:",
            "regex:",
            "bytes>=",
            "bytes>=+1",
            "bytes>=1KiB",
            "bytes>1",
            "type:html",
            "type:/",
            "type:a/b c",
        ] {
            assert_eq!(Expectation::parse(text), Err(ExpectationRefusal::Form), "{text:?}");
        }
        let unclosed = Expectation::parse("regex:(a").unwrap_err().to_string();
        assert!(unclosed.contains("unclosed group") && !unclosed.contains('\n'), "{unclosed}");
        assert!(matches!(Expectation::parse("regex:(a{1000}){1000}"), Err(ExpectationRefusal::Pattern { .. })));
        assert_eq!(Expectation::parse(&format!("contains:{}", "x".repeat(RULE_BYTES_MAX))), Err(ExpectationRefusal::TooLong));
    }

    #[test]
    fn a_rule_is_kept_as_it_was_written() {
        let rule: Expectation = serde_json::from_str(r#""contains:a\"b""#).unwrap();
        assert_eq!(serde_json::to_string(&rule).unwrap(), r#""contains:a\"b""#);
        assert!(serde_json::from_str::<Expectation>("\"nothing\"").is_err());
    }
}
