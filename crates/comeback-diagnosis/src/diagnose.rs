//! From an exchange to its diagnosis: a failure on our side by its own cause, else what the response refuses with, by signatures,
//! else by its status.
//!
//! It names causes; what is done about them is the policy's decision.

use crate::calibration::{Ground, confidence_of, confidence_of_success};
use crate::cause::Cause;
use crate::diagnosis::{Diagnosis, Evidence, Remedy, Responder, Scope};
use crate::exchange::{Exchange, Failure, Response};
use crate::history::History;
use crate::knowledge::{Firing, Knowledge};
use crate::pattern::Pattern;
use crate::retry_after::{RetryAfter, RetryAfterKind};
use crate::signature::{ProductFile, Signature};
use crate::status_facts::StatusFacts;

/// No response proves its cause: signatures together are never surer than this.
const CONFIDENCE_MAX: f64 = 0.99;

/// A product's own sign of at least this weight is believed before common words.
const OWN_SIGN_WEIGHT_MIN: f64 = 0.8;

/// How much is left of the weight of common words that a product's own sign contradicts.
const COMMON_WORDS_SHARE: f64 = 0.3;

/// How sure `unknown` is of itself, as a share of the weight of the signature that says so.
const UNDECIDABLE_SHARE: f64 = 0.4;

/// The first status of a final response (RFC 9110, section 15).
const STATUS_FINAL_MIN: u16 = 200;

/// The first status that points elsewhere (RFC 9110, section 15.4).
const STATUS_REDIRECT_MIN: u16 = 300;

/// The first status that refuses (RFC 9110, section 15.5).
const STATUS_REFUSAL_MIN: u16 = 400;

/// Cause, speaker and scope, before the facts of the cause are added.
#[derive(Clone, Copy)]
struct Finding<'a> {
    cause: Cause,
    confidence: f64,
    speaker: Option<Firing<'a>>,
    scope: Option<Scope>,
}

impl Knowledge {
    /// Says what an exchange means. It always has an answer, if only `unknown`.
    ///
    /// A failure on our side of the wire always carries its own cause. Where the response beside it is a refusal, what is to be
    /// done about it is the refusal's: a host whose 503 broke off or cannot be decoded is left alone as after any 503. When to come
    /// back is read from every response, whatever its status, and from one that broke off too.
    ///
    /// ```
    /// use comeback_diagnosis::cause::Cause;
    /// use comeback_diagnosis::clock::WallTime;
    /// use comeback_diagnosis::history::History;
    /// use comeback_diagnosis::knowledge::Knowledge;
    /// use comeback_diagnosis::raw_response::RawResponse;
    /// let raw = RawResponse::parse(b"HTTP/1.1 403 Forbidden\r\ncf-mitigated: challenge\r\n\r\n").expect("a response");
    /// let fields = raw.borrowed_fields();
    /// let diagnosis = Knowledge::builtin().diagnose(&raw.exchange(&fields, WallTime(0)), &History::default());
    /// assert_eq!(diagnosis.cause, Cause::BotChallenge);
    /// ```
    #[must_use]
    pub fn diagnose(&self, exchange: &Exchange<'_>, history: &History) -> Diagnosis {
        let retry_after = exchange.response.and_then(|response| RetryAfter::read(&response, exchange.received_at));
        match (exchange.failure, exchange.response) {
            (Some(failure), Some(response)) => self
                .refused(&response, retry_after, history)
                .map(|refusal| beside(refusal, &failure))
                .unwrap_or_else(|| self.own_side(&failure, retry_after)),
            (Some(failure), None) => self.own_side(&failure, None),
            (None, Some(response)) => self.answered(&response, retry_after, history),
            (None, None) => {
                let detail = "nothing is known of this attempt";
                self.own_side(&Failure { cause: Cause::Unknown, detail, is_lasting: false }, None)
            }
        }
    }

    fn own_side(&self, failure: &Failure<'_>, retry_after: Option<RetryAfter>) -> Diagnosis {
        let facts = self.cause(failure.cause);
        Diagnosis {
            cause: failure.cause,
            responder: if failure.cause == Cause::AddressRefused { Responder::Local } else { Responder::Nobody },
            product: None,
            scope: facts.scope,
            waiting_helps: if failure.is_lasting { Some(false) } else { facts.waiting_helps },
            confidence: 1.0,
            retry_after,
            evidence: vec![Evidence { what: failure.detail.to_owned(), weight: 1.0 }],
            remedy: facts.remedy,
        }
    }

