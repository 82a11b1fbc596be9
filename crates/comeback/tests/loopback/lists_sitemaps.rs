//! Lists on the web: fetched as politely as pages, resumable, and accounted for where they cannot be had.

use std::io::Write as _;
use std::time::Duration;

use rustix::process::Signal;

use crate::account::{Row, assert_all, tally};
use crate::origin::{Answer, Asked, Origin, absent, answer, page};
use crate::program::{Bench, Ended};

/// How far two clocks may be apart.
const GRACE: Duration = Duration::from_millis(50);
/// How often the progress of a job is looked at before a test gives up.
const LOOKS_MAX: usize = 2_000;

/// The origin as the client names it.
fn base(asked: &Asked) -> String {
    let head = String::from_utf8_lossy(&asked.head).to_ascii_lowercase();
    let host = head.lines().find_map(|line| line.strip_prefix("host:")).unwrap().trim().to_owned();
    format!("http://{host}")
}

fn urlset(asked: &Asked, paths: &[&str]) -> Vec<u8> {
    let entries: String = paths.iter().map(|path| format!("<url><loc>{}{path}</loc></url>\n", base(asked))).collect();
    format!("<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n{entries}</urlset>\n").into_bytes()
}

fn index(asked: &Asked, paths: &[&str]) -> Vec<u8> {
    let entries: String = paths.iter().map(|path| format!("<sitemap><loc>{}{path}</loc></sitemap>\n", base(asked))).collect();
    format!("<sitemapindex>\n{entries}</sitemapindex>\n").into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn ok(body: impl AsRef<[u8]>) -> Answer {
    Answer::Keep(answer("200 OK", "", body))
}

fn come_back(seconds: u32) -> Answer {
    Answer::Keep(answer("503 Service Unavailable", &format!("Retry-After: {seconds}\r\n"), "back soon\n"))
}

/// An origin of lists and pages without rules for robots; `lists` answers what is no page of its own.
fn origin_of_lists(lists: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static) -> Origin {
    Origin::start(move |asked| match lists(asked) {
        Some(answer) => answer,
        None if asked.target.starts_with("/page/") => page(asked),
        None => absent(),
    })
}

fn fetch(origin: &Origin, list: &str, options: &str) -> (Bench, Ended, Vec<Row>) {
    let bench = Bench::new();
    let ended = bench.run(&format!("fetch {} -o job {options}", origin.url(list)));
    let rows = bench.rows("job");
    (bench, ended, rows)
}

/// Asserts that one list is missing from a job, and that it is told how it ended.
#[track_caller]
fn assert_unread(ended: &Ended, count: u32, list: &str) {
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains(list), "{list} is not told: {ended:?}");
    let lists = if count == 1 { "list" } else { "lists" };
    assert!(ended.stdout.contains(&format!("{count} {lists} could not be read to the end")), "{ended:?}");
}

/// The rules of an index: one sitemap compressed, one in maintenance at first, one gone.
fn index_with_trouble(asked: &Asked, is_first: bool) -> Option<Answer> {
    match asked.target.as_str() {
        "/index.xml" => Some(ok(index(asked, &["/a.xml.gz", "/late.xml", "/gone.xml"]))),
        "/a.xml.gz" => Some(ok(gzip(&urlset(asked, &["/page/1", "/page/2"])))),
        "/late.xml" if is_first => Some(come_back(1)),
        "/late.xml" => Some(ok(urlset(asked, &["/page/2", "/page/3"]))),
        _ => None,
    }
}

