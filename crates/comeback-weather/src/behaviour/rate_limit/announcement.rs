//! The fields by which a host tells how much of its limit is left, on answers and refusals alike.

use std::time::{Duration, SystemTime};

use http::{HeaderName, HeaderValue};
use serde::Deserialize;

use super::Verdict;
use crate::behaviour::Answer;

/// Which fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Announcement {
    /// None.
    None,
    /// RateLimit and RateLimit-Policy, as the later drafts of draft-ietf-httpapi-ratelimit-headers have them.
    RateLimit,
    /// RateLimit-Limit, -Remaining and -Reset, as its earlier drafts have them.
    ThreeFields,
    /// X-RateLimit-Limit, -Remaining and -Reset, the last in seconds from now.
    XSeconds,
    /// The same, the last as a Unix time by the host's own clock.
    XEpoch,
}

impl Announcement {
    pub(super) const fn phrase(self) -> &'static str {
        match self {
            Self::None => "",
            Self::RateLimit => ", RateLimit fields",
            Self::ThreeFields => ", RateLimit fields (three)",
            Self::XSeconds => ", X-RateLimit fields (seconds)",
            Self::XEpoch => ", X-RateLimit fields (Unix time)",
        }
    }

    /// The answer with the fields.
    pub(super) fn announce(self, answer: Answer, requests: u32, per: Duration, verdict: Verdict, wall: SystemTime) -> Answer {
        let Verdict { is_admitted: _, remaining, resets_in } = verdict;
        let reset = seconds_up(resets_in);
        let fields: Vec<(&'static str, String)> = match self {
            Self::None => Vec::new(),
            Self::RateLimit => vec![
                ("ratelimit-policy", format!("\"default\";q={requests};w={}", seconds_up(per))),
                ("ratelimit", format!("\"default\";r={remaining};t={reset}")),
            ],
            Self::ThreeFields => three("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", requests, remaining, reset),
            Self::XSeconds => {
                three("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", requests, remaining, reset)
            }
            Self::XEpoch => {
                let since = wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                let at = seconds_up(since.saturating_add(resets_in));
                three("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", requests, remaining, at)
            }
        };
        fields.into_iter().fold(answer, |answer, (name, value)| match HeaderValue::from_str(&value) {
            Ok(value) => answer.with(HeaderName::from_static(name), value),
            Err(_) => answer,
        })
    }
}

fn three(
    limit: &'static str,
    remaining: &'static str,
    reset: &'static str,
    requests: u32,
    left: u32,
    at: u128,
) -> Vec<(&'static str, String)> {
    vec![(limit, requests.to_string()), (remaining, left.to_string()), (reset, at.to_string())]
}

fn seconds_up(span: Duration) -> u128 {
    span.as_millis().div_ceil(1_000)
}

#[cfg(test)]
mod tests {
    use crate::behaviour::rehearsal::{BEGINNING_S, ask, begin};

    fn fields(kind: &str) -> Vec<(String, String)> {
        let parameters = format!("algorithm = \"fixed_window\"\nrequests = 3\nper = \"10s\"\nfields = \"{kind}\"");
        let answer = ask(&mut begin("rate_limit", &parameters), 2_500, "/");
        answer.fields.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
    }

    #[test]
    fn each_dialect_says_what_is_left_and_until_when() {
        let told = |kind: &str| fields(kind).into_iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>();
        assert_eq!(told("none"), Vec::<String>::new());
        assert_eq!(told("rate_limit"), ["ratelimit-policy: \"default\";q=3;w=10", "ratelimit: \"default\";r=2;t=8"]);
        assert_eq!(told("three_fields"), ["ratelimit-limit: 3", "ratelimit-remaining: 2", "ratelimit-reset: 8"]);
        assert_eq!(told("x_seconds")[2], "x-ratelimit-reset: 8");
        assert_eq!(told("x_epoch")[2], format!("x-ratelimit-reset: {}", BEGINNING_S + 10));
    }
}
