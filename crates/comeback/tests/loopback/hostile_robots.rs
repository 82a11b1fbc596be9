//! Rules for robots: obeyed where they can be read, bounded where they are hostile, and trouble where they don't come.

use std::io::Write as _;

use crate::account::{Row, assert_all, row_of, tally};
use crate::origin::{Answer, Asked, Origin, answer, page};
use crate::program::{Bench, Ended};

const QUICK: &str = "--timeout 1s --patience 2s";

/// An origin with these rules for robots.
fn origin_of_rules(rules: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Origin {
    Origin::start(move |asked| if asked.target.starts_with("/robots") { rules(asked) } else { page(asked) })
}

fn fetch_ten(origin: &Origin, options: &str) -> (Ended, Vec<Row>) {
    Bench::new().fetch(origin.urls(10), &format!("{QUICK} {options}"))
}

fn asked_for_pages(origin: &Origin) -> usize {
    origin.asked().iter().filter(|asked| !asked.target.starts_with("/robots")).count()
}

/// Asserts that these rules stop nothing.
#[track_caller]
fn assert_allowed(rules: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Origin {
    let origin = origin_of_rules(rules);
    let (ended, rows) = fetch_ten(&origin, "--body-max 1MiB");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&rows, 10, "fetched/none");
    origin
}

#[test]
fn rules_are_asked_once_and_first() {
    let origin = assert_allowed(|_| Answer::Keep(answer("200 OK", "Content-Type: text/plain\r\n", "User-agent: *\nDisallow:\n")));
    assert_eq!(origin.asked()[0].target, "/robots.txt");
    assert_eq!(origin.count("/robots.txt"), 1);
}

#[test]
fn forbidden_urls_are_parked_unasked() {
    let rules = "User-agent: *\nDisallow: /private/\n";
    let origin = origin_of_rules(move |_| Answer::Keep(answer("200 OK", "", rules)));
    let mut urls = origin.urls(5);
    urls.extend((0..5).map(|number| origin.url(&format!("/private/{number}"))));
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(&urls, QUICK);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!((tally(&rows)["fetched/none"], tally(&rows)["parked/robots_policy"]), (5, 5), "{rows:#?}");
    let private = row_of(&rows, "/private/3");
    assert_eq!((private.requests, private.attempts, private.status), (0, 0, None), "{private:#?}");
    assert!(private.evidence.iter().any(|evidence| evidence.contains("/private/")), "the rule is quoted: {private:#?}");
    assert_eq!(asked_for_pages(&origin), 5);
}

#[test]
fn rules_for_us_by_name_are_obeyed() {
    let rules = "User-agent: comeback\nDisallow: /\n\nUser-agent: *\nDisallow:\n";
    let origin = origin_of_rules(move |_| Answer::Keep(answer("200 OK", "", rules)));
    let (ended, rows) = fetch_ten(&origin, "");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_all(&rows, 10, "parked/robots_policy");
    assert_eq!(asked_for_pages(&origin), 0);
}

#[test]
fn rules_of_ones_own_host_can_be_ignored() {
    let origin = origin_of_rules(|_| Answer::Keep(answer("200 OK", "", "User-agent: *\nDisallow: /\n")));
    let (ended, rows) = fetch_ten(&origin, "--ignore-robots 127.*");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&rows, 10, "fetched/none");
    assert_eq!(origin.count("/robots.txt"), 0);
}

#[test]
fn rules_that_do_not_come_are_the_hosts_trouble() {
    for status in ["503 Service Unavailable", "500 Internal Server Error", "429 Too Many Requests"] {
        let origin = origin_of_rules(move |_| Answer::Keep(answer(status, "", "")));
        let (ended, rows) = fetch_ten(&origin, "");
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(rows.iter().all(|row| row.outcome == "failed" && row.cause != "robots_policy"), "{status}: {rows:#?}");
        assert!(rows.iter().all(|row| row.requests == 0 && row.status.is_none()), "{status}: {rows:#?}");
        assert_eq!(asked_for_pages(&origin), 0, "{status}");
        assert!((2..=6).contains(&origin.count("/robots.txt")), "{status}: {}", origin.count("/robots.txt"));
    }
}

#[test]
fn rules_that_stall_are_the_hosts_trouble() {
    let origin = origin_of_rules(|_| Answer::Stall(Vec::new()));
    let (ended, rows) = fetch_ten(&origin, "");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_all(&rows, 10, "failed/read_timeout");
    assert_eq!(asked_for_pages(&origin), 0);
}

