//! Scheduler scenarios: the whole state as text, at the moments that matter.

use std::collections::VecDeque;

use comeback_engine::batch::{BatchHead, BatchProgress};
use comeback_engine::commit::Tally;
use comeback_engine::config::EngineConfig;
use comeback_engine::diagnosis::cause::Cause;
use comeback_engine::diagnosis::clock::{Monotonic, Now, WallTime};
use comeback_engine::diagnosis::diagnosis::{Diagnosis, Remedy, Responder, Scope};
use comeback_engine::diagnosis::retry_after::{RetryAfter, RetryAfterKind};
use comeback_engine::engine::Engine;
use comeback_engine::governor::{FromGovernor, ToGovernor};
use comeback_engine::host_key::HostKey;
use comeback_engine::ids::{BatchSeq, HostNumber, JobId, LeaseId, PartitionId};
use comeback_engine::input::Input;
use comeback_engine::outcome::Outcome;
use comeback_engine::outlook::Outlook;
use comeback_engine::output::{Output, Settled};
use comeback_engine::seed_url::SeedUrl;
use comeback_engine::visit::{Guest, GuestAnswer, Redirect, Visit, VisitReport};

/// An engine with one host, every slot granted at once, and the visits that it asks for.
struct Scene {
    engine: Engine,
    now_ms: u64,
    urls: u16,
    method: &'static str,
    /// Whether the governor grants what is asked.
    has_slots: bool,
    visits: VecDeque<(LeaseId, Visit)>,
    settled: Vec<Settled>,
    /// What the governor was told of how sites met us, and of bare refusals.
    told: Vec<ToGovernor>,
    wake_at: Option<Monotonic>,
}

impl Scene {
    fn with_urls(urls: u16) -> Self {
        Self::with_method(urls, "GET")
    }

    fn with_method(urls: u16, method: &'static str) -> Self {
        Self::with(urls, method, 60_000)
    }

    fn with_patience(urls: u16, patience_ms: u64) -> Self {
        Self::with(urls, "GET", patience_ms)
    }

    fn with(urls: u16, method: &'static str, patience_ms: u64) -> Self {
        let config = EngineConfig { ignore_robots: vec!["*".into()], patience_ms, ..EngineConfig::new(PartitionId(0), 1) };
        let engine = Engine::new(config, Tally::default(), []);
        let mut scene = Self {
            engine,
            now_ms: 0,
            urls,
            method,
            has_slots: true,
            visits: VecDeque::new(),
            settled: Vec::new(),
            told: Vec::new(),
            wake_at: None,
        };
        let host = HostKey::of(&"http://h.example/".parse().expect("a URL")).expect("a host");
        let head = BatchHead { job: JobId(1), host, count: urls, from_public: false };
        scene.feed(Input::BatchIndexed { batch: BatchSeq(1), head, progress: BatchProgress::default() });
        scene
    }

    fn feed(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            self.engine.handle(now(self.now_ms), input);
            loop {
                match self.engine.next_output() {
                    Output::LoadBatch(batch) => {
                        let urls = (0..self.urls).map(|page| self.seed(page)).collect();
                        inputs.push_back(Input::BatchLoaded { batch, urls });
                    }
                    Output::ToGovernor(ToGovernor::Ask { ticket, .. }) if self.has_slots => {
                        inputs.push_back(Input::FromGovernor(FromGovernor::SlotGranted(ticket)));
                    }
                    Output::Visit { lease, visit } => self.visits.push_back((lease, *visit)),
                    Output::Settle(settled) => self.settled.push(*settled),
                    Output::Commit(_) => inputs.push_back(Input::Committed),
                    Output::WaitUntil(at) => {
                        self.wake_at = at;
                        break;
                    }
                    Output::SendGuest { guest, .. } => inputs.push_back(Input::GuestArrived(*guest)),
                    Output::AnswerGuest { lease, answer, .. } => {
                        inputs.push_back(Input::GuestAnswered { lease, answer: *answer });
                    }
                    Output::ToGovernor(message @ (ToGovernor::Met { .. } | ToGovernor::Refused { .. })) => {
                        self.told.push(message);
                    }
                    Output::Cut(lease) => inputs.push_back(Input::VisitCut(lease)),
                    Output::ToGovernor(_) | Output::Recall(_) | Output::IndexBatches { .. } => {}
                }
            }
        }
    }

    fn seed(&self, page: u16) -> SeedUrl {
        SeedUrl { method: self.method.into(), ..SeedUrl::get(format!("http://h.example/{page}")) }
    }

    /// The oldest visit under way ends with this diagnosis.
    fn answer(&mut self, status: u16, diagnosis: Diagnosis) {
        self.answer_with(status, diagnosis, None);
    }

    fn answer_with(&mut self, status: u16, diagnosis: Diagnosis, redirect: Option<Redirect>) {
        let (lease, _) = self.visits.pop_front().expect("a visit is under way");
        let report =
            VisitReport { status: Some(status), sent_at: WallTime(self.now_ms), redirect: redirect.map(Ok), ..report(diagnosis) };
        self.feed(Input::VisitEnded { lease, report: Box::new(report) });
    }

    /// Time passes up to the engine's next wake-up.
    fn sleep(&mut self) {
        let Monotonic(at) = self.wake_at.expect("the engine waits for something");
        self.now_ms = self.now_ms.max(at);
        self.feed(Input::TimePassed);
    }

    /// Time passes until a visit is under way.
    fn sleep_until_asked(&mut self) {
        while self.visits.is_empty() {
            self.sleep();
        }
    }

    fn text(&self) -> String {
        self.engine.render(now(self.now_ms))
    }
}

