//! Small result files, so that a job has many: what reads them while it runs and after kills finds one account, in any compression.

use std::path::Path;

use crate::account::{Row, assert_all, assert_each_once};
use crate::origin::{Answer, Asked, Origin, answer, origin_of_pages};
use crate::program::{Bench, files};
use crate::records;

const FILE_BYTES_MAX: u64 = 64 << 10;
const URLS: usize = 400;
/// Bytes of a page, which don't shrink.
const PAGE_BYTES: usize = 4 << 10;

fn body(target: &str) -> Vec<u8> {
    let mut state = target.bytes().fold(1_u64, |sum, byte| sum.wrapping_mul(257).wrapping_add(u64::from(byte)));
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..PAGE_BYTES).map(|_| next()).collect()
}

fn origin_of_noise() -> Origin {
    origin_of_pages(|asked: &Asked| Answer::Keep(answer("200 OK", "", body(&asked.target))))
}

/// The committed rows, each of whose pages is had from its file.
fn rows_so_far(bench: &Bench, origin: &Origin) -> Vec<Row> {
    let rows = Row::of_lines(&bench.run("outcomes job --format jsonl").stdout);
    if let Some(row) = rows.last() {
        let target = row.url.strip_prefix(&origin.url("")).unwrap();
        let page = bench.command(["extract", "job", &row.url]).output().unwrap();
        assert!(page.status.success() && page.stdout == body(target), "{}: {page:?}", row.url);
        let report = bench.run("report job");
        assert!(report.code.is_some_and(|code| code < 2), "{report:?}");
    }
    rows
}

/// Sees that an index names the places of all rows.
fn assert_indexed(job: &Path, rows: &[Row]) {
    let index = std::fs::read_to_string(job.join("warc/index.cdxj")).unwrap();
    for row in rows {
        let place = row.warc.as_ref().unwrap();
        let file = place.file.strip_prefix("warc/").unwrap();
        let named = format!("\"offset\":\"{}\",\"filename\":\"{file}\"", place.offset);
        assert!(index.contains(&named), "{} is not in the index", row.url);
    }
}

#[test]
fn rolled_files_are_one_account_while_the_job_runs_and_after_kills() {
    for (compression, ending) in [("gzip", ".warc.gz"), ("zstd", ".warc.zst"), ("none", ".warc")] {
        let origin = origin_of_noise();
        let urls = origin.urls(URLS);
        let bench = Bench::new();
        bench.list(&urls);
        bench.write("comeback.toml", "file_max = \"64KiB\"\n");
        let mut begun = format!("fetch urls.txt -o job --delay 1ms --compress {compression}");
        let mut seen = Vec::new();
        for requests in [60, 160, 260] {
            let process = bench.start(&begun);
            origin.wait_for(requests);
            let rows = rows_so_far(&bench, &origin);
            assert!(seen.iter().all(|row| rows.contains(row)), "a committed row was changed");
            seen = rows;
            process.kill();
            // Its settings, the compression among them, are the job's from now on.
            begun = "resume job".to_owned();
        }
        let ended = bench.run(&begun);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let rows = rows_so_far(&bench, &origin);
        assert_each_once(&rows, &urls);
        assert_all(&rows, URLS, "fetched/none");
        let job = bench.path("job");
        let rolled = files(&job.join("warc"), ending);
        assert!(rolled.len() > 10, "{rolled:?}");
        assert!(files(&job.join("outcomes"), ".jsonl").len() > 1);
        let longest = rolled.iter().map(|file| file.metadata().unwrap().len()).max().unwrap();
        assert!(longest < FILE_BYTES_MAX + 2 * PAGE_BYTES as u64, "{longest}");
        assert_indexed(&job, &rows);
        records::assert_valid(&job);
    }
}
