//! Hosts on real sockets: what comes over the wire, and what clients that misbehave themselves can do to them.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test, in the functions that tests share as well")]

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use comeback_weather::{HostTally, Options, Waited, Weather, WeatherError, World, builtins};

fn start(world: &str) -> Weather {
    Weather::start(&World::parse(world).unwrap(), &Options::default()).unwrap()
}

fn address(weather: &Weather) -> SocketAddr {
    weather.hosts()[0].address
}

/// Sends bytes and no more, and reads to the end of the connection.
fn sent(address: SocketAddr, bytes: &[u8], is_half_closed: bool) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(bytes)?;
    if is_half_closed {
        stream.shutdown(Shutdown::Write)?;
    }
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

fn get(address: SocketAddr, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    String::from_utf8(sent(address, request.as_bytes(), false).unwrap()).unwrap()
}

/// The value of a field.
fn field<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    answer.lines().filter_map(|line| line.split_once(": ")).find(|(found, _)| *found == name).map(|(_, value)| value)
}

#[test]
fn a_page_is_a_page_with_its_length_and_date() {
    let weather = start("[[host]]\nbehaviour = \"healthy\"\nrobots = \"User-agent: *\\nDisallow: /private\\n\"");
    let answer = get(address(&weather), "/page/1?from=list");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && field(&answer, "date").is_some(), "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    assert_eq!(field(&answer, "content-length").unwrap().parse(), Ok(body.len()));
    let robots = get(address(&weather), "/robots.txt");
    assert!(robots.ends_with("\r\n\r\nUser-agent: *\nDisallow: /private\n"), "{robots}");
    let HostTally { requests, well, robots, .. } = weather.stop().unwrap().remove(0);
    assert_eq!((requests, well, robots), (1, 1, 1));
}

#[test]
fn a_connection_carries_many_requests() {
    let weather = start("[[host]]\nbehaviour = \"quota\"\nanswers = 2\nresets_after = \"1h\"");
    let request = format!("GET /page/1 HTTP/1.1\r\nHost: {}\r\n\r\n", address(&weather));
    let last = request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    let answers = sent(address(&weather), format!("{request}{request}{last}").as_bytes(), false).unwrap();
    let answers = String::from_utf8(answers).unwrap();
    assert_eq!((answers.matches("HTTP/1.1 200 ").count(), answers.matches("HTTP/1.1 429 ").count()), (2, 1), "{answers}");
}

#[test]
fn a_wrong_clock_shows_in_date_and_retry_after_alike() {
    let weather = start("[[host]]\nbehaviour = \"maintenance\"\nfor = \"1h\"\nretry_after = \"date\"\nclock = \"-400d\"");
    let answer = get(address(&weather), "/");
    let time = |name: &str| httpdate::parse_http_date(field(&answer, name).unwrap()).unwrap();
    let wait = time("retry-after").duration_since(time("date")).unwrap();
    assert!((3_599..=3_602).contains(&wait.as_secs()), "{answer}");
    let off = std::time::SystemTime::now().duration_since(time("date")).unwrap();
    // A second more or less, for the parts of seconds that dates leave out.
    assert!(off.as_secs().abs_diff(400 * 86_400) < 60, "{answer}");
}

#[test]
fn an_empty_retry_after_is_sent_empty() {
    let weather = start("[[host]]\nbehaviour = \"odd_retry_after\"\nvalue = \"\"\nfor = \"1h\"");
    let answer = get(address(&weather), "/");
    assert!(answer.contains("\r\nretry-after: \r\n"), "{answer}");
}

#[test]
fn the_dead_refuse_say_nothing_or_hang_up() {
    let weather = start(
        "[[host]]\nbehaviour = \"dead\"\n[[host]]\nbehaviour = \"dead\"\nkind = \"closed\"\n\
         [[host]]\nbehaviour = \"dead\"\nkind = \"silent\"\n",
    );
    let [refused, closed, silent] = [0, 1, 2].map(|index| weather.hosts()[index].address);
    assert_eq!(TcpStream::connect(refused).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert_eq!(get(closed, "/"), "");
    let mut stream = TcpStream::connect(silent).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let arrived = || weather.tallies()[2].wasted == 1;
    assert_eq!(weather.wait(None, arrived).unwrap(), Waited::Over);
    stream.set_nonblocking(true).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    let wasted: Vec<_> = weather.stop().unwrap().iter().map(|host| host.wasted).collect();
    assert_eq!(wasted, [0, 1, 1]);
    // The end of the weather ends the silence.
    stream.set_nonblocking(false).unwrap();
    assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)));
}