fn now(ms: u64) -> Now {
    Now { monotonic: Monotonic(ms), wall: WallTime(1_000_000 + ms) }
}

fn page() -> Diagnosis {
    diagnosis(Cause::None, Scope::Unknown, Remedy::Accept, None)
}

fn refusal(retry_after_s: Option<u64>) -> Diagnosis {
    diagnosis(Cause::Maintenance, Scope::Host, Remedy::Wait, retry_after_s)
}

fn report(diagnosis: Diagnosis) -> VisitReport {
    VisitReport {
        status: None,
        diagnosis,
        address: Some([192, 0, 2, 1].into()),
        sent_at: WallTime(0),
        elapsed_ms: 5,
        bytes: 4,
        allowance: None,
        capture: None,
        redirect: None,
        robots_text: None,
    }
}

fn diagnosis(cause: Cause, scope: Scope, remedy: Remedy, retry_after_s: Option<u64>) -> Diagnosis {
    Diagnosis {
        cause,
        responder: Responder::Origin,
        product: None,
        scope,
        waiting_helps: None,
        confidence: 1.0,
        retry_after: retry_after_s.map(|seconds| RetryAfter { kind: RetryAfterKind::Seconds, delay_ms: Some(seconds * 1000) }),
        evidence: Vec::new(),
        remedy,
    }
}

/// The account of a URL that met the same block as many others says so; what met another block does not.
#[test]
fn a_block_that_came_from_many_sites_is_said_to_be_about_us() {
    let mut scene = Scene::with_urls(3);
    scene.answer(200, page());
    scene.answer(403, diagnosis(Cause::WafBlock, Scope::Url, Remedy::Park, None));
    let [ToGovernor::Met { block: None, .. }, ToGovernor::Met { block: Some(block), .. }] = scene.told[..] else {
        panic!("a page, then a block: {:?}", scene.told)
    };
    scene.feed(Input::FromGovernor(FromGovernor::SameBlock { block, sites: 5 }));
    scene.sleep_until_asked();
    scene.answer(403, diagnosis(Cause::WafBlock, Scope::Url, Remedy::Park, None));
    let evidence: Vec<usize> = scene.settled.iter().map(|settled| settled.settlement.evidence.len()).collect();
    assert_eq!(evidence, [0, 0, 1]);
    assert!(scene.settled[2].settlement.evidence[0].contains("5 unrelated sites"));
}

/// Only the block that was told last was known: rows that met the first no longer said so.
#[test]
fn a_block_about_us_stays_known_when_another_is_told() {
    let mut scene = Scene::with_urls(2);
    let block = || diagnosis(Cause::WafBlock, Scope::Url, Remedy::Park, None);
    scene.answer(403, block());
    let [ToGovernor::Met { block: Some(first), .. }] = scene.told[..] else { panic!("a block: {:?}", scene.told) };
    scene.feed(Input::FromGovernor(FromGovernor::SameBlock { block: first, sites: 5 }));
    scene.feed(Input::FromGovernor(FromGovernor::SameBlock { block: !first, sites: 6 }));
    scene.sleep_until_asked();
    scene.answer(403, block());
    assert!(scene.settled[1].settlement.evidence[0].contains("5 unrelated sites"));
}

