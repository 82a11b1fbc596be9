//! HTTP/2 over TLS, as nginx and HAProxy speak it.

use std::process::Command;

use crate::account::{Row, assert_all};
use crate::haproxy::haproxy_binding;
use crate::nginx::nginx_listening;
use crate::origin::{Answer, origin_of_pages};
use crate::program::{Bench, Ended, Running};
use crate::records::{self, Record};
use crate::server_process::ServerProcess;

/// The certificates of the fetch crate's tests: an authority, and localhost with its key.
const CERTIFICATES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../comeback-fetch/tests/certificates");

/// A bench with `authority.pem`, `server.pem` (certificate) and `server.key.pem`.
fn bench_with_certificates() -> Bench {
    let bench = Bench::new();
    for (name, kind) in [("authority", "x509"), ("server", "x509"), ("server.key", "pkey")] {
        let (from, to) = (format!("{CERTIFICATES}/{name}.der"), bench.path(&format!("{name}.pem")));
        let status = Command::new("openssl").args([kind, "-inform", "der", "-in", &from, "-out"]).arg(to).status();
        assert!(status.unwrap().success(), "openssl is needed for {from}");
    }
    bench
}

fn encrypted_urls(server: &ServerProcess, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("https://localhost:{}/{number}", server.address().port())).collect()
}

/// Fetches URLs with trust in the tests' authority.
fn fetch_trusting(bench: &Bench, urls: &[String]) -> (Ended, Vec<Row>) {
    bench.list(urls);
    let mut command = bench.command(["fetch", "urls.txt", "-o", "job"]);
    let ended = Running::spawn(command.env("SSL_CERT_FILE", bench.path("authority.pem"))).wait();
    let rows = bench.rows("job");
    (ended, rows)
}

#[test]
fn pages_come_over_one_connection_and_out_of_the_archive_again() {
    let bench = bench_with_certificates();
    let folder = bench.path("");
    let folder = folder.display();
    let server = nginx_listening(
        "ssl http2",
        "log_format connections '$server_protocol $connection';",
        &format!(
            "ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.key.pem;\
             access_log connections.log connections; gzip on; gzip_min_length 1; default_type text/html;"
        ),
    );
    for number in 0..200 {
        std::fs::write(server.folder().join("pages").join(number.to_string()), format!("<p>page {number}\n")).unwrap();
    }
    let urls = encrypted_urls(&server, 200);
    let (ended, rows) = fetch_trusting(&bench, &urls);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&rows, 200, "fetched/none");

    let log = std::fs::read_to_string(server.folder().join("connections.log")).unwrap();
    let mut connections: Vec<&str> = log.lines().collect();
    connections.sort_unstable();
    connections.dedup();
    assert!(connections.len() == 1 && connections[0].starts_with("HTTP/2.0 "), "{connections:?}");

    records::assert_valid(&bench.path("job"));
    let row = rows.iter().find(|row| row.url == urls[7]).unwrap();
    let record = Record::response_of(&bench.path("job"), row);
    assert_eq!(record.field("WARC-Protocol"), Some("h2"));
    assert!(record.block.starts_with(b"HTTP/1.1 200 \r\nserver: nginx/"), "{}", String::from_utf8_lossy(&record.block));
    let records = records::all(&bench.path("job"));
    assert!(records::request_of(&records, &urls[7]).starts_with(b"GET /7 HTTP/1.1\r\nhost: localhost:"));
    let is_marked = |record: &Record| {
        record.field("WARC-Type") == Some("metadata")
            && record.field("WARC-Target-URI") == Some(&urls[7])
            && String::from_utf8_lossy(&record.block).contains("comeback-heads: synthesised from HTTP/2")
    };
    assert!(records.iter().any(is_marked));

    assert_eq!(bench.run(&format!("extract job {}", urls[7])).stdout, "<p>page 7\n");
    let place = row.warc.as_ref().unwrap();
    let file = bench.path("job").join(&place.file);
    let arguments = ["extract".into(), "--payload".into(), file.into_os_string(), place.offset.to_string().into()];
    assert_eq!(crate::program::tool("warcio", arguments.to_vec(), "pip: warcio"), (true, "<p>page 7\n".to_owned()));
}

#[test]
fn haproxy_is_asked_in_http2() {
    let origin = origin_of_pages(|asked| {
        let body = format!("page {}\n", asked.target);
        Answer::Keep(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes())
    });
    let bench = bench_with_certificates();
    let pem = ["server.pem", "server.key.pem"].map(|name| std::fs::read_to_string(bench.path(name)).unwrap()).concat();
    let both = bench.write("both.pem", pem);
    let server =
        haproxy_binding(&format!("ssl crt {} alpn h2", both.display()), &format!("  server origin {}", origin.address(0)));
    let (ended, rows) = fetch_trusting(&bench, &encrypted_urls(&server, 60));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&rows, 60, "fetched/none");
    assert_eq!(Record::response_of(&bench.path("job"), &rows[0]).field("WARC-Protocol"), Some("h2"));
    records::assert_valid(&bench.path("job"));
}
