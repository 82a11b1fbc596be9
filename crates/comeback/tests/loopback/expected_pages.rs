//! What the user expects of pages: an answer that says "OK" and holds something else is no page.

use crate::account::{Row, assert_all};
use crate::origin::{Answer, Asked, Origin, absent, answer, origin_of_pages, page};
use crate::program::Bench;

fn notice() -> Answer {
    Answer::Keep(answer("200 OK", "Content-Type: text/html\r\n", "<p>Please come back as a person.</p>"))
}

fn of_host<'a>(rows: &'a [Row], origin: &Origin, host: usize) -> Vec<&'a Row> {
    rows.iter().filter(|row| row.url.starts_with(&origin.url_of(host, "/"))).collect()
}

#[test]
fn a_host_that_sends_something_else_is_parked_after_two_pages() {
    let origin = Origin::start_hosts(2, |asked: &Asked| match (asked.is_page(), asked.host) {
        (false, _) => absent(),
        (true, 0) => notice(),
        (true, _) => page(asked),
    });
    let bench = Bench::new();
    let urls = (0..20).map(|number| origin.url_of(number % 2, &format!("/{number}")));
    bench.list(urls);
    let mut command = bench.command(["fetch", "urls.txt", "-o", "job", "--expect", "contains:this is /", "--expect", "bytes>=5"]);
    let ended = crate::program::Running::spawn(&mut command).wait();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let rows = bench.rows("job");
    let (other, well) = (of_host(&rows, &origin, 0), of_host(&rows, &origin, 1));
    assert_all(&well.into_iter().cloned().collect::<Vec<_>>(), 10, "fetched/none");
    assert_all(&other.iter().map(|row| (*row).clone()).collect::<Vec<_>>(), 10, "parked/soft_block");
    assert_eq!(origin.pages().iter().filter(|asked| asked.host == 0).count(), 2);
    let says = "what the user expects of a page was not there: contains:this is /";
    assert!(other.iter().all(|row| row.evidence.iter().any(|fact| fact == says)), "{other:#?}");
}

#[test]
fn one_page_that_is_not_as_expected_is_parked_alone() {
    let origin = origin_of_pages(|asked| if asked.target == "/3" { notice() } else { page(asked) });
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(origin.urls(12), "--expect type:text/plain --per-host 1");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let (parked, fetched): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| row.outcome == "parked");
    assert_all(&fetched, 11, "fetched/none");
    assert_all(&parked, 1, "parked/soft_block");
    assert_eq!((parked[0].url.as_str(), parked[0].requests), (origin.url("/3").as_str(), 1));
}

#[test]
fn a_hosts_own_rules_replace_those_for_all() {
    let origin = Origin::start_hosts(2, |asked| if asked.is_page() { notice() } else { absent() });
    let bench = Bench::new();
    let tables = "expect = [\"contains:this is\"]\n[[host]]\npattern = \"127.0.0.2\"\nexpect = [\"regex:as a (person|robot)\"]\n";
    bench.write("comeback.toml", tables);
    let (ended, rows) = bench.fetch([origin.url("/0"), origin.url_of(1, "/0")], "");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let ends: Vec<&str> = (0..2).map(|host| of_host(&rows, &origin, host)[0].outcome.as_str()).collect();
    assert_eq!(ends, ["parked", "fetched"]);
}

/// A sitemap on the web was held to what is expected of pages, and with any rule no list there could be read.
#[test]
fn nothing_is_expected_of_a_list_on_the_web() {
    let origin = origin_of_pages(|asked| {
        let head = String::from_utf8_lossy(&asked.head).into_owned();
        let host = head.lines().find_map(|line| line.strip_prefix("Host: ")).unwrap_or_default().to_owned();
        match asked.target.as_str() {
            "/sitemap.xml" => {
                let xml = format!("<urlset><url><loc>http://{host}/page</loc></url></urlset>");
                Answer::Keep(answer("200 OK", "Content-Type: application/xml\r\n", xml))
            }
            _ => page(asked),
        }
    });
    let bench = Bench::new();
    bench.write("comeback.toml", "[[host]]\npattern = \"*\"\nexpect = [\"contains:this is /page\"]\n");
    let ended = bench.run(&format!("fetch {} -o job --expect type:text/plain", origin.url("/sitemap.xml")));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&bench.rows("job"), 1, "fetched/none");
}