#[test]
fn rules_that_are_refused_are_no_rules() {
    for status in ["403 Forbidden", "401 Unauthorized", "404 Not Found", "410 Gone"] {
        assert_allowed(move |_| Answer::Keep(answer(status, "", "no\n")));
    }
}

#[test]
fn rules_without_end_are_read_as_far_as_they_matter() {
    assert_allowed(|_| Answer::Endless(b"HTTP/1.1 200 OK\r\n\r\nUser-agent: *\n".to_vec(), b"Allow: /\n".repeat(1 << 12)));
}

#[test]
fn long_rules_are_obeyed_from_their_beginning() {
    let rules = format!("User-agent: *\nDisallow: /\n{}", "# a remark that says nothing\n".repeat(40_000));
    assert!(rules.len() > 1_000_000);
    let origin = origin_of_rules(move |_| Answer::Keep(answer("200 OK", "", &rules)));
    let (ended, rows) = fetch_ten(&origin, "");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_all(&rows, 10, "parked/robots_policy");
    assert_eq!(asked_for_pages(&origin), 0);
}

#[test]
fn binary_rules_are_no_rules() {
    let binary: Vec<u8> = (0..1 << 16_u32).flat_map(|number: u32| number.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    assert_allowed(move |_| Answer::Keep(answer("200 OK", "Content-Type: image/png\r\n", &binary)));
}

#[test]
fn rules_that_redirect_to_themselves_are_no_rules() {
    let origin = assert_allowed(|_| Answer::Keep(answer("301 Moved Permanently", "Location: /robots.txt\r\n", "")));
    assert!((2..=7).contains(&origin.count("/robots.txt")), "{}", origin.count("/robots.txt"));
}

#[test]
fn rules_elsewhere_are_obeyed() {
    let origin = origin_of_rules(|asked| match asked.target.as_str() {
        "/robots.txt" => Answer::Keep(answer("301 Moved Permanently", "Location: /robots-there.txt\r\n", "")),
        _ => Answer::Keep(answer("200 OK", "", "User-agent: *\nDisallow: /\n")),
    });
    let (ended, rows) = fetch_ten(&origin, "");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_all(&rows, 10, "parked/robots_policy");
    assert_eq!(asked_for_pages(&origin), 0);
}

#[test]
fn rules_by_the_thousand_are_obeyed_to_the_last() {
    let rules: String = (0..18_000).map(|number| format!("Disallow: /private/{number}$\n")).collect();
    let rules = format!("User-agent: *\n{rules}Disallow: /9\n");
    assert!((400_000..500_000).contains(&rules.len()));
    let origin = origin_of_rules(move |_| Answer::Keep(answer("200 OK", "", &rules)));
    let (ended, rows) = fetch_ten(&origin, "");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!((tally(&rows)["fetched/none"], tally(&rows)["parked/robots_policy"]), (9, 1), "{rows:#?}");
}

/// A pattern with many wildcards takes a naive matcher for ever.
#[test]
fn rules_of_many_wildcards_cost_no_more_than_others() {
    let rule = format!("Disallow: /{}b$\n", "*a".repeat(200));
    let rules = format!("User-agent: *\n{}", rule.repeat(500));
    let origin = origin_of_rules(move |_| Answer::Keep(answer("200 OK", "", &rules)));
    let urls: Vec<String> = (0..10).map(|number| origin.url(&format!("/{}{number}", "a".repeat(2_000)))).collect();
    let (ended, rows) = Bench::new().fetch(&urls, QUICK);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&rows, 10, "fetched/none");
}

#[test]
fn rules_that_lead_to_another_scheme_are_no_rules() {
    for location in ["file:///etc/passwd", "ftp://127.0.0.1/robots.txt", "javascript:alert(1)", "http://"] {
        let origin = assert_allowed(move |_| Answer::Keep(answer("302 Found", &format!("Location: {location}\r\n"), "")));
        assert_eq!(origin.count("/robots.txt"), 1, "{location}");
    }
}

#[test]
fn rules_that_are_a_bomb_are_read_as_far_as_they_matter() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(b"User-agent: *\nDisallow: /9\n").unwrap();
    (0..64).for_each(|_| encoder.write_all(&vec![b'\n'; 1 << 20]).unwrap());
    let bomb = encoder.finish().unwrap();
    let origin = origin_of_rules(move |_| Answer::Keep(answer("200 OK", "Content-Encoding: gzip\r\n", &bomb)));
    let (ended, rows) = fetch_ten(&origin, "");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!((tally(&rows)["fetched/none"], tally(&rows)["parked/robots_policy"]), (9, 1), "{rows:#?}");
}
