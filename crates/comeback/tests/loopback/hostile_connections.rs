//! Servers that close, stall or speak no HTTP: each ends as an outcome with its own cause, and nothing hangs.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use crate::account::{Row, assert_all, row_of, tally};
use crate::origin::{Answer, Origin, absent, answer, origin_of_pages, page};
use crate::program::Bench;
use crate::server_process::free_port;

const QUICK: &str = "--timeout 500ms --patience 2s";
/// A host that never gives a good answer is not asked more often in two seconds.
const REQUESTS_MAX: usize = 8;

/// What is taken of a head without end: some hundreds of KiB, and what fits into the buffers of two sockets.
const ENDLESS_BYTES_MAX: usize = 16 << 20;

/// Fetches three pages from a server that answers all pages so, and expects them to fail for this cause.
#[track_caller]
fn assert_fails(answer: impl Fn() -> Answer + Send + Sync + 'static, cause: &str) -> Vec<Row> {
    let origin = origin_of_pages(move |_| answer());
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(origin.urls(3), QUICK);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_all(&rows, 3, &format!("failed/{cause}"));
    assert!(origin.pages().len() <= 3 * REQUESTS_MAX, "{} requests", origin.pages().len());
    assert!(origin.endless_bytes() <= 3 * ENDLESS_BYTES_MAX, "{} bytes taken", origin.endless_bytes());
    rows
}

#[test]
fn server_that_closes_without_an_answer_is_a_reset() {
    assert_fails(|| Answer::Close(Vec::new()), "reset");
}

#[test]
fn server_that_closes_within_the_head_is_a_reset() {
    assert_fails(|| Answer::Close(b"HTTP/1.1 200 OK\r\nContent-Le".to_vec()), "reset");
}

#[test]
fn server_that_closes_within_the_body_is_a_reset() {
    assert_fails(|| Answer::Close(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnot so many".to_vec()), "reset");
}

#[test]
fn server_that_closes_within_a_chunk_is_a_reset() {
    assert_fails(|| Answer::Close(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\nnot so".to_vec()), "reset");
}

#[test]
fn server_that_stalls_before_the_head_is_a_read_timeout() {
    let rows = assert_fails(|| Answer::Stall(Vec::new()), "read_timeout");
    assert!(rows.iter().all(|row| row.status.is_none()), "{rows:#?}");
}

#[test]
fn server_that_stalls_within_the_head_is_a_read_timeout() {
    assert_fails(|| Answer::Stall(b"HTTP/1.1 200 OK\r\nX-Slow: ".to_vec()), "read_timeout");
}

#[test]
fn server_that_stalls_within_the_body_is_a_read_timeout() {
    assert_fails(|| Answer::Stall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nslow".to_vec()), "read_timeout");
}

#[test]
fn garbage_is_no_answer() {
    assert_fails(|| Answer::Close(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()), "protocol");
}

#[test]
fn binary_garbage_is_no_answer() {
    assert_fails(|| Answer::Close((0..4096_u32).flat_map(u32::to_le_bytes).collect()), "protocol");
}

#[test]
fn unasked_change_of_protocol_is_no_answer() {
    let head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    assert_fails(|| Answer::Stall(head.to_vec()), "protocol");
}

#[test]
fn two_different_lengths_are_no_answer() {
    let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef";
    assert_fails(|| Answer::Close(bytes.to_vec()), "protocol");
}

#[test]
fn interim_answers_without_end_are_cut_off() {
    let interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    assert_fails(|| Answer::Endless(Vec::new(), interim.repeat(100)), "too_large");
}

#[test]
fn head_without_end_is_cut_off() {
    let line = b"X-More: and more and more and more and more and more and more\r\n";
    assert_fails(|| Answer::Endless(b"HTTP/1.1 200 OK\r\n".to_vec(), line.repeat(100)), "too_large");
}

#[test]
fn one_field_without_end_is_cut_off() {
    assert_fails(|| Answer::Endless(b"HTTP/1.1 200 OK\r\nX-More: ".to_vec(), b"and more ".repeat(1000)), "too_large");
}

#[test]
fn surplus_bytes_after_a_body_are_no_second_answer() {
    let surplus = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npageHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";
    let origin = origin_of_pages(|asked| if asked.target == "/0" { Answer::Keep(surplus.to_vec()) } else { page(asked) });
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(origin.urls(10), QUICK);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&rows, 10, "fetched/none");
    assert_eq!(row_of(&rows, "/0").bytes, 4);
    // "this is /1" and a line feed: no page got another's bytes.
    assert!(rows.iter().filter(|row| !row.url.ends_with("/0")).all(|row| row.bytes == 11), "{rows:#?}");
}

#[test]
fn server_that_closes_after_each_answer_costs_no_request() {
    let origin = origin_of_pages(|asked| match page(asked) {
        Answer::Keep(bytes) | Answer::Close(bytes) => Answer::Close(bytes),
        stalled @ (Answer::Stall(_) | Answer::Endless(..)) => stalled,
    });
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(origin.urls(200), QUICK);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&rows, 200, "fetched/none");
    assert_eq!(origin.pages().len(), 200);
}

#[test]
fn nobody_at_the_port_is_a_refused_connection() {
    let bench = Bench::new();
    let port = free_port();
    let urls: Vec<String> = (0..20).map(|number| format!("http://127.0.0.1:{port}/{number}")).collect();
    let (ended, rows) = bench.fetch(&urls, QUICK);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_all(&rows, 20, "failed/connect_refused");
    assert!(rows.iter().map(|row| row.requests).sum::<u32>() <= 8, "{rows:#?}");
}

#[test]
fn name_that_does_not_exist_is_a_dns_failure() {
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(["http://nobody.invalid/a", "http://nobody.invalid/b"], "--patience 1s");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_all(&rows, 2, "failed/dns");
}

#[test]
fn plain_server_asked_for_tls_is_a_tls_failure() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 1 << 10]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let bench = Bench::new();
    let (ended, rows) = bench.fetch([format!("https://{address}/a")], QUICK);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!((rows[0].outcome.as_str(), rows[0].cause.as_str()), ("failed", "tls"), "{rows:#?}");
}

#[test]
fn server_that_closes_before_it_is_asked_does_not_hang() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().for_each(drop));
    let bench = Bench::new();
    let (ended, rows) = bench.fetch([format!("http://{address}/a")], QUICK);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_all(&rows, 1, "failed/reset");
}