#[test]
fn an_index_is_followed_and_what_is_missing_is_told() {
    let is_first = std::sync::atomic::AtomicBool::new(true);
    let origin = origin_of_lists(move |asked| {
        let is_late = asked.target == "/late.xml";
        index_with_trouble(asked, is_late && is_first.swap(false, std::sync::atomic::Ordering::SeqCst))
    });
    let (bench, ended, rows) = fetch(&origin, "/index.xml", "--header X-Team:reports --contact bot@a.example --per-host 1");
    assert_unread(&ended, 1, &format!("{}: the answer is no list (404)\n", origin.url("/gone.xml")));
    assert!(ended.stderr.contains("3 URLs taken, 1 duplicate dropped"), "{ended:?}");
    assert_eq!(ended.stdout.matches(" fetched,").count(), 1, "one account: {ended:?}");
    assert_all(&rows, 3, "fetched/none");
    let asked = origin.asked();
    let refused = asked.iter().find(|asked| asked.target == "/late.xml").unwrap();
    for later in &asked[refused.number + 1..] {
        assert!(later.at + GRACE >= refused.at + Duration::from_secs(1), "{later:?} came in the hold");
    }
    let heads = asked.iter().map(|asked| String::from_utf8_lossy(&asked.head).into_owned());
    assert!(heads.into_iter().all(|head| head.contains("X-Team: reports") && head.contains("bot@a.example")));
    let before = origin.asked().len();
    let again = bench.run("resume job");
    assert_unread(&again, 1, "");
    assert_eq!(origin.asked().len(), before, "a job that is done asks for no list again");
}

#[test]
fn a_local_index_names_lists_on_the_web() {
    let origin = origin_of_lists(|asked| (asked.target == "/a.xml").then(|| ok(urlset(asked, &["/page/1"]))));
    let bench = Bench::new();
    let list = format!("<sitemapindex><sitemap><loc>{}</loc></sitemap></sitemapindex>", origin.url("/a.xml"));
    bench.write("index.xml.gz", gzip(list.as_bytes()));
    bench.write("more.txt", origin.url("/page/2"));
    let ended = bench.run("fetch index.xml.gz more.txt -o job");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&bench.rows("job"), 2, "fetched/none");
}

#[test]
fn text_jsonl_and_csv_on_the_web_are_lists_too() {
    let origin = origin_of_lists(|asked| match asked.target.as_str() {
        "/list" => Some(ok(format!("{0}/page/1\nnonsense\n", base(asked)))),
        "/list.jsonl" => Some(ok(format!("{{\"url\":\"{}/page/2\"}}\n", base(asked)))),
        "/list.csv" => Some(ok(format!("id,url\n7,{}/page/3\n", base(asked)))),
        _ => None,
    });
    let bench = Bench::new();
    let lists = ["/list", "/list.jsonl", "/list.csv"].map(|path| origin.url(path)).join(" ");
    let ended = bench.run(&format!("fetch {lists} -o job"));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains(&format!("{}:2: not a URL", origin.url("/list"))), "{ended:?}");
    assert_all(&bench.rows("job"), 3, "fetched/none");
}