    /// What a response means that refuses, though its body is not all there: the status says so and a cause goes with it, or,
    /// on a status that speaks of success, a field names a cause that only a person can remedy. What the beginning of a body
    /// seems to be is no evidence there: the page that broke off may be a long one.
    fn refused(&self, response: &Response<'_>, retry_after: Option<RetryAfter>, history: &History) -> Option<Diagnosis> {
        if response.status < STATUS_FINAL_MIN {
            return None;
        }
        let diagnosis = self.answered(response, retry_after, history);
        let is_refusal = if response.status >= STATUS_REFUSAL_MIN {
            diagnosis.cause != Cause::None
        } else {
            let names_it = |signature: &Signature| signature.cause == Some(diagnosis.cause) && signature.when.rest_on_fields();
            diagnosis.remedy == Remedy::Park && self.firings(response).iter().any(|firing| names_it(firing.signature))
        };
        is_refusal.then_some(diagnosis)
    }

    fn answered(&self, response: &Response<'_>, retry_after: Option<RetryAfter>, history: &History) -> Diagnosis {
        let fired = explained(self.firings(response));
        let by_itself = self.status(response.status);
        let finding = strongest(&fired).unwrap_or_else(|| Finding {
            cause: by_itself.cause,
            confidence: by_status(response, by_itself),
            speaker: fired.first().copied(),
            scope: by_itself.scope,
        });
        let pattern = if finding.cause == Cause::None { None } else { history.pattern() };
        let finding = pattern.map_or(finding, |pattern| with_pattern(finding, pattern));
        let retry_after = retry_after.map(|said| without_boilerplate(said, &fired));
        let facts = self.cause(finding.cause);
        Diagnosis {
            cause: finding.cause,
            responder: responder_of(&finding, &fired).or(by_itself.responder).unwrap_or(Responder::Unknown),
            product: finding.speaker.and_then(|firing| firing.file.product.clone()).or_else(|| product_of(&fired)),
            scope: finding.scope.unwrap_or(facts.scope),
            waiting_helps: facts.waiting_helps,
            confidence: finding.confidence,
            retry_after,
            evidence: self.evidence(response, &fired, &finding, retry_after, history),
            remedy: facts.remedy,
        }
    }

