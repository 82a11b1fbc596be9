//! Against a real HAProxy: no server, and a queue that is too long.

use crate::haproxy::haproxy;
use crate::origin::{Answer, origin_of_pages};
use crate::program::Bench;
use crate::real_nginx::assert_cause_is_of_bytes;
use crate::wire;

#[test]
fn proxy_without_a_server_ends_in_time() {
    let server = haproxy("");
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(server.urls(8), "--patience 3s");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(rows.len() == 8 && rows.iter().all(|row| row.outcome == "failed"), "{rows:#?}");
    assert!(rows.iter().all(|row| row.requests == 0 || row.status == Some(503)), "{rows:#?}");
    assert!(rows.iter().map(|row| row.requests).sum::<u32>() <= 6, "{rows:#?}");
    assert_cause_is_of_bytes(&bench, &rows, &wire::ask(server.address(), "/0"));
}

#[test]
fn full_queue_of_a_proxy_ends_in_time() {
    let slow = origin_of_pages(|_| Answer::Stall(Vec::new()));
    let server = haproxy(&format!("  timeout queue 100ms\n  server slow {} maxconn 1", slow.address(0)));
    // Whoever came first has the only place; everyone after it queues in vain.
    let first = wire::send(server.address(), b"GET /first HTTP/1.1\r\nHost: a\r\n\r\n");
    slow.wait_for(1);
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(server.urls(8), "--patience 3s");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(rows.len() == 8 && rows.iter().all(|row| row.outcome == "failed"), "{rows:#?}");
    assert!(rows.iter().all(|row| row.requests == 0 || row.status == Some(503)), "{rows:#?}");
    assert_cause_is_of_bytes(&bench, &rows, &wire::ask(server.address(), "/0"));
    assert_eq!(slow.asked().len(), 1, "nothing of the queue came through");
    drop(first);
}
