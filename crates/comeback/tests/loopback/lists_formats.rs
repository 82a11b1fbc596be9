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
    // An address of its own: a port that is free now may be another test's in a moment.
    urls.push(format!("http://127.66.6.6:{}/nobody-listens", free_port()));
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

/// Each nonsensical list with what is said of it, line for line.
const NONSENSE: [(&str, &[u8], &[&str]); 5] = [
    (
        "bad.txt",
        b"example.org/a\nftp://a.example/\nhttp://a.example/\x00\nhttp://\xff.example/\nhttp://me:secret@a.example/\n",
        &[
            "1: not a URL: relative URL without a base",
            "2: the scheme is ftp; only http and https are fetched",
            "3: the line contains a NUL byte, at byte 18",
            "4: the line is not UTF-8, at byte 8",
            "5: the URL holds a user name or a password; give them as a header, for example Authorization",
        ],
    ),
    (
        "bad.jsonl",
        b"{\n[]\n{\"link\":\"http://a.example/\"}\n{\"url\":\"http://a.example/\",\"body\":\"\",\"body_base64\":\"\"}\n{\"url\":\"a.example\"}\n",
        &[
            "1: EOF while parsing an object, at column 1",
            "2: a line of a JSONL list is an object with a `url`",
            "3: unknown field `link`, expected one of `url`, `method`, `headers`, `body`, `body_base64`, `meta`, at column 7",
            "4: `body` and `body_base64` are both given",
            "5: not a URL: relative URL without a base",
        ],
    ),
    (
        "bad.csv",
        b"id,url\n1\n2,example.org\n3,http://a.example/,more\n\"4\n4\",\"\"\n\"5,http://a.example/\n",
        &[
            "2: there is no URL in column 2",
            "3: not a URL: relative URL without a base",
            "4: the record has 3 columns, the list 2; perhaps a quote is missing",
            "5: there is no URL in column 2",
            "7: a quote in this record is not closed before the list ends",
        ],
    ),
    (
        "bad.xml",
        b"<urlset>\n<url><loc>a/b</loc></url>\n<url/>\n<url><loc>http://a.example/?a=1&copy;</loc></url>\n</url>\n",
        &[
            "2: not a URL: relative URL without a base",
            "3: <url> has no <loc>",
            "4: &copy; is no entity that XML knows",
            "5: this is not well-formed XML: </url> where </urlset> belongs",
        ],
    ),
    ("cut.csv.gz", b"url\nnonsense\n", &["2: not a URL: relative URL without a base", "3: the gzip stream breaks off here"]),
];

#[test]
fn nonsense_in_each_format_is_told_with_its_line_and_reason() {
    let bench = Bench::new();
    for (name, list, expected) in NONSENSE {
        let mut bytes = if name.ends_with(".gz") { gzip(list) } else { list.to_vec() };
        if name.starts_with("cut") {
            bytes.truncate(bytes.len() - 4);
        }
        bench.write(name, bytes);
        let ended = bench.run(&format!("fetch {name} -o job-{name} --contact bot@a.example"));
        let said: Vec<&str> = ended.stderr.lines().filter_map(|line| line.strip_prefix(&format!("{name}:"))).collect();
        assert_eq!(said, expected, "{name}");
        let is_broken = expected.iter().any(|said| said.contains("well-formed") || said.contains("breaks off"));
        assert_eq!(ended.code, Some(i32::from(is_broken)), "bad lines change no code: {ended:?}");
    }
}

#[test]
fn what_is_no_list_at_all_is_refused_with_its_reason_before_a_job_is_made() {
    let bench = Bench::new();
    let lists: [(&str, &[u8], &str); 8] = [
        ("a.csv", b"id,page\n", "a.csv has no column named url, link, loc, href or address"),
        ("b.csv", b"id,\xff\n", "b.csv:1: the line is not UTF-8, at byte 3"),
        ("c.xml", b"<rss/>", "c.xml:1: <rss> is not the root of a sitemap; <urlset> and <sitemapindex> are"),
        (
            "d.xml",
            b"<!DOCTYPE x [<!ENTITY a 'b'>]><urlset/>",
            "d.xml:1: a sitemap has no document type declaration, and none is read",
        ),
        ("e.gz", b"http://a.example/\n", "e.gz is named as if it were compressed with gzip, and is not"),
        ("f.zst", b"\x1f\x8b\x08", "f.zst is named as if it were compressed with zstd, and is not"),
        ("g.txt", b"BZh91AY&SY", "g.txt is compressed with bzip2"),
        ("h.gz", b"\x1f\x8b\x08\x00", "h.gz:1: the gzip stream breaks off here"),
    ];
    for (name, bytes, reason) in lists {
        bench.write(name, bytes);
        let ended = bench.run(&format!("fetch {name} -o job"));
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.starts_with(&format!("error: {reason}\n")), "{name}: {ended:?}");
        assert!(!bench.path("job").exists(), "{name}");
    }
}
