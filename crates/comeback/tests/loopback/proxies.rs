//! Forward proxies that the environment names: HTTP by whole URLs, HTTPS by tunnels, and faults that are the proxy's own.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use crate::account::{Row, assert_all};
use crate::origin::{Answer, Origin, absent, answer, origin_of_pages};
use crate::program::{Bench, Ended, Running};
use crate::records;

/// Runs `fetch` on a list with variables of the environment.
fn fetch(bench: &Bench, urls: &[&str], variables: &[(&str, &str)]) -> (Ended, Vec<Row>) {
    bench.list(urls);
    let mut command: Command = bench.command(["fetch", "urls.txt", "-o", "job", "--patience", "1s"]);
    command.envs(variables.iter().copied());
    let ended = Running::spawn(&mut command).wait();
    (ended, bench.rows("job"))
}

/// An HTTP proxy that answers whole URLs itself, with their text.
fn proxy() -> Origin {
    Origin::start(|asked| {
        if asked.target.ends_with("/robots.txt") {
            return absent();
        }
        Answer::Keep(answer("200 OK", "", format!("by proxy: {}", asked.target)))
    })
}

#[test]
fn pages_are_asked_of_the_proxy_by_their_whole_urls() {
    let proxy = proxy();
    let bench = Bench::new();
    let named = format!("http://user:sesame@{}", proxy.address(0));
    let urls = ["http://one.example/a?b=1", "http://two.example:8080/"];
    let (ended, rows) = fetch(&bench, &urls, &[("http_proxy", &named)]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&rows, 2, "fetched/none");
    for url in urls {
        let asked = proxy.asked().into_iter().find(|asked| asked.target == url).unwrap();
        let head = String::from_utf8(asked.head).unwrap();
        // "user:sesame" in base64; it goes to the proxy and nowhere else.
        assert!(head.contains("Proxy-Authorization: Basic dXNlcjpzZXNhbWU=\r\n"), "{head}");
    }
    for record in records::all(&bench.path("job")) {
        let text = String::from_utf8_lossy(&record.block).into_owned();
        assert!(!text.contains("dXNlcjpzZXNhbWU=") && !text.contains("sesame"), "a secret of the proxy was archived: {text}");
    }
    records::assert_valid(&bench.path("job"));
}

#[test]
fn hosts_of_no_proxy_are_asked_directly() {
    let (proxy, origin) = (proxy(), origin_of_pages(crate::origin::page));
    let bench = Bench::new();
    let named = format!("http://{}", proxy.address(0));
    let url = origin.url("/direct");
    let (ended, _) = fetch(&bench, &[&url], &[("HTTP_PROXY", &named), ("NO_PROXY", "127.0.0.0/8")]);
    assert_eq!((ended.code, proxy.asked().len(), origin.pages().len()), (Some(0), 0, 1), "{ended:?}");
}

#[test]
fn an_https_page_wants_a_tunnel_and_its_refusal_is_the_proxys() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = Arc::clone(&lines);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let head = read_head(&mut stream);
            heard.lock().unwrap().push(head.lines().next().unwrap_or_default().to_owned());
            let _closed = stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let bench = Bench::new();
    let (ended, rows) = fetch(&bench, &["https://one.example/a"], &[("https_proxy", &address.to_string())]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(lines.lock().unwrap()[0], "CONNECT one.example:443 HTTP/1.1");
    assert_eq!((rows[0].outcome.as_str(), rows[0].cause.as_str()), ("failed", "egress_fault"), "{rows:?}");
    assert!(rows[0].evidence[0].contains("refused the tunnel to one.example:443 with 403"), "{rows:?}");
}

#[test]
fn a_proxy_that_is_away_is_no_fault_of_the_site() {
    let free = TcpListener::bind("127.0.0.7:0").unwrap().local_addr().unwrap();
    let bench = Bench::new();
    let (ended, rows) = fetch(&bench, &["http://one.example/"], &[("all_proxy", &format!("http://{free}"))]);
    assert_eq!((ended.code, rows[0].cause.as_str()), (Some(1), "egress_fault"), "{rows:?}");
    assert!(rows[0].evidence[0].starts_with(&format!("The proxy {free} could not be connected to")), "{rows:?}");
}

#[test]
fn a_proxy_of_another_kind_is_an_error_and_not_a_way_round() {
    let bench = Bench::new();
    bench.list(["http://one.example/"]);
    let mut command = bench.command(["fetch", "urls.txt", "-o", "job"]);
    command.env("ALL_PROXY", "socks5://127.0.0.1:1080");
    let ended = Running::spawn(&mut command).wait();
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("error: ALL_PROXY does not name an HTTP proxy\nhint: let it be like"), "{ended:?}");
}

fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count == 1) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}
