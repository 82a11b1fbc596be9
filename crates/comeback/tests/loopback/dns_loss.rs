//! Name servers that fall silent in mid-run and come back: no URL is lost to it. The binary is given a `resolv.conf` of its own, which
//! takes a mount of its own; where that is not permitted there is nothing to try.

use std::net::UdpSocket;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::account::{assert_all, assert_each_once};
use crate::origin::{Answer, Asked, Origin, absent, answer};
use crate::program::{Bench, Running};

/// Resolvers ask at this port and no other.
const NAME_SERVER: &str = "127.0.8.53:53";
/// Questions that are answered before the silence.
const ANSWERED: usize = 30;
/// Questions that are not.
const UNANSWERED: usize = 40;
const URLS: usize = 60;

/// Answers questions for addresses of IPv4 with 127.0.0.1, but not all of them; `None` where the port may not be taken.
fn name_server() -> Option<Arc<AtomicUsize>> {
    let socket = UdpSocket::bind(NAME_SERVER).ok()?;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    thread::spawn(move || {
        let mut question = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut question) {
            let number = count.fetch_add(1, Ordering::SeqCst);
            if (ANSWERED..ANSWERED + UNANSWERED).contains(&number) {
                continue;
            }
            socket.send_to(&reply(&question[..length]), from).unwrap();
        }
    });
    Some(asked)
}

/// The reply to a question (RFC 1035, section 4.1): an address that may not be kept, or none for other types than A.
fn reply(question: &[u8]) -> Vec<u8> {
    let name_end = 12 + question[12..].iter().position(|byte| *byte == 0).unwrap() + 1;
    let is_of_v4 = question[name_end..name_end + 2] == [0, 1];
    let mut reply = question[..2].to_vec();
    reply.extend([0x81, 0x80, 0, 1, 0, u8::from(is_of_v4), 0, 0, 0, 0]);
    reply.extend(&question[12..name_end + 4]);
    if is_of_v4 {
        reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1]);
    }
    reply
}

#[test]
fn names_that_are_not_answered_for_a_while_cost_no_url() {
    let may_mount = Command::new("unshare").args(["--mount", "true"]).status().is_ok_and(|status| status.success());
    let Some(asked) = name_server().filter(|_| may_mount) else {
        println!("neither a mount nor a name server's port is to be had here");
        return;
    };
    let origin = Origin::start(|asked: &Asked| {
        if asked.is_page() { Answer::Close(answer("200 OK", "Connection: close\r\n", "a page\n")) } else { absent() }
    });
    let port = origin.address(0).port();
    let urls: Vec<String> = (0..URLS).map(|number| format!("http://host-{}.example.org:{port}/{number}", number % 4)).collect();
    let bench = Bench::new();
    bench.list(&urls);
    let settings = bench.write("resolv.conf", "nameserver 127.0.8.53\noptions timeout:1 attempts:1\n");
    let command = bench.command(["fetch", "urls.txt", "-o", "job"]);
    let mut mounted = Command::new("unshare");
    let script = "mount --bind \"$1\" /etc/resolv.conf && shift && exec \"$@\"";
    mounted.args(["--mount", "sh", "-c", script, "sh"]).arg(settings).arg(command.get_program()).args(command.get_args());
    mounted.current_dir(command.get_current_dir().unwrap());
    let ended = Running::spawn(&mut mounted).wait();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(asked.load(Ordering::SeqCst) > ANSWERED + UNANSWERED, "the silence was not reached");
    let rows = bench.rows("job");
    assert_each_once(&rows, &urls);
    assert_all(&rows, URLS, "fetched/none");
}