/// Only a host's first page and its blocks were told: after ten minutes the governor had forgotten all sites that were well.
#[test]
fn a_site_that_stays_well_is_told_of_each_minute() {
    let mut scene = Scene::with_urls(20);
    let mut told = Vec::new();
    for answer in 0..10 {
        scene.now_ms = answer * 25_000;
        scene.feed(Input::TimePassed);
        scene.answer(200, page());
        told.extend(scene.told.drain(..).map(|message| (answer, message)));
    }
    let said = |(answer, message): &(u64, ToGovernor)| (*answer, matches!(message, ToGovernor::Met { block: None, .. }));
    assert_eq!(told.iter().map(said).collect::<Vec<_>>(), [(0, true), (3, true), (6, true), (9, true)]);
}

#[test]
fn a_site_that_does_not_answer_is_not_met() {
    let mut scene = Scene::with_urls(1);
    let (lease, _) = scene.visits.pop_front().expect("a visit is under way");
    let report = report(diagnosis(Cause::ConnectTimeout, Scope::Host, Remedy::Wait, None));
    scene.feed(Input::VisitEnded { lease, report: Box::new(report) });
    assert_eq!(scene.told, []);
}

#[test]
fn slow_start_follows_the_canary() {
    let mut scene = Scene::with_urls(200);
    assert_eq!(scene.visits.len(), 1);
    insta::assert_snapshot!("canary_under_way", scene.text());
    let mut widths = Vec::new();
    for _ in 0..150 {
        scene.answer(200, page());
        widths.push(scene.visits.len());
    }
    assert_eq!(widths[..8], [2, 3, 4, 4, 4, 4, 5, 5]);
    assert_eq!(widths.iter().max(), Some(&16));
    insta::assert_snapshot!("window_open", scene.text());
}

#[test]
fn a_hold_ends_with_one_probe() {
    let mut scene = Scene::with_urls(10);
    scene.answer(503, refusal(Some(5)));
    insta::assert_snapshot!("hold_placed", scene.text());
    scene.sleep_until_asked();
    assert!(scene.now_ms > 5_000, "asked at {}", scene.now_ms);
    assert_eq!(scene.visits.len(), 1);
    insta::assert_snapshot!("probe_under_way", scene.text());
    scene.answer(200, page());
    assert_eq!(scene.visits.len(), 2);
    insta::assert_snapshot!("recovered", scene.text());
}

#[test]
fn the_end_of_the_work_is_told_from_hold_pace_and_patience() {
    let mut scene = Scene::with_urls(10);
    let outlook = |scene: &Scene| scene.engine.outlook(now(scene.now_ms));
    assert_eq!(outlook(&scene), Outlook { last_end: None, open_urls: 10, unpaced_urls: 10 });
    scene.answer(503, refusal(Some(5)));
    let held = outlook(&scene);
    let end_ms = held.last_end.unwrap().since_ms(now(0).wall);
    assert!((5_000..10_000).contains(&end_ms) && (held.open_urls, held.unpaced_urls) == (0, 0), "{held:?}");
    scene.sleep_until_asked();
    scene.answer(200, page());
    let open = outlook(&scene);
    assert!(open.last_end.is_some() && (open.open_urls, open.unpaced_urls) == (9, 0), "{open:?}");
    while scene.settled.len() < 10 {
        scene.answer(200, page());
    }
    assert_eq!(outlook(&scene), Outlook::default());
    let mut dead = Scene::with_urls(10);
    while dead.now_ms < 40_000 {
        match dead.visits.is_empty() {
            true => dead.sleep(),
            false => dead.answer(503, refusal(None)),
        }
    }
    assert_eq!(outlook(&dead).last_end.map(|end| end.since_ms(now(0).wall)), Some(60_000), "its patience ends then");
}

/// Sixteen requests that left in the millisecond of the first refusal were each taken for a probe, and the gap grew to 47 minutes.
#[test]
fn a_burst_of_refusals_is_one_incident() {
    let mut scene = Scene::with_urls(200);
    (0..150).for_each(|_| scene.answer(200, page()));
    assert_eq!(scene.visits.len(), 16);
    (0..16).for_each(|_| scene.answer(503, refusal(None)));
    assert!(scene.visits.is_empty());
    insta::assert_snapshot!("burst_refused", scene.text());
}