#[test]
fn one_bad_path_of_forty_fails_alone() {
    let origin = origin_of_pages(|asked| match asked.target.as_str() {
        "/20" => Answer::Keep(answer("503 Service Unavailable", "", "")),
        _ => page(asked),
    });
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(origin.urls(40), "--patience 60s");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(tally(&rows)["fetched/none"], 39, "{rows:#?}");
    let bad = row_of(&rows, "/20");
    assert_eq!((bad.outcome.as_str(), bad.status), ("failed", Some(503)), "{bad:#?}");
    assert_eq!(bad.requests as usize, origin.count("/20"));
    assert!(bad.requests <= 12, "{bad:#?}");
    assert_eq!(origin.pages().len(), 39 + bad.requests as usize, "no good page was asked twice");
}

#[test]
fn hostile_hosts_do_not_hold_up_a_good_one() {
    let origin = Origin::start_hosts(6, |asked| match (asked.is_page(), asked.host) {
        (false, _) => absent(),
        (true, 0) => page(asked),
        (true, 1) => Answer::Stall(Vec::new()),
        (true, 2) => Answer::Close(Vec::new()),
        (true, 3) => Answer::Close(b"\0\0\0\0".to_vec()),
        (true, 4) => Answer::Endless(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 1 << 16]),
        (true, _) => Answer::Endless(b"HTTP/1.1 200 OK\r\n".to_vec(), b"X-More: more\r\n".to_vec()),
    });
    let urls: Vec<String> = (0..60).map(|number| origin.url_of(number % 6, &format!("/{number}"))).collect();
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(&urls, "--timeout 500ms --patience 2s --body-max 1MiB");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(rows.len(), 60);
    let of_host = |host: usize| -> Vec<Row> {
        let prefix = origin.url_of(host, "/");
        rows.iter().filter(|row| row.url.starts_with(&prefix)).cloned().collect()
    };
    for (host, ending) in
        ["fetched/none", "failed/read_timeout", "failed/reset", "failed/protocol", "failed/too_large", "failed/too_large"]
            .into_iter()
            .enumerate()
    {
        assert_all(&of_host(host), 10, ending);
    }
}