#[test]
fn a_slow_body_comes_whole_in_pieces() {
    let weather = start("[[host]]\nbehaviour = \"slow\"\nfirst_byte = \"1ms\"\nbytes_per_second = 5000\npages = 1");
    let answer = get(address(&weather), "/page/1");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(body.ends_with("well.</p>\n"), "{body}");
    assert_eq!(field(&answer, "content-length").unwrap().parse(), Ok(body.len()));
}

#[test]
fn garbage_and_half_requests_end_their_own_connection_only() {
    let weather = start("[[host]]\nbehaviour = \"healthy\"");
    let address = address(&weather);
    let mut endless_head = b"GET / HTTP/1.1\r\n".to_vec();
    endless_head.resize(1 << 20, b'a');
    let many_fields = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(1_000));
    let long_target = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(1 << 20));
    let nonsense: [&[u8]; 8] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\r\n\r\n\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        &endless_head,
        many_fields.as_bytes(),
        long_target.as_bytes(),
    ];
    for bytes in nonsense {
        // A refusal, or a connection that is cut while we send: both are an end.
        let text = sent(address, bytes, true).map(|answer| String::from_utf8_lossy(&answer).into_owned()).unwrap_or_default();
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 4") || text.starts_with("HTTP/1.0 4"), "{text}");
    }
    let mut half = TcpStream::connect(address).unwrap();
    half.write_all(b"GET / HTTP/1.1\r\nHo").unwrap();
    half.shutdown(Shutdown::Write).unwrap();
    let waiting: Vec<_> = (0..200).map(|_| TcpStream::connect(address).unwrap()).collect();
    assert!(get(address, "/page/1").starts_with("HTTP/1.1 200 "));
    drop((half, waiting));
    assert_eq!(weather.stop().unwrap()[0].requests, 1);
}

#[test]
fn methods_targets_and_bodies_of_every_kind_are_answered() {
    let weather = start("[[host]]\nbehaviour = \"healthy\"");
    let address = address(&weather);
    for request in [
        "HEAD /page/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET http://elsewhere.example/robots.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
        "GET /%00<script>?q=\" HTTP/1.0\r\n\r\n",
    ] {
        let answer = String::from_utf8(sent(address, request.as_bytes(), false).unwrap()).unwrap();
        assert!(answer.starts_with("HTTP/1."), "{request}: {answer}");
        assert!(!answer.contains("<script>"), "{answer}");
    }
}

#[test]
fn a_port_that_is_taken_is_named_and_another_is_found() {
    let taken = TcpListener::bind("127.0.1.2:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let world = World::parse("[[host]]\nbehaviour = \"healthy\"\ncount = 2").unwrap();
    let refused = Weather::start(&world, &Options { port, log: None }).unwrap_err();
    assert!(refused.is_usage() && refused.hint().is_some());
    assert!(matches!(refused, WeatherError::Listen { address, .. } if address == taken.local_addr().unwrap()), "{refused:?}");
    let weather = Weather::start(&world, &Options::default()).unwrap();
    assert!(weather.hosts().iter().all(|host| host.address.port() == weather.port()));
}

#[test]
fn a_weather_that_is_dropped_is_gone_and_its_port_free() {
    let world = World::parse(builtins()[0].text).unwrap();
    let weather = Weather::start(&world, &Options::default()).unwrap();
    let port = weather.port();
    assert!(get(address(&weather), "/").starts_with("HTTP/1.1 200 "));
    drop(weather);
    let again = start_until_free(&world, port);
    assert_eq!(again.wait(Some(Duration::ZERO), || false).unwrap(), Waited::Time);
}

/// The bug: a host that only refuses could not have an address whose connections had just ended, so that one world could not follow
/// another on the same port for a minute.
#[test]
fn a_dead_host_follows_a_live_one_on_its_port() {
    let weather = start("[[host]]\nbehaviour = \"dead\"\nkind = \"closed\"");
    let (address, port) = (address(&weather), weather.port());
    // The host closes first, and the system remembers its side.
    assert_eq!(get(address, "/"), "");
    drop(weather);
    let dead = start_until_free(&World::parse("[[host]]\nbehaviour = \"dead\"").unwrap(), port);
    assert_eq!(TcpStream::connect(dead.hosts()[0].address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

/// The sockets of a weather that was dropped are closed by its threads, soon but not at once.
fn start_until_free(world: &World, port: u16) -> Weather {
    loop {
        match Weather::start(world, &Options { port, log: None }) {
            Ok(weather) => return weather,
            Err(error) => assert!(error.is_usage(), "{error}"),
        }
    }
}