#[test]
fn spent_patience_settles_the_host_without_further_requests() {
    let mut scene = Scene::with_urls(10);
    let mut requests = 0;
    while scene.settled.is_empty() {
        requests += scene.visits.len();
        match scene.visits.is_empty() {
            true => scene.sleep(),
            false => scene.answer(503, refusal(None)),
        }
    }
    assert_eq!((requests, scene.settled.len(), scene.now_ms), (8, 10, 60_000));
    assert!(
        scene.settled.iter().all(|settled| settled.settlement.outcome == Outcome::Failed && settled.settlement.attempts == 0)
    );
    insta::assert_snapshot!("patience_spent", scene.text());
}

/// A list with one misspelt host name took a quarter of an hour: its name was looked up until patience was spent.
#[test]
fn what_waiting_does_not_cure_is_given_up_after_three_requests() {
    let no_name = || Diagnosis { waiting_helps: Some(false), ..diagnosis(Cause::Dns, Scope::Host, Remedy::Wait, None) };
    let mut scene = Scene::with_patience(10, 900_000);
    let mut asked_at = Vec::new();
    while scene.settled.is_empty() {
        scene.sleep_until_asked();
        asked_at.push(scene.now_ms);
        scene.answer(0, no_name());
    }
    assert_eq!((asked_at.len(), scene.settled.len()), (3, 10));
    assert!(asked_at[2] < 3_000, "{asked_at:?}");
    assert!(scene.settled.iter().all(|settled| settled.settlement.cause == Cause::Dns && settled.settlement.attempts == 0));
    // One answer of another kind in between, and it is a host in trouble like any other.
    let mut scene = Scene::with_patience(10, 900_000);
    for number in 0..6 {
        scene.sleep_until_asked();
        scene.answer(503, if number % 2 == 0 { no_name() } else { refusal(None) });
    }
    assert!(scene.settled.is_empty());
}

#[test]
fn a_challenge_parks_the_host_after_one_request() {
    let mut scene = Scene::with_urls(10);
    scene.answer(403, diagnosis(Cause::BotChallenge, Scope::Host, Remedy::Park, None));
    assert!(scene.visits.is_empty());
    let requests: Vec<u32> = scene.settled.iter().map(|settled| settled.settlement.requests).collect();
    assert_eq!((requests.len(), requests.iter().sum::<u32>()), (10, 1));
    assert!(scene.settled.iter().all(|settled| settled.settlement.outcome == Outcome::Parked));
}

#[test]
fn a_block_speaks_for_the_host_when_a_second_url_confirms_it() {
    let mut scene = Scene::with_urls(10);
    let block = || diagnosis(Cause::WafBlock, Scope::Url, Remedy::Park, None);
    scene.answer(403, block());
    assert_eq!((scene.settled.len(), scene.visits.len()), (1, 1));
    scene.answer(403, block());
    assert_eq!((scene.settled.len(), scene.visits.len()), (10, 0));
}

#[test]
fn a_stated_time_beyond_patience_parks_at_once() {
    let mut scene = Scene::with_urls(10);
    scene.answer(503, refusal(Some(86_400)));
    assert_eq!((scene.settled.len(), scene.visits.len()), (10, 0));
    let until = WallTime(1_000_000 + 86_400_000);
    assert!(scene.settled.iter().all(|settled| settled.settlement.until.is_some_and(|at| at >= until)));
}

#[test]
fn a_post_is_repeated_only_when_it_was_refused() {
    let unclear = [
        (502, diagnosis(Cause::UpstreamDown, Scope::Host, Remedy::Wait, None)),
        (524, diagnosis(Cause::UpstreamTimeout, Scope::Url, Remedy::Wait, None)),
        (200, diagnosis(Cause::Reset, Scope::Host, Remedy::Wait, None)),
    ];
    for (status, unclear) in unclear {
        let mut scene = Scene::with_method(1, "POST");
        scene.answer(503, refusal(None));
        scene.sleep_until_asked();
        scene.answer(status, unclear);
        let settlement = &scene.settled[0].settlement;
        assert_eq!((settlement.outcome, settlement.requests), (Outcome::Failed, 2), "{status}");
    }
}

