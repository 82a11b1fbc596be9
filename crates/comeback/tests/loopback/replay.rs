//! The job's captures, replayed by pywb through the job's index: what a browser is shown is what the origin sent.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::origin::{Answer, Asked, absent, answer, origin_of_pages};
use crate::program::Bench;
use crate::server_process::ServerProcess;
use crate::wire;

/// What pywb reads at its start: the job's folder, named as its manual says.
fn configuration(job: &Path) -> String {
    let warc = job.join("warc");
    format!("collections:\n  job:\n    index_paths: {0}/index.cdxj\n    archive_paths: {0}/\n", warc.display())
}

fn pywb(job: &Path) -> ServerProcess {
    ServerProcess::start("wayback", |folder, port| {
        std::fs::write(folder.join("config.yaml"), configuration(job)).unwrap();
        let mut command = Command::new("wayback");
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--threads", "1"]).current_dir(folder);
        command
    })
}

/// A page as pywb gives it back, unrewritten: `id_` asks for that. The status, and the body.
fn replayed(address: SocketAddr, url: &str) -> (u16, Vec<u8>) {
    // A client of HTTP/1.0 is sent no chunks.
    let answer = wire::exchange(address, format!("GET /job/0id_/{url} HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes());
    let head_end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let status = std::str::from_utf8(&answer[..head_end]).unwrap().split(' ').nth(1).unwrap();
    (status.parse().unwrap(), answer[head_end..].to_vec())
}

/// The lines of a job's index: the URL, and the rest of what the line says.
fn lines(job: &Path) -> BTreeMap<String, Value> {
    let text = std::fs::read_to_string(job.join("warc/index.cdxj")).unwrap();
    assert!(text.lines().is_sorted(), "{text}");
    let fields = text.lines().map(|line| serde_json::from_str::<Value>(line.splitn(3, ' ').nth(2).unwrap()).unwrap());
    fields.map(|fields| (fields["url"].as_str().unwrap().to_owned(), fields)).collect()
}

/// Pages, some the same as others, some elsewhere, some absent.
fn site(asked: &Asked) -> Answer {
    match asked.target.as_str() {
        "/moved" => Answer::Keep(answer("302 Found", "Location: /0\r\n", "")),
        "/same/1" | "/same/2" => Answer::Keep(answer("200 OK", "Content-Type: text/plain\r\n", "the same page\n")),
        "/gone" => absent(),
        page => Answer::Keep(answer("200 OK", "Content-Type: text/html; charset=utf-8\r\n", format!("<p>page {page}</p>\n"))),
    }
}

#[test]
fn pywb_replays_what_was_fetched() {
    for compression in ["gzip", "none"] {
        let origin = origin_of_pages(site);
        let mut urls = origin.urls(30);
        let odd = ["/moved", "/same/1", "/same/2", "/gone", "/A%20b/?z=1&y=2&PHPSESSID=0123456789abcdef0123456789abcdef"];
        urls.extend(odd.map(|path| origin.url(path)));
        let bench = Bench::new();
        let (ended, rows) = bench.fetch(&urls, &format!("--compress {compression}"));
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let job = bench.path("job");
        let lines = lines(&job);
        for row in &rows {
            assert!(lines.contains_key(&row.url), "{} is not in the index", row.url);
        }
        let pywb = pywb(&job);
        for url in &urls {
            let path = url.split_once("://").unwrap().1.split_once('/').unwrap().1;
            let (status, body) = replayed(pywb.address(), url);
            let body = String::from_utf8(body).unwrap();
            match path {
                "moved" => assert_eq!(status, 302, "{url}"),
                "gone" => assert_eq!(status, 404, "{url}"),
                "same/1" | "same/2" => assert_eq!((status, body.as_str()), (200, "the same page\n"), "{url}"),
                path => assert_eq!((status, body), (200, format!("<p>page /{path}</p>\n")), "{url}"),
            }
        }
        assert_eq!(replayed(pywb.address(), &origin.url("/never-asked")).0, 404);
    }
}
