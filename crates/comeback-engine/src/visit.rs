//! What is asked, and what came of it: the two values that cross between the engine and a route.

use std::net::IpAddr;

use comeback_diagnosis::clock::WallTime;
use comeback_diagnosis::diagnosis::Diagnosis;
use comeback_diagnosis::rate_limit::Allowance;
use url::Url;

use crate::host_key::HostKey;
use crate::ids::{LeaseId, PartitionId};
use crate::outcome::{CapturePlace, Outcome};
use crate::secret_field::is_secret_field;
use crate::seed_url::SeedUrl;

/// One request to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// What to ask.
    pub url: Url,
    /// The host key of `url`.
    pub host: HostKey,
    /// How to ask.
    pub method: String,
    /// Fields for the request: those for all hosts, and the URL's own.
    pub headers: Vec<(String, String)>,
    /// The names of the URL's own fields: no rule for a host replaces them.
    pub own_names: Vec<String>,
    /// The request's body.
    pub body: Option<Vec<u8>>,
    /// Whether this is a robots.txt.
    pub robots: bool,
    /// How many redirects led here.
    pub hops: u8,
    /// Whether an answer from a public address led here, or a list from one named it: private addresses are refused then.
    pub from_public: bool,
    /// Whether a redirect led from https to http on the way here: what a rule adds for a host would go out in the clear, so
    /// nothing of it is sent.
    pub is_exposed: bool,
}

/// Whether asking twice by this method may do something twice (RFC 9110, section 9.2.2).
pub(crate) fn is_unrepeatable(method: &str) -> bool {
    !["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"].contains(&method)
}

impl Visit {
    /// The first visit for a seed URL.
    pub(crate) fn seed(seed: &SeedUrl, common: &[(String, String)], url: Url, host: HostKey) -> Self {
        let SeedUrl { given: _, method, headers: own, body, meta: _ } = seed;
        let is_replaced = |name: &str| own.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        let headers = common.iter().filter(|(name, _)| !is_replaced(name)).chain(own).cloned().collect();
        Self {
            url,
            host,
            method: method.clone(),
            headers,
            own_names: own.iter().map(|(name, _)| name.clone()).collect(),
            body: body.clone(),
            robots: false,
            hops: 0,
            from_public: false,
            is_exposed: false,
        }
    }

    /// Whether asking twice may do something twice.
    pub(crate) fn is_unrepeatable(&self) -> bool {
        is_unrepeatable(&self.method)
    }

    /// The visit to a host's robots.txt (RFC 9309, section 2.3). A host that only redirects led to gets no secrets, and is held to
    /// the same addresses and clear wires as they are; `led_by`: the visits that redirects led to it, if only they did.
    pub(crate) fn robots(common: &[(String, String)], host: HostKey, led_by: Option<&[&Self]>) -> Option<Self> {
        let url = Url::parse(&format!("{host}/robots.txt")).ok()?;
        let headers = common.iter().filter(|(name, _)| led_by.is_none() || !is_secret_field(name)).cloned().collect();
        let all = |is_so: fn(&Self) -> bool| led_by.is_some_and(|visits| visits.iter().all(|visit| is_so(visit)));
        Some(Self {
            url,
            host,
            method: "GET".into(),
            headers,
            own_names: Vec::new(),
            body: None,
            robots: true,
            hops: 0,
            from_public: all(|visit| visit.from_public),
            is_exposed: all(|visit| visit.is_exposed),
        })
    }

    /// The visit that a redirect asks for (RFC 9110, section 15.4).
    pub(crate) fn redirected(&self, redirect: &Redirect, host: HostKey) -> Self {
        let mut next = self.clone();
        if host != self.host {
            next.headers.retain(|(name, _)| !is_secret_field(name));
            next.own_names.retain(|name| !is_secret_field(name));
        }
        if redirect.becomes_get {
            next.method = "GET".into();
            next.body = None;
            next.headers.retain(|(name, _)| !name.to_ascii_lowercase().starts_with("content-"));
        }
        next.is_exposed |= self.url.scheme() == "https" && redirect.url.scheme() == "http";
        next.url = redirect.url.clone();
        next.host = host;
        next.hops += 1;
        next.from_public |= redirect.from_public;
        next
    }
}

/// Where an answer points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// The URL, without fragment.
    pub url: Url,
    /// Whether the method becomes GET and the body is dropped.
    pub becomes_get: bool,
    /// Whether the answer came from a public address.
    pub from_public: bool,
}