/// A POST that led to a page which failed was sent again, from its beginning.
#[test]
fn a_post_is_not_repeated_for_the_page_that_it_led_to() {
    let mut scene = Scene::with_method(1, "POST");
    let url = "http://h.example/result".parse().expect("a URL");
    scene.answer_with(303, page(), Some(Redirect { url, becomes_get: true, from_public: false }));
    let mut methods = Vec::new();
    while scene.settled.is_empty() {
        scene.sleep_until_asked();
        methods.push(scene.visits[0].1.method.clone());
        scene.answer(500, diagnosis(Cause::ServerError, Scope::Url, Remedy::Wait, None));
    }
    assert!(methods.iter().all(|method| method == "GET"), "{methods:?}");
    assert_eq!(scene.settled[0].settlement.outcome, Outcome::Failed);
}

/// A host that is held for more than a minute gives its batches back; nothing woke it when its hold ended, and its URLs were failed
/// unasked, or stayed for ever.
#[test]
fn a_long_hold_ends_with_a_probe() {
    let mut scene = Scene::with_patience(5, 900_000);
    scene.answer(503, refusal(Some(300)));
    scene.sleep_until_asked();
    assert!((300_000..302_000).contains(&scene.now_ms), "asked at {}", scene.now_ms);
    let mut scene = Scene::with_patience(5, 900_000);
    scene.answer(200, diagnosis(Cause::None, Scope::Unknown, Remedy::Accept, Some(120)));
    scene.sleep_until_asked();
    assert!((120_000..122_000).contains(&scene.now_ms), "asked at {}", scene.now_ms);
}

/// A host that had refused once waited for a slot behind all others until its patience was spent, without a single probe.
#[test]
fn waiting_for_a_slot_of_ours_costs_no_patience() {
    let mut scene = Scene::with_patience(5, 60_000);
    scene.answer(503, refusal(None));
    scene.has_slots = false;
    while scene.wake_at.is_some() {
        scene.sleep();
    }
    assert!(scene.now_ms < 5_000 && scene.settled.is_empty(), "patience still has a timer at {} ms", scene.now_ms);
    scene.now_ms += 3_600_000;
    scene.feed(Input::TimePassed);
    assert!(scene.settled.is_empty());
}

#[test]
fn an_accepted_page_between_two_blocks_clears_the_host() {
    let block = || diagnosis(Cause::WafBlock, Scope::Url, Remedy::Park, None);
    let mut scene = Scene::with_urls(10);
    while let Some((_, visit)) = scene.visits.front() {
        let is_blocked = matches!(visit.url.path(), "/0" | "/5");
        if is_blocked { scene.answer(403, block()) } else { scene.answer(200, page()) }
    }
    let parked = scene.settled.iter().filter(|settled| settled.settlement.outcome == Outcome::Parked).count();
    assert_eq!((parked, scene.settled.len()), (2, 10));
}

#[test]
fn the_last_url_of_a_healthy_host_is_charged_after_half_a_minute() {
    let mut scene = Scene::with_urls(20);
    let bad = || diagnosis(Cause::Unknown, Scope::Host, Remedy::Wait, None);
    while scene.settled.len() < 20 {
        match scene.visits.front() {
            None => scene.sleep(),
            Some((_, visit)) if visit.url.path() == "/19" => scene.answer(503, bad()),
            Some(_) => scene.answer(200, page()),
        }
    }
    let settlement = &scene.settled[19].settlement;
    assert_eq!((settlement.outcome, settlement.attempts, settlement.requests), (Outcome::Failed, 4, 7));
    assert!(scene.now_ms < 40_000, "{} ms", scene.now_ms);
}

/// A URL met a limit four times in a row while others were answered, and was charged for it (rng_seed 21204 at 9a6d144).
#[test]
fn a_rate_limit_is_never_a_urls_fault() {
    let mut scene = Scene::with_patience(40, 900_000);
    let mut refusals = 0;
    while scene.settled.len() < 40 {
        match scene.visits.front() {
            None => scene.sleep(),
            Some((_, visit)) if visit.url.path() == "/7" && refusals < 12 => {
                refusals += 1;
                scene.answer(429, diagnosis(Cause::RateLimit, Scope::Host, Remedy::SlowDown, None));
            }
            Some(_) => scene.answer(200, page()),
        }
    }
    let settlement =
        &scene.settled.iter().find(|settled| settled.seed.given.ends_with("/7")).expect("all are settled").settlement;
    assert_eq!((settlement.outcome, settlement.attempts, settlement.requests), (Outcome::Fetched, 1, 13));
}

