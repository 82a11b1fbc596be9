//! Against a real Varnish whose backend is gone.

use crate::account::assert_all;
use crate::program::Bench;
use crate::real_nginx::assert_cause_is_of_bytes;
use crate::server_process::free_port;
use crate::varnish::varnish;
use crate::wire;

#[test]
fn failed_backend_fetch_is_named() {
    let server = varnish(free_port());
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(server.urls(8), "--patience 7s");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    // Varnish says `Retry-After: 5` each time; the second time that is beyond the patience that is left.
    assert_all(&rows, 8, "parked/upstream_down");
    assert!(rows.iter().all(|row| row.until.is_some()), "{rows:#?}");
    assert_eq!(rows.iter().map(|row| row.requests).sum::<u32>(), 2, "{rows:#?}");
    assert!(rows.iter().all(|row| row.requests == 0 || row.status == Some(503)), "{rows:#?}");
    assert_cause_is_of_bytes(&bench, &rows, &wire::ask(server.address(), "/0"));
}
