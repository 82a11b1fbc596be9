//! One list in every format and every compression: the same outcomes. Lists that break off: what could be read is fetched.

use std::io::Write as _;

use crate::account::{assert_all, tally};
use crate::origin::{Answer, Asked, Origin, absent, answer, origin_of_pages, page};
use crate::program::Bench;
use crate::server_process::free_port;

/// Pages that end in different ways.
fn pages(asked: &Asked) -> Answer {
    match asked.target.as_str() {
        "/gone" => Answer::Keep(answer("410 Gone", "", "no more\n")),
        "/moved" => Answer::Keep(answer("302 Found", "Location: /there\r\n", "")),
        target if target.starts_with("/absent") => absent(),
        _ => page(asked),
    }
}

fn urls(origin: &Origin) -> Vec<String> {
    let mut urls = origin.urls(5);
    urls.extend(["/gone", "/moved", "/absent", "/?q=1,2;3&x=%22y%22", "/caf\u{e9}#part"].map(|path| origin.url(path)));
    urls.push(format!("http://127.0.0.1:{}/nobody-listens", free_port()));
    urls
}

/// The same URLs in each format, with the ending of its name.
fn formats(urls: &[String]) -> Vec<(&'static str, String)> {
    let lines = |line: fn(&String) -> String| urls.iter().map(line).collect::<String>();
    let entries = lines(|url| format!("<url>\n<loc>{}</loc></url>\n", url.replace('&', "&amp;")));
    vec![
        ("txt", lines(|url| format!("{url}\n"))),
        ("jsonl", lines(|url| format!("{{\"url\":\"{url}\"}}\n"))),
        ("csv", format!("id,url\r\n{}", lines(|url| format!("\"a\n\"\"b\"\"\",\"{url}\"\r\n")))),
        ("tsv", format!("url\tid\n{}", lines(|url| format!("{url}\t7\n")))),
        ("xml", format!("<?xml version=\"1.0\"?>\n<urlset xmlns=\"x\">\n{entries}</urlset>\n")),
    ]
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    // Two members, as of a log that was rotated.
    let member = |part: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(part).unwrap();
        encoder.finish().unwrap()
    };
    let (one, other) = bytes.split_at(bytes.len() / 2);
    [member(one), member(other)].concat()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 0).unwrap()
}

type Pack = fn(&[u8]) -> Vec<u8>;
const PACKINGS: [(&str, Pack); 3] = [("", <[u8]>::to_vec), (".gz", gzip), (".zst", zstd)];

/// Each URL with how it ended.
fn outcomes(bench: &Bench, dir: &str) -> Vec<(String, String, String)> {
    let mut outcomes: Vec<_> = bench.rows(dir).into_iter().map(|row| (row.url, row.outcome, row.cause)).collect();
    outcomes.sort_unstable();
    outcomes
}

#[test]
fn the_same_list_in_every_format_gives_the_same_outcomes() {
    let origin = origin_of_pages(pages);
    let bench = Bench::new();
    let urls = urls(&origin);
    bench.list(&urls);
    let ended = bench.run("fetch urls.txt -o plain --patience 300ms");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let expected = outcomes(&bench, "plain");
    assert_eq!(expected.len(), urls.len());
    assert_eq!(tally(&bench.rows("plain")).len(), 3, "{expected:#?}");
    for (ending, list) in formats(&urls) {
        for (packing, pack) in PACKINGS {
            let name = format!("urls.{ending}{packing}");
            bench.write(&name, pack(list.as_bytes()));
            let ended = bench.run(&format!("fetch {name} -o job-{name} --patience 300ms"));
            assert_eq!(ended.code, Some(1), "{name}: {ended:?}");
            assert_eq!(outcomes(&bench, &format!("job-{name}")), expected, "{name}");
            // Standard input has no name.
            let job = format!("piped-{name}");
            let ended = bench.start_with_input(&format!("fetch - -o {job} --patience 300ms"), &bench.path(&name)).wait();
            assert_eq!(ended.code, Some(1), "{name} as standard input: {ended:?}");
            assert_eq!(outcomes(&bench, &job), expected, "{name} as standard input");
        }
    }
}

#[test]
fn several_lists_of_several_formats_are_one_job() {
    let origin = origin_of_pages(page);
    let bench = Bench::new();
    let url = |path: &str| origin.url(path);
    bench.write("a.txt", format!("{}\n{}\n", url("/a"), url("/b")));
    bench.write("b.csv.gz", gzip(format!("id,url\n7,{}\n8,{}\n", url("/b"), url("/c")).as_bytes()));
    bench.write("c.xml", format!("<urlset><url><loc>{}</loc></url></urlset>", url("/d")));
    let ended = bench.run("fetch a.txt b.csv.gz c.xml -o job");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("4 URLs taken, 1 duplicate dropped, 0 bad lines skipped"), "{ended:?}");
    assert_eq!(tally(&bench.rows("job")).get("fetched/none"), Some(&4));
    assert!(bench.run("outcomes job --format jsonl").stdout.contains("\"meta\":{\"id\":\"8\"}"));
}

#[test]
fn the_column_of_urls_can_be_named() {
    let origin = origin_of_pages(page);
    let bench = Bench::new();
    bench.write("pages.csv", format!("id,page\n7,{}\n", origin.url("/a")));
    let ended = bench.run("fetch pages.csv -o job");
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("pages.csv has no column named url") && ended.stderr.contains("1 `id`, 2 `page`"), "{ended:?}");
    assert!(!bench.path("job/job.toml").exists(), "a job was begun");
    let ended = bench.run("fetch pages.csv -o job --url-column Page");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(bench.rows("job")[0].url, origin.url("/a"));
}

/// Asserts what a list that breaks off leads to; `list` makes it of two URLs.
#[track_caller]
fn assert_broken(name: &str, list: impl Fn(&str, &str) -> Vec<u8>, reason: &str, fetched: usize) {
    let origin = origin_of_pages(page);
    let bench = Bench::new();
    bench.write(name, list(&origin.url("/a"), &origin.url("/b")));
    let ended = bench.run(&format!("fetch {name} -o job"));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains(&format!("{name}:{reason}\n")), "{ended:?}");
    assert!(ended.stdout.contains("1 list could not be read to the end, so URLs may be missing\n"), "{ended:?}");
    assert_all(&bench.rows("job"), fetched, "fetched/none");
    let again = bench.run("resume job");
    assert_eq!((again.code, again.stdout.contains("1 list could not be read")), (Some(1), true), "{again:?}");
    let strict = bench.run(&format!("fetch {name} -o strict --strict"));
    assert_eq!(strict.code, Some(2), "{strict:?}");
    assert!(!bench.path("strict/job.toml").exists(), "a job was left: {strict:?}");
}

#[test]
fn a_sitemap_that_breaks_off_is_told_and_what_it_named_is_fetched() {
    let list = |one: &str, other: &str| format!("<urlset>\n<url><loc>{one}</loc></url>\n<url><loc>{other}").into_bytes();
    assert_broken("map.xml", list, "3: the list ends before </urlset>", 1);
}

#[test]
fn a_compressed_list_that_breaks_off_is_told_and_what_it_named_is_fetched() {
    let list = |one: &str, other: &str| {
        let mut packed = gzip(format!("{one}\n# {}\n{other}\n", "-".repeat(1_000)).as_bytes());
        packed.truncate(packed.len() - 4);
        packed
    };
    assert_broken("urls.gz", list, "4: the gzip stream breaks off here", 2);
}