/// The robots.txt of a redirect's target was asked at any address, with the secrets that are meant for the hosts of the list.
#[test]
fn a_host_that_only_a_redirect_led_to_gets_no_secrets() {
    let headers = vec![("Authorization".to_owned(), "secret".to_owned()), ("X-Note".to_owned(), "hello".to_owned())];
    let config = EngineConfig { headers, ..EngineConfig::new(PartitionId(0), 1) };
    let mut engine = Engine::new(config, Tally::default(), []);
    let url: url::Url = "http://10.0.0.1/page".parse().expect("a URL");
    let host = HostKey::of(&url).expect("a host");
    let visit = Visit {
        url,
        host,
        method: "GET".into(),
        headers: Vec::new(),
        own_names: Vec::new(),
        body: None,
        robots: false,
        hops: 1,
        from_public: true,
        is_exposed: true,
    };
    let guest = Guest { from: PartitionId(0), lease: LeaseId(9), visit, failures: 0, cut: 0 };
    let mut inputs = VecDeque::from([Input::GuestArrived(guest)]);
    let (mut asked, mut answers) = (Vec::new(), Vec::new());
    while let Some(input) = inputs.pop_front() {
        engine.handle(now(0), input);
        loop {
            match engine.next_output() {
                Output::ToGovernor(ToGovernor::Ask { ticket, .. }) => {
                    inputs.push_back(Input::FromGovernor(FromGovernor::SlotGranted(ticket)));
                }
                Output::Visit { lease, visit } => {
                    asked.push(*visit);
                    let diagnosis = diagnosis(Cause::AddressRefused, Scope::Url, Remedy::GiveUp, None);
                    let report = VisitReport { status: None, ..report(diagnosis) };
                    inputs.push_back(Input::VisitEnded { lease, report: Box::new(report) });
                }
                Output::AnswerGuest { answer, .. } => answers.push(*answer),
                Output::WaitUntil(_) => break,
                Output::LoadBatch(_)
                | Output::ToGovernor(_)
                | Output::Recall(_)
                | Output::Cut(_)
                | Output::SendGuest { .. }
                | Output::Settle(_)
                | Output::IndexBatches { .. }
                | Output::Commit(_) => {}
            }
        }
    }
    assert_eq!(asked.len(), 1);
    assert!(asked[0].robots && asked[0].from_public && asked[0].is_exposed);
    assert_eq!(asked[0].headers, [("X-Note".to_owned(), "hello".to_owned())]);
    assert!(matches!(answers[..], [GuestAnswer::Unasked { cause: Cause::AddressRefused, .. }]), "{answers:?}");
}

#[test]
fn a_plain_500_is_charged_to_its_url_alone() {
    let mut scene = Scene::with_urls(3);
    let fault = || diagnosis(Cause::ServerError, Scope::Url, Remedy::Wait, None);
    let mut requests = 0;
    while scene.settled.len() < 3 {
        match scene.visits.front() {
            None => scene.sleep(),
            Some((_, visit)) if visit.url.path() == "/1" => {
                requests += 1;
                scene.answer(500, fault());
            }
            Some(_) => scene.answer(200, page()),
        }
    }
    let bad = scene.settled.iter().find(|settled| settled.seed.given.ends_with("/1")).expect("every URL is settled");
    assert_eq!((bad.settlement.outcome, bad.settlement.attempts, requests), (Outcome::Failed, 4, 4));
}

/// A host that was away told the governor of each probe in vain. Where another of its address had just been refused by the same status, it
/// came into a group, forgot its trouble, and was asked earlier for having refused; it left, began anew at a gap of a second, and so on.
#[test]
fn probes_in_vain_lead_into_no_group_and_the_next_one_stands() {
    let mut scene = Scene::with_urls(20);
    for _ in 0..6 {
        scene.sleep_until_asked();
        scene.answer(503, refusal(None));
    }
    let refusals = scene.told.iter().filter(|told| matches!(told, ToGovernor::Refused { .. })).count();
    assert_eq!(refusals, 1, "the first only: {:?}", scene.told);
    let refused_ms = scene.now_ms;
    // What the first refusal led to.
    scene.feed(Input::FromGovernor(FromGovernor::Joined(HostNumber(0))));
    scene.sleep_until_asked();
    assert!(scene.now_ms - refused_ms >= 1_000 * 17_u64.pow(5) / 10_u64.pow(5), "{} ms later", scene.now_ms - refused_ms);
}