    /// Every fact that was looked at, heaviest first; what counts for another cause than the one found weighs against it.
    fn evidence(
        &self,
        response: &Response<'_>,
        fired: &[Firing<'_>],
        finding: &Finding<'_>,
        retry_after: Option<RetryAfter>,
        history: &History,
    ) -> Vec<Evidence> {
        let by_itself = self.status(response.status);
        let mut evidence = Vec::with_capacity(fired.len() + 4);
        for Firing { signature, weight, .. } in fired {
            let sign = match signature.cause {
                Some(cause) if cause == finding.cause => 1.0,
                Some(Cause::Unknown) | None => 0.0,
                Some(_) => -1.0,
            };
            evidence.push(Evidence { what: signature.says.clone(), weight: sign * weight });
        }
        let weight = if by_itself.cause == finding.cause { by_status(response, by_itself) } else { 0.0 };
        evidence.push(Evidence { what: format!("status {}: {}", response.status, by_itself.says), weight });
        for (product, field) in self.present(response) {
            let what = format!("the field {} shows that {product} stands in front, which is no cause", field.name);
            evidence.push(Evidence { what, weight: 0.0 });
        }
        evidence.extend(retry_after.map(|said| Evidence { what: in_words(said), weight: 0.0 }));
        if let Some(pattern) = history.pattern().filter(|_| finding.cause != Cause::None) {
            let weight = match pattern.cause() {
                Some((cause, weight)) if cause == finding.cause => weight,
                Some((_, weight)) => -weight,
                None => 0.0,
            };
            evidence.push(Evidence { what: pattern.says().to_owned(), weight });
        }
        if finding.cause == Cause::Unknown && !history.is_empty() {
            let accepted = history.iter().filter(|attempt| attempt.cause == Cause::None).count();
            let what = format!("of this host's last {} answers {accepted} were accepted", history.len());
            evidence.push(Evidence { what, weight: 0.0 });
        }
        evidence.sort_by(|one, other| other.weight.abs().total_cmp(&one.weight.abs()));
        evidence
    }
}

/// How sure the status is of its cause by itself.
fn by_status(response: &Response<'_>, facts: &StatusFacts) -> f64 {
    let is_success = facts.cause == Cause::None && (STATUS_FINAL_MIN..STATUS_REDIRECT_MIN).contains(&response.status);
    if is_success { confidence_of_success(response, facts.confidence) } else { facts.confidence }
}

/// A failure beside a refusal: the cause is the failure's own, what is to be done is the refusal's (scope, remedy, when to come
/// back), and its facts are kept.
fn beside(refusal: Diagnosis, failure: &Failure<'_>) -> Diagnosis {
    let mut evidence = vec![
        Evidence { what: failure.detail.to_owned(), weight: 1.0 },
        Evidence { what: format!("the response refuses all the same: {}", refusal.cause), weight: 0.0 },
    ];
    evidence.extend(refusal.evidence.into_iter().map(|fact| Evidence { weight: 0.0, ..fact }));
    Diagnosis { cause: failure.cause, confidence: 1.0, evidence, ..refusal }
}

/// What is left to say once products' own signs are understood. A page that a product is known to send explains its words, whatever
/// the cause; and where a product's own sign names a cause, common words for another count little. So do common words for a block
/// where others say what it is for. Words that name both maintenance and load, as canned sentences do, name neither.
fn explained(fired: Vec<Firing<'_>>) -> Vec<Firing<'_>> {
    let is_own_page = |firing: &Firing<'_>| firing.signature.when.page.is_some() && firing.signature.cause.is_some();
    let has_own_page = fired.iter().any(is_own_page);
    let names = |firing: &&Firing<'_>| firing.file.product.is_some() && firing.weight >= OWN_SIGN_WEIGHT_MIN;
    let own_cause = fired.iter().find(names).and_then(|firing| firing.signature.cause).filter(|cause| *cause != Cause::Unknown);
    let says = |cause: Cause| move |firing: &Firing<'_>| firing.is_common_wording() && firing.signature.cause == Some(cause);
    let is_said_why =
        fired.iter().any(|firing| firing.is_common_wording() && firing.signature.cause.is_some_and(says_why_blocked));
    let is_either = fired.iter().any(says(Cause::Maintenance)) && fired.iter().any(says(Cause::Overload));
    let is_of_either =
        move |firing: &Firing<'_>| is_either && (says(Cause::Maintenance)(firing) || says(Cause::Overload)(firing));
    let left = fired.into_iter().filter(|firing| !(has_own_page && firing.signature.when.rest_on_words()));
    let left = left.filter(|firing| !is_of_either(firing));
    let mut left: Vec<_> = left
        .map(|firing| {
            let is_other = firing.file.product.is_none() && own_cause.is_some() && firing.signature.cause != own_cause
                || is_said_why && says(Cause::WafBlock)(&firing);
            Firing { weight: if is_other { firing.weight * COMMON_WORDS_SHARE } else { firing.weight }, ..firing }
        })
        .collect();
    left.sort_by(|one, other| other.weight.total_cmp(&one.weight));
    left
}

/// Whether the cause says for what a request was blocked: common words for it say more than those for a block.
const fn says_why_blocked(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::RateLimit
            | Cause::Quota
            | Cause::WaitingRoom
            | Cause::BotChallenge
            | Cause::IpBan
            | Cause::GeoBlock
            | Cause::LoginWall
            | Cause::PaymentRequired
            | Cause::RobotsPolicy
    )
}

/// What the host's history adds: it names the cause where the bytes name none, makes a cause surer that it points to, too, and
/// leaves doubt about another.
fn with_pattern<'a>(finding: Finding<'a>, pattern: Pattern) -> Finding<'a> {
    let Some((cause, weight)) = pattern.cause() else { return finding };
    if finding.cause == Cause::Unknown {
        Finding { cause, confidence: weight, scope: None, ..finding }
    } else if finding.cause == cause {
        Finding { confidence: (1.0 - (1.0 - finding.confidence) * (1.0 - weight)).min(CONFIDENCE_MAX), ..finding }
    } else {
        Finding { confidence: finding.confidence * (1.0 - weight / 2.0), ..finding }
    }
}

