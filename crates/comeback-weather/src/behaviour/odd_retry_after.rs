//! A host in trouble whose Retry-After can't be used as it stands: garbage, negative, empty, zero, past, or years away.

use http::HeaderValue;
use http::header::RETRY_AFTER;
use serde::Deserialize;

use super::retry_after::hold_of;
use super::{Answer, Behaviour, Moment, Reaction, Script};
use crate::parameter::{Span, Status};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct OddRetryAfter {
    value: FieldText,
    from: Span,
    #[serde(rename = "for")]
    lasts: Span,
    status: Status,
}

/// A text that may stand in a header field.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
struct FieldText {
    text: String,
    value: HeaderValue,
}

impl TryFrom<String> for FieldText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match HeaderValue::from_str(&text) {
            Ok(value) => Ok(Self { text, value }),
            Err(_) => Err("the text can't stand in a header field".into()),
        }
    }
}

impl Default for OddRetryAfter {
    fn default() -> Self {
        Self {
            value: FieldText { text: "soon".into(), value: HeaderValue::from_static("soon") },
            from: Span::seconds(0),
            lasts: Span::seconds(5),
            status: Status(http::StatusCode::SERVICE_UNAVAILABLE),
        }
    }
}

impl Script for OddRetryAfter {
    fn describe(&self) -> String {
        let Self { value, from, lasts, status } = self;
        let begin = if from.0.is_zero() { String::new() } else { format!(" after {from}") };
        format!("{status} for {lasts}{begin}, Retry-After: \"{}\"", value.text)
    }

    fn begin(&self, _rng_seed: u64) -> Box<dyn Behaviour> {
        Box::new(self.clone())
    }
}

impl Behaviour for OddRetryAfter {
    fn answer(&mut self, at: Moment, _path: &str) -> Reaction {
        if !(self.from.0..self.from.0 + self.lasts.0).contains(&at.since_first) {
            return Answer::page().into();
        }
        let answer = Answer::refusal(self.status.0, "The service is unavailable.").with(RETRY_AFTER, self.value.value.clone());
        Answer { hold: hold_of(&self.value.text, at.wall), ..answer }.into()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::behaviour::rehearsal::{ask, begin, status};

    #[test]
    fn nonsense_is_sent_as_it_is_and_holds_nobody() {
        for value in ["soon", "-5", "", "0", "Thu, 01 Jan 1970 00:00:00 GMT"] {
            let mut host = begin("odd_retry_after", &format!("value = \"{value}\""));
            let refusal = ask(&mut host, 0, "/page/1");
            assert_eq!((refusal.fields[0].1.to_str().unwrap(), refusal.hold), (value, None));
            assert_eq!(status(&mut host, 5_000), 200);
        }
    }

    #[test]
    fn days_are_meant() {
        let mut host = begin("odd_retry_after", "value = \"172800\"\nfor = \"2d\"");
        assert_eq!(ask(&mut host, 0, "/page/1").hold, Some(Duration::from_secs(172_800)));
    }
}