#[test]
fn a_sitemap_behind_a_redirect_and_a_content_coding_is_read() {
    let origin = origin_of_lists(|asked| match asked.target.as_str() {
        "/sitemap.xml" => Some(Answer::Keep(answer("302 Found", "Location: /real.xml.gz\r\n", ""))),
        "/real.xml.gz" => {
            let twice = gzip(&gzip(&urlset(asked, &["/page/1"])));
            Some(Answer::Keep(answer("200 OK", "Content-Encoding: gzip\r\nContent-Type: application/x-gzip\r\n", twice)))
        }
        _ => None,
    });
    let (_, ended, rows) = fetch(&origin, "/sitemap.xml", "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&rows, 1, "fetched/none");
}

#[test]
fn the_deadline_counts_while_lists_are_fetched() {
    let origin = origin_of_lists(|asked| (asked.target == "/a.xml").then(|| come_back(60)));
    let (bench, ended, rows) = fetch(&origin, "/a.xml", "--deadline 1s");
    assert_eq!((ended.code, rows.len()), (Some(130), 0), "{ended:?}");
    let again = bench.run("resume job");
    assert_eq!(again.code, Some(130), "{again:?}");
    assert_eq!(origin.count("/a.xml"), 1, "the hold stands");
}

#[test]
fn a_page_that_is_no_list_is_told_by_what_it_is() {
    let origin = origin_of_lists(|asked| match asked.target.as_str() {
        "/page.html" => Some(ok("<html><body>our sitemap has moved</body></html>")),
        "/cut.xml.gz" => Some(ok(&gzip(&urlset(asked, &["/page/1"]))[..60])),
        _ => None,
    });
    let (_, ended, rows) = fetch(&origin, "/page.html", "");
    assert_unread(&ended, 1, "/page.html:1: <html> is not the root of a sitemap; <urlset> and <sitemapindex> are\n");
    assert_eq!(rows, []);
    let (_, ended, _) = fetch(&origin, "/cut.xml.gz", "");
    assert_unread(&ended, 1, "the gzip stream breaks off here\n");
}

#[test]
fn robots_rules_hold_for_sitemaps() {
    let origin = Origin::start(|asked| match asked.target.as_str() {
        "/robots.txt" => ok("User-agent: *\nDisallow: /private\n"),
        "/private/a.xml" => ok(urlset(asked, &["/page/1"])),
        _ => page(asked),
    });
    let (_, ended, rows) = fetch(&origin, "/private/a.xml", "");
    assert_unread(&ended, 1, "/private/a.xml: parked by robots_policy\n");
    assert_eq!((rows, origin.count("/private/a.xml")), (Vec::new(), 0));
    let (_, ended, rows) = fetch(&origin, "/private/a.xml", "--ignore-robots 127.0.0.1");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&rows, 1, "fetched/none");
}

/// A hold that a sitemap brought is the host's: its pages, named by another sitemap, are not asked either.
#[test]
fn a_hold_over_a_sitemap_stands_for_the_pages() {
    let origin = origin_of_lists(|asked| match asked.target.as_str() {
        "/index.xml" => Some(ok(index(asked, &["/a.xml", "/b.xml"]))),
        "/a.xml" => Some(ok(urlset(asked, &["/page/1", "/page/2"]))),
        "/b.xml" => Some(come_back(3_600)),
        _ => None,
    });
    let (_, ended, rows) = fetch(&origin, "/index.xml", "--per-host 1");
    assert_unread(&ended, 1, "/b.xml: parked by ");
    assert!(rows.len() == 2 && rows.iter().all(|row| row.outcome == "parked" && row.requests == 0), "{rows:#?}");
    assert_eq!(origin.asked().last().unwrap().target, "/b.xml", "{:#?}", origin.asked());
}

/// Each round is a run of its own, and none knew when a host was asked last.
#[test]
fn the_gap_between_requests_is_kept_from_round_to_round() {
    let origin = origin_of_lists(|asked| match asked.target.as_str() {
        "/index.xml" => Some(ok(index(asked, &["/a.xml"]))),
        "/a.xml" => Some(ok(urlset(asked, &["/page/1"]))),
        _ => None,
    });
    let gap = Duration::from_millis(400);
    let (_, ended, rows) = fetch(&origin, "/index.xml", "--delay 400ms");
    assert_eq!((ended.code, rows.len()), (Some(0), 1), "{ended:?}");
    for pair in origin.asked().windows(2) {
        assert!(pair[1].at + GRACE >= pair[0].at + gap, "{:?} came too soon after {:?}", pair[1].target, pair[0].target);
    }
}

#[test]
fn indexes_within_indexes_have_an_end() {
    let origin = origin_of_lists(|asked| {
        let level: usize = asked.target.strip_prefix("/index/")?.parse().ok()?;
        Some(ok(index(asked, &[&format!("/index/{}", level + 1), "/index/1"])))
    });
    let (_, ended, rows) = fetch(&origin, "/index/1", "");
    assert_unread(&ended, 1, "/index/4: nested deeper than 3 sitemaps, and not asked for\n");
    assert_eq!(rows, []);
    assert_eq!(origin.pages().len(), 3, "each is asked for once");
}