/// What came of a visit.
#[derive(Debug, Clone, PartialEq)]
pub struct VisitReport {
    /// The status; `None` when nobody answered.
    pub status: Option<u16>,
    /// What diagnosis says.
    pub diagnosis: Diagnosis,
    /// The address that was asked; `None` where there was no connection, or none of ours.
    pub address: Option<IpAddr>,
    /// When the request was sent, or would have been.
    pub sent_at: WallTime,
    /// From sending to the end, in milliseconds.
    pub elapsed_ms: u64,
    /// The payload's length in bytes.
    pub bytes: u64,
    /// What the answer says of a limit on requests.
    pub allowance: Option<Allowance>,
    /// Where its capture lies.
    pub capture: Option<CapturePlace>,
    /// Where the answer points; `Err` says why the place is none that can be asked.
    pub redirect: Option<Result<Redirect, String>>,
    /// The decoded body of a robots.txt, as far as it is read (500 KiB).
    pub robots_text: Option<Vec<u8>>,
}

/// A visit that another host's URL needs: the next hop of a redirect. It queues at its host like any URL, under that host's
/// clock, and its answer goes back to the lease that waits for it. Guests are not persisted: their URL is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// The partition of the lease that waits.
    pub from: PartitionId,
    /// The lease that waits.
    pub lease: LeaseId,
    /// What to ask.
    pub visit: Visit,
    /// Failures counted for its URL so far.
    pub failures: u32,
    /// Requests made for it whose answers were not awaited: patience was spent.
    pub cut: u32,
}

/// The answer to a guest.
#[derive(Debug, Clone, PartialEq)]
pub enum GuestAnswer {
    /// The visit was made.
    Visited(Box<VisitReport>, Verdict),
    /// The host is not asked.
    Unasked {
        /// `failed` or `parked`.
        outcome: Outcome,
        /// Why.
        cause: comeback_diagnosis::cause::Cause,
        /// For `parked`: when asking again may make sense.
        until: Option<WallTime>,
        /// The facts, for people.
        evidence: Vec<String>,
        /// Requests that were made all the same: their answers were not awaited.
        cut: u32,
    },
}

/// What an exchange means for its URL, as the host that was asked judges it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A page, a final answer or a redirect.
    Accepted,
    /// The URL fails for good; the host is well.
    GivenUp,
    /// A refusal that speaks for this URL, or for its whole host (which is condemned then), and that waiting does not cure.
    Sticky {
        /// For a statement beyond our patience: when asking again may make sense.
        until: Option<WallTime>,
    },
    /// The host is in trouble: the URL goes back to the queue, uncharged.
    HostTrouble {
        /// Whether the host was answering before: the failure counts towards blame.
        counted: bool,
        /// Whether the URL is charged all the same: it is the last one left, and its host was well before.
        charge: bool,
    },
    /// Refused by the host's pace or by chance: again after a moment. `charge`: whether it is charged, where it may be.
    Refused {
        /// Whether the URL fails significantly more often than its host; `None` where that is not asked.
        charge: Option<bool>,
    },
    /// The URL fails while its host answers others.
    Blamed {
        /// Whether it fails significantly more often than its host.
        charge: bool,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host_of(url: &str) -> (Url, HostKey) {
        let url: Url = url.parse().unwrap();
        let host = HostKey::of(&url).unwrap();
        (url, host)
    }

    fn led(visit: &Visit, to: &str) -> Visit {
        let (url, host) = host_of(to);
        visit.redirected(&Redirect { url, becomes_get: false, from_public: false }, host)
    }

    /// What services call their keys went along with a redirect to any host; only Authorization and Cookie stayed behind.
    #[test]
    fn secrets_stay_with_their_host_whatever_they_are_called() {
        let field = |name: &str| (name.to_owned(), "x".to_owned());
        let seed =
            SeedUrl { headers: vec![field("X-Api-Key"), field("Cookie"), field("Accept")], ..SeedUrl::get("https://a.example/") };
        let (url, host) = host_of(&seed.given);
        let visit = Visit::seed(&seed, &[field("X-Note"), field("X-Auth-Token")], url, host);
        assert_eq!(visit.own_names, ["X-Api-Key", "Cookie", "Accept"]);
        assert_eq!(led(&visit, "https://a.example/b").headers, visit.headers);
        let elsewhere = led(&visit, "https://b.example/");
        assert_eq!(elsewhere.headers, [field("X-Note"), field("Accept")]);
        assert_eq!(elsewhere.own_names, ["Accept"]);
        assert_eq!(led(&elsewhere, "https://a.example/").headers, elsewhere.headers, "they don't come back");
    }

    #[test]
    fn a_way_over_a_clear_wire_is_remembered() {
        let (url, host) = host_of("https://a.example/");
        let visit = Visit::seed(&SeedUrl::get("https://a.example/"), &[], url, host);
        assert!(!led(&visit, "https://b.example/").is_exposed);
        let exposed = led(&visit, "http://a.example/");
        assert!(exposed.is_exposed && led(&exposed, "https://a.example/").is_exposed);
        let (url, host) = host_of("http://a.example/");
        let listed_so = Visit::seed(&SeedUrl::get("http://a.example/"), &[], url, host);
        assert!(!led(&listed_so, "http://b.example/").is_exposed);
    }
}
