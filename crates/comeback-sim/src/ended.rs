//! How a visit ended, told to the engine as its driver would: the answer is diagnosed with the real knowledge. Most planted bugs
//! live here, where the world's words become the engine's.

use std::net::IpAddr;

use comeback_engine::diagnosis::cause::Cause;
use comeback_engine::diagnosis::clock::WallTime;
use comeback_engine::diagnosis::diagnosis::{Diagnosis, Remedy, Scope};
use comeback_engine::diagnosis::exchange::{Exchange, Failure, Response};
use comeback_engine::diagnosis::history::History;
use comeback_engine::diagnosis::knowledge::Knowledge;
use comeback_engine::diagnosis::rate_limit::Allowance;
use comeback_engine::visit::{Redirect, Visit, VisitReport};

use crate::options::Plant;
use crate::simulation::EPOCH_MS;
use crate::world::Reply;

/// A visit, what came of it, and when, in milliseconds of the run.
#[derive(Debug)]
pub(crate) struct Ended<'a> {
    pub(crate) visit: &'a Visit,
    pub(crate) reply: &'a Reply,
    /// The address of the visit's host; `None` where the web has no such host.
    pub(crate) address: Option<IpAddr>,
    pub(crate) left_ms: u64,
    pub(crate) read_ms: u64,
}

impl Ended<'_> {
    /// What the engine is told.
    pub(crate) fn report(&self, knowledge: &Knowledge, history: &History, plant: Option<Plant>) -> VisitReport {
        let Self { visit, reply, address, left_ms, read_ms } = *self;
        let (status, fields, body, failure) = match reply {
            Reply::Answer { status, fields, body, .. } => (Some(*status), fields.as_slice(), *body, None),
            Reply::Nothing { cause, is_lasting, after_ms: _ } => {
                (None, &[][..], "", Some(Failure { cause: *cause, detail: "nobody answered", is_lasting: *is_lasting }))
            }
        };
        let is_read = |name: &str| plant != Some(Plant::ServerClockUnread) || name != "Date";
        let lines: Vec<(&[u8], &[u8])> =
            fields.iter().filter(|(name, _)| is_read(name)).map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
        let response = status.map(|status| Response {
            status,
            reason: b"",
            fields: &lines,
            body: body.as_bytes(),
            body_bytes: Some(body.len() as u64),
        });
        let exchange = Exchange {
            method: &visit.method,
            url: visit.url.as_str(),
            response,
            failure,
            received_at: WallTime(EPOCH_MS + read_ms),
            elapsed_ms: read_ms - left_ms,
        };
        let diagnosis = planted(knowledge.diagnose(&exchange, history), plant);
        let location = fields.iter().find(|(name, _)| *name == "Location").map(|(_, value)| value);
        let robots = if plant == Some(Plant::RobotsUnread) { "" } else { body };
        VisitReport {
            status,
            diagnosis,
            address,
            sent_at: WallTime(EPOCH_MS + left_ms),
            elapsed_ms: read_ms - left_ms,
            bytes: body.len() as u64,
            allowance: response.and_then(|response| Allowance::read(&response, WallTime(EPOCH_MS + read_ms))),
            capture: None,
            redirect: location.map(|location| {
                let url = visit.url.join(location).map_err(|error| error.to_string())?;
                Ok(Redirect { url, becomes_get: false, from_public: false })
            }),
            robots_text: visit.robots.then(|| robots.as_bytes().to_vec()),
        }
    }
}

/// A diagnosis as a bug would have it.
fn planted(mut diagnosis: Diagnosis, plant: Option<Plant>) -> Diagnosis {
    match plant {
        Some(Plant::HoldIgnored) => diagnosis.retry_after = None,
        Some(Plant::HoldShortened) => {
            if let Some(retry_after) = &mut diagnosis.retry_after {
                retry_after.delay_ms = retry_after.delay_ms.map(|delay_ms| delay_ms * 9 / 10);
            }
        }
        Some(Plant::ChallengeRetried) if diagnosis.remedy == Remedy::Park => {
            (diagnosis.cause, diagnosis.remedy, diagnosis.waiting_helps) = (Cause::Overload, Remedy::Wait, Some(true));
        }
        Some(Plant::UrlBlamed) if diagnosis.remedy == Remedy::Wait || diagnosis.remedy == Remedy::SlowDown => {
            (diagnosis.cause, diagnosis.scope) = (Cause::ServerError, Scope::Url);
        }
        None
        | Some(
            Plant::ServerClockUnread
            | Plant::ChallengeRetried
            | Plant::UrlBlamed
            | Plant::RobotsUnread
            | Plant::SlotsForgotten
            | Plant::RetriesUncounted
            | Plant::DelayForgotten
            | Plant::AnswerLost
            | Plant::RowWrittenTwice
            | Plant::LeftoversKept
            | Plant::CommitForgotten,
        ) => {}
    }
    diagnosis
}