#[test]
fn strict_allows_no_missing_list() {
    let origin = origin_of_lists(|_| None);
    let bench = Bench::new();
    let ended = bench.run(&format!("fetch {} -o job --strict", origin.url("/gone.xml")));
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(!bench.path("job/job.toml").exists(), "{ended:?}");
    let ended = bench.run(&format!("fetch {} -o job", origin.url("/gone.xml")));
    assert_eq!(ended.code, Some(1), "the folder is free for another beginning: {ended:?}");
}

#[test]
fn a_url_that_is_none_is_refused_before_a_job_is_made() {
    let bench = Bench::new();
    for url in ["http://", "https://me:secret@a.example/sitemap.xml"] {
        let ended = bench.run(&format!("fetch {url} -o job"));
        assert_eq!(ended.code, Some(2), "{ended:?}");
    }
    assert!(!bench.path("job").exists());
}

/// An origin whose second sitemap asks to come back in a second, and then stalls for as long as the process lives that asked.
fn origin_that_stalls() -> Origin {
    let late = std::sync::atomic::AtomicUsize::new(0);
    origin_of_lists(move |asked| match asked.target.as_str() {
        "/index.xml" => Some(ok(index(asked, &["/a.xml", "/late.xml"]))),
        "/a.xml" => Some(ok(urlset(asked, &["/page/1", "/page/2"]))),
        "/late.xml" => Some(match late.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            0 => come_back(2),
            1 => Answer::Stall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<url".to_vec()),
            _ => ok(urlset(asked, &["/page/3"])),
        }),
        _ => None,
    })
}

/// robots.txt, the index, the first sitemap, the second one twice; and the rules again, since rounds are asked one after the other.
#[track_caller]
fn wait_for_the_stall(origin: &Origin) {
    let is_stalled = || origin.count("/late.xml") == 2;
    let mut requests = 5;
    while !is_stalled() {
        origin.wait_for(requests);
        requests = origin.asked().len() + usize::from(!is_stalled());
    }
}

#[track_caller]
fn assert_goes_on(bench: &Bench, origin: &Origin) {
    let ended = bench.run("resume job");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&bench.rows("job"), 3, "fetched/none");
    for list in ["/index.xml", "/a.xml"] {
        assert_eq!(origin.count(list), 1, "{list} was asked for again");
    }
}

#[test]
fn killed_among_the_sitemaps_it_asks_for_none_again_that_it_had() {
    let origin = origin_that_stalls();
    let bench = Bench::new();
    let process = bench.start(&format!("fetch {} -o job --per-host 1", origin.url("/index.xml")));
    wait_for_the_stall(&origin);
    assert_eq!(process.kill().signal, Some(9));
    assert_goes_on(&bench, &origin);
}

#[test]
fn interrupted_among_the_sitemaps_it_can_be_resumed() {
    let origin = origin_that_stalls();
    let bench = Bench::new();
    let process = bench.start(&format!("fetch {} -o job --per-host 1", origin.url("/index.xml")));
    wait_for_the_stall(&origin);
    process.signal(Signal::INT);
    assert!(process.says("at once"), "the first interrupt was not answered");
    process.signal(Signal::INT);
    let ended = process.wait();
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert!(ended.stderr.contains("comeback resume job"), "{ended:?}");
    assert_goes_on(&bench, &origin);
}

#[test]
fn status_tells_that_lists_are_being_fetched_and_whom_it_waits_for() {
    let origin = origin_of_lists(|asked| match asked.target.as_str() {
        "/index.xml" => Some(ok(index(asked, &["/a.xml"]))),
        "/a.xml" => Some(come_back(60)),
        _ => None,
    });
    let bench = Bench::new();
    let process = bench.start(&format!("fetch {} -o job", origin.url("/index.xml")));
    origin.wait_for(3);
    let said = (0..LOOKS_MAX).map(|_| bench.run("status job --json").stdout).find(|said| said.contains("\"hosts_waiting\":[{"));
    let said = said.expect("the host that waits is told");
    assert!(said.contains("\"state\":\"intake\""), "{said}");
    process.signal(Signal::INT);
    let ended = process.wait();
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert_eq!(tally(&bench.rows("job")).len(), 0);
}
