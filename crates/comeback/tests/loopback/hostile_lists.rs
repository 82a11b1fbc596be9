//! Lists that are not what they should be: each bad line is named and skipped, each bad list is one sentence.

use crate::account::{assert_all, row_of};
use crate::origin::{origin_of_pages, page};
use crate::program::{Bench, Ended};

/// One of each kind of bad line between two good ones. The comment beside each is its line.
fn list_of_bad_lines(first: &str, last: &str) -> Vec<u8> {
    let long = format!("http://127.0.0.1/{}", "a".repeat(100_000));
    let lines: [&[u8]; 11] = [
        first.as_bytes(),             // 1
        b"ftp://127.0.0.1/a",         // 2
        b"file:///etc/passwd",        // 3
        long.as_bytes(),              // 4
        b"http://127.0.0.1/\0",       // 5
        b"http://127.0.0.1/\xff\xfe", // 6
        b"no URL at all",             // 7
        b"http://",                   // 8
        b"# a remark",                // 9
        b"javascript:alert(1)",       // 10
        last.as_bytes(),              // 11
    ];
    lines.join(&b'\n')
}

/// Asserts that a run refuses with code 2 and one sentence that holds these words.
#[track_caller]
fn assert_refused(ended: &Ended, words: &str) {
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains(words), "{ended:?}");
    assert_eq!(ended.stderr.matches("error: ").count(), 1, "one sentence: {ended:?}");
}

#[test]
fn bad_lines_are_named_and_skipped() {
    let origin = origin_of_pages(page);
    let bench = Bench::new();
    bench.write("urls.txt", list_of_bad_lines(&origin.url("/first"), &origin.url("/last")));
    let ended = bench.run("fetch urls.txt -o job");
    assert_eq!(ended.code, Some(0), "bad lines change no code: {ended:?}");
    for line in [2, 3, 4, 5, 6, 7, 8, 10] {
        let is_named = ended.stderr.contains(&format!("line {line}:")) || ended.stderr.contains(&format!("urls.txt:{line}:"));
        assert!(is_named, "line {line} is not named: {}", ended.stderr);
    }
    assert!(!ended.stderr.contains("line 9:") && !ended.stderr.contains("urls.txt:9:"), "a remark is no bad line");
    assert!(!ended.stderr.contains(&"a".repeat(2_000)), "a long line is not poured out");
    let said = format!("{}{}", ended.stdout, ended.stderr);
    assert!(said.contains('8'), "the bad lines are counted: {said}");
    let rows = bench.rows("job");
    assert_all(&rows, 2, "fetched/none");
    row_of(&rows, "/first");
    row_of(&rows, "/last");
}

#[test]
fn strict_makes_bad_lines_an_error() {
    let origin = origin_of_pages(page);
    let bench = Bench::new();
    bench.write("urls.txt", list_of_bad_lines(&origin.url("/first"), &origin.url("/last")));
    let ended = bench.run("fetch urls.txt -o job --strict");
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains('2'), "{ended:?}");
}

#[test]
fn bad_objects_are_named_and_skipped() {
    let origin = origin_of_pages(page);
    let good = format!("{{\"url\":\"{}\",\"meta\":{{\"id\":7,\"b\":[1.50,null]}}}}", origin.url("/good"));
    let deep = format!("{{\"url\":\"http://127.0.0.1/\",\"meta\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let bad = ["{\"url\":", "[]", "{\"url\":7}", "{\"link\":\"http://127.0.0.1/\"}", "{\"url\":\"mailto:a@b\"}", &deep];
    let bench = Bench::new();
    bench.write("urls.jsonl", format!("{}\n{good}\n", bad.join("\n")));
    let ended = bench.run("fetch urls.jsonl -o job");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let rows = bench.rows("job");
    assert_all(&rows, 1, "fetched/none");
    let printed = bench.run("outcomes job --format jsonl").stdout;
    assert!(printed.contains("{\"id\":7,\"b\":[1.50,null]}"), "meta is kept as it was written: {printed}");
}

#[test]
fn duplicates_are_dropped_and_counted() {
    let origin = origin_of_pages(page);
    let bench = Bench::new();
    let same = [origin.url("/a"), origin.url("/a#part"), origin.url("/b"), origin.url("/a"), origin.url("/./a")];
    let (ended, rows) = bench.fetch(same.iter().map(|url| url.replace("http:", "HTTP:")), "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&rows, 2, "fetched/none");
    assert_eq!(origin.pages().len(), 2);
    assert!(rows.iter().all(|row| row.url.starts_with("HTTP:")), "a URL is reported as given: {rows:#?}");
    let said = format!("{}{}", ended.stdout, ended.stderr);
    assert!(said.contains("3 duplicate"), "{said}");
}

#[test]
fn fragments_and_odd_spellings_are_reported_as_given() {
    let origin = origin_of_pages(page);
    let bench = Bench::new();
    let given = [origin.url("/caf\u{e9}?q=a b#part"), format!("{}  ", origin.url("/%7euser/../x"))];
    let (ended, rows) = bench.fetch(&given, "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(rows.len(), 2);
    row_of(&rows, "/caf\u{e9}?q=a b#part");
    row_of(&rows, "/%7euser/../x");
    assert_eq!(origin.count("/caf%C3%A9?q=a%20b"), 1, "{:#?}", origin.pages());
}

#[test]
fn empty_list_is_a_job_without_urls() {
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(Vec::<String>::new(), "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(rows, []);
}

/// A list that can't be one is refused, and no job is begun.
#[track_caller]
fn assert_list_is_refused(bench: &Bench, name: &str, words: &str) {
    assert_refused(&bench.run(&format!("fetch {name} -o job")), words);
    assert!(!bench.path("job").join("job.toml").exists(), "a job was begun");
}

#[test]
fn absent_list_is_refused_in_the_systems_words() {
    assert_list_is_refused(&Bench::new(), "absent.txt", "No such file or directory");
}

#[test]
fn folder_is_no_list() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("folder")).unwrap();
    assert_list_is_refused(&bench, "folder", "folder");
}

#[test]
fn binary_file_is_no_list() {
    let bench = Bench::new();
    bench.write("picture.txt", (0..=255_u8).cycle().take(1 << 16).collect::<Vec<u8>>());
    assert_list_is_refused(&bench, "picture.txt", "binary");
}

#[test]
fn list_in_another_encoding_is_refused_by_its_name() {
    let bench = Bench::new();
    bench.write("wide.txt", "\u{feff}http://127.0.0.1/".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
    assert_list_is_refused(&bench, "wide.txt", "UTF-16");
}

#[test]
fn compressed_list_without_its_ending_is_refused() {
    let bench = Bench::new();
    bench.write("packed.txt", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
    assert_list_is_refused(&bench, "packed.txt", "gzip");
}

#[test]
fn list_without_an_end_of_line_and_with_windows_ends_is_read() {
    let origin = origin_of_pages(page);
    let bench = Bench::new();
    bench.write("urls.txt", format!("\u{feff}{}\r\n\r\n  {}", origin.url("/a"), origin.url("/b")));
    let ended = bench.run("fetch urls.txt -o job");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&bench.rows("job"), 2, "fetched/none");
}