/// The cause that the signatures point to: of those that name one, the strongest; else `unknown` where a signature knows that
/// these bytes are sent for several causes. `None` leaves it to the status.
fn strongest<'a>(fired: &[Firing<'a>]) -> Option<Finding<'a>> {
    // Common words for one cause are one piece of evidence, however many lists hold them: the heaviest counts.
    let combined = |cause: Cause| {
        let (words, others): (Vec<&Firing<'_>>, Vec<&Firing<'_>>) =
            fired.iter().filter(|firing| firing.signature.cause == Some(cause)).partition(|firing| firing.is_common_wording());
        let heaviest = words.iter().map(|firing| firing.weight).fold(0.0, f64::max);
        1.0 - others.iter().fold(1.0 - heaviest, |doubt, firing| doubt * (1.0 - firing.weight))
    };
    let names_one = |cause: &Cause| *cause != Cause::Unknown;
    let strengths =
        || fired.iter().filter_map(|firing| firing.signature.cause.filter(names_one)).map(|cause| (cause, combined(cause)));
    // Several pages known to name no cause make it no surer that none can be named: for `unknown` the heaviest counts alone.
    let undecidable = || fired.iter().find_map(|firing| firing.signature.cause.map(|cause| (cause, firing.weight)));
    let (cause, strength) = strengths()
        .max_by(|(one, weight), (other, heavier)| weight.total_cmp(heavier).then_with(|| other.cmp(one)))
        .or_else(undecidable)?;
    let rival = strengths().filter(|(other, _)| *other != cause).map(|(_, weight)| weight).fold(0.0, f64::max);
    let speaker = *fired.iter().find(|firing| firing.signature.cause == Some(cause))?;
    let doubted = strength * (1.0 - rival / 2.0);
    // Bytes that are sent for several causes were sent for one of them: that none can be told is hardly ever the truth itself.
    let is_exact = |firing: &Firing<'_>| firing.signature.cause == Some(cause) && !firing.is_common_wording();
    let ground = if fired.iter().any(is_exact) { Ground::Exact } else { Ground::Words };
    let confidence = if cause == Cause::Unknown { doubted * UNDECIDABLE_SHARE } else { confidence_of(doubted, ground) };
    Some(Finding { cause, confidence, speaker: Some(speaker), scope: speaker.signature.scope })
}

/// Who speaks, by the signature that decided, else by any other that fired and knows.
fn responder_of(finding: &Finding<'_>, fired: &[Firing<'_>]) -> Option<Responder> {
    let speakers = finding.speaker.iter().chain(fired);
    let says = |firing: &Firing<'_>| firing.signature.responder.unwrap_or(firing.file.responder);
    speakers.map(says).find(|who| *who != Responder::Unknown)
}

fn product_of(fired: &[Firing<'_>]) -> Option<String> {
    fired.iter().find_map(|firing| firing.file.product.clone())
}

/// Marks a value that the recognised product sends whatever the trouble is.
fn without_boilerplate(said: RetryAfter, fired: &[Firing<'_>]) -> RetryAfter {
    let is_constant = |file: &ProductFile| {
        file.boilerplate_retry_after_s.iter().any(|seconds| Some(seconds.saturating_mul(1_000)) == said.delay_ms)
    };
    if said.kind == RetryAfterKind::Seconds && fired.iter().any(|firing| is_constant(firing.file)) {
        RetryAfter { kind: RetryAfterKind::Boilerplate, ..said }
    } else {
        said
    }
}

fn in_words(said: RetryAfter) -> String {
    let seconds = said.delay_ms.unwrap_or(0).div_ceil(1_000);
    match said.kind {
        RetryAfterKind::Seconds => format!("Retry-After asks for {seconds} s"),
        RetryAfterKind::Date => format!("Retry-After names a date {seconds} s ahead"),
        RetryAfterKind::RateLimit => format!("the rate limit is spent and is reset in {seconds} s"),
        RetryAfterKind::Boilerplate => {
            format!("Retry-After is {seconds} s, a constant that this product sends whatever the trouble is")
        }
        RetryAfterKind::Unusable => "Retry-After is there and says nothing usable".to_owned(),
    }
}
