//! A host that shows a challenge in place of every page, for good: it turns robots away, and asking again changes nothing.
//!
//! The page and its field are modelled on what Cloudflare documents (`cf-mitigated: challenge`); there is nothing in it to solve.

use http::{HeaderName, HeaderValue};
use serde::Deserialize;

use super::{Answer, Behaviour, Body, Moment, Reaction, Script};
use crate::parameter::Status;

const PAGE: &str = "<!doctype html>\n<html lang=\"en-US\">\n<head><title>Just a moment...</title>\
<meta name=\"robots\" content=\"noindex,nofollow\"></head>\n<body>\n<h1>Checking that you are not a robot</h1>\n\
<p>Enable JavaScript and cookies to continue</p>\n\
<script src=\"/cdn-cgi/challenge-platform/h/g/orchestrate/chl_page/v1\"></script>\n</body>\n</html>\n";

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Challenge {
    status: Status,
    /// How many pages are answered before.
    after: u32,
}

impl Default for Challenge {
    fn default() -> Self {
        Self { status: Status(http::StatusCode::FORBIDDEN), after: 0 }
    }
}

impl Script for Challenge {
    fn describe(&self) -> String {
        let after = if self.after == 0 { String::new() } else { format!(" after {} pages", self.after) };
        format!("{} and a challenge to every request{after}", self.status)
    }

    fn begin(&self, _rng_seed: u64) -> Box<dyn Behaviour> {
        Box::new(Challenging { of: *self, answered: 0 })
    }
}

#[derive(Debug)]
struct Challenging {
    of: Challenge,
    answered: u32,
}

impl Behaviour for Challenging {
    fn answer(&mut self, _at: Moment, _path: &str) -> Reaction {
        if self.answered < self.of.after {
            self.answered += 1;
            return Answer::page().into();
        }
        let answer = Answer { body: Body::Html(PAGE.into()), ..Answer::refusal(self.of.status.0, "") };
        answer
            .with(http::header::SERVER, HeaderValue::from_static("cloudflare"))
            .with(HeaderName::from_static("cf-mitigated"), HeaderValue::from_static("challenge"))
            .into()
    }
}

#[cfg(test)]
mod tests {
    use crate::behaviour::rehearsal::{ask, begin};

    #[test]
    fn it_sticks_and_is_no_page_even_with_200() {
        let mut host = begin("challenge", "status = 200\nafter = 2");
        let well: Vec<_> = (0..5).map(|index| ask(&mut host, index * 60_000, "/").is_well).collect();
        assert_eq!(well, [true, true, false, false, false]);
    }
}