/// What the engine asks first of a host whose batches were named so.
fn first_visit(named_publicly: &[bool], ignore_robots: bool) -> Visit {
    let ignore_robots = if ignore_robots { vec!["*".to_owned()] } else { Vec::new() };
    let config = EngineConfig { ignore_robots, ..EngineConfig::new(PartitionId(0), 1) };
    let mut engine = Engine::new(config, Tally::default(), []);
    let host = HostKey::of(&"http://10.0.0.1/".parse().expect("a URL")).expect("a host");
    let mut inputs = VecDeque::new();
    for (number, from_public) in (1..).zip(named_publicly) {
        let head = BatchHead { job: JobId(1), host: host.clone(), count: 1, from_public: *from_public };
        inputs.push_back(Input::BatchIndexed { batch: BatchSeq(number), head, progress: BatchProgress::default() });
    }
    let mut tickets = VecDeque::new();
    loop {
        let input = inputs
            .pop_front()
            .or_else(|| tickets.pop_front().map(FromGovernor::SlotGranted).map(Input::FromGovernor))
            .expect("something is asked");
        engine.handle(now(0), input);
        loop {
            match engine.next_output() {
                Output::LoadBatch(batch) => {
                    inputs.push_back(Input::BatchLoaded { batch, urls: vec![SeedUrl::get("http://10.0.0.1/page")] });
                }
                Output::ToGovernor(ToGovernor::Ask { ticket, .. }) => tickets.push_back(ticket),
                Output::Visit { visit, .. } => return *visit,
                Output::WaitUntil(_) => break,
                Output::ToGovernor(_)
                | Output::Recall(_)
                | Output::Cut(_)
                | Output::SendGuest { .. }
                | Output::AnswerGuest { .. }
                | Output::Settle(_)
                | Output::IndexBatches { .. }
                | Output::Commit(_) => {}
            }
        }
    }
}

#[test]
fn what_only_a_public_list_named_is_held_to_public_addresses() {
    assert!(first_visit(&[true], true).from_public);
    assert!(!first_visit(&[false], true).from_public);
    let robots = first_visit(&[true, true], false);
    assert!(robots.robots && robots.from_public);
    let robots = first_visit(&[true, false], false);
    assert!(robots.robots && !robots.from_public, "the user's own list names the host too");
}

/// An index of all batches took a kilobyte for each host of a list, before any of them was asked.
#[test]
fn batches_are_looked_at_as_their_hosts_come_into_line() {
    let config = EngineConfig { hosts_in_line: 2, ..EngineConfig::new(PartitionId(0), 1) };
    let mut engine = Engine::new(config, Tally::default(), []);
    let (mut tickets, mut told, mut asked_for) = (VecDeque::new(), 0, 0);
    let mut inputs = VecDeque::from([Input::BatchesIndexed { are_all: false }]);
    let mut in_line = Vec::new();
    for _ in 0..3 {
        while let Some(input) = inputs.pop_front() {
            engine.handle(now(0), input);
            loop {
                match engine.next_output() {
                    Output::IndexBatches { .. } => {
                        asked_for += 1;
                        told += 1;
                        let host = HostKey::of(&format!("http://h{told}.example/").parse().expect("a URL")).expect("a host");
                        let head = BatchHead { job: JobId(1), host, count: 7, from_public: false };
                        inputs.push_back(Input::BatchIndexed { batch: BatchSeq(told), head, progress: BatchProgress::default() });
                        inputs.push_back(Input::BatchesIndexed { are_all: told == 4 });
                    }
                    Output::ToGovernor(ToGovernor::Ask { ticket, .. }) => tickets.push_back(ticket),
                    Output::WaitUntil(_) => break,
                    Output::LoadBatch(_)
                    | Output::ToGovernor(_)
                    | Output::Visit { .. }
                    | Output::Recall(_)
                    | Output::Cut(_)
                    | Output::SendGuest { .. }
                    | Output::AnswerGuest { .. }
                    | Output::Settle(_)
                    | Output::Commit(_) => {}
                }
            }
        }
        in_line.push((asked_for, tickets.len(), engine.unsettled(), engine.is_indexed()));
        inputs.extend(tickets.pop_front().map(FromGovernor::SlotGranted).map(Input::FromGovernor));
    }
    assert_eq!(in_line, [(2, 2, 14, false), (3, 2, 21, false), (4, 2, 28, true)]);
}
