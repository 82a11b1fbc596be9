//! What pywb makes of the same files: its indexer has the same lines. This needs the command `cdx-indexer` of pywb on the path;
//! `./test` installs it.

use std::process::Command;

use comeback_archive::{Compression, INDEX_PATH, write_index};
use serde_json::{Map, Value};

use crate::exchanges::{Exchange, Job, commit, every_kind};

/// URLs whose keys are hard to make.
const URLS: &[&str] = &[
    "http://www.example.org/",
    "http://WWW2.example.org:80/a/B/?",
    "https://www.example.org:443/",
    "https://www.example.org:8443/a/?b",
    "http://example.org./",
    "http://127.0.1.4:8503/page/1",
    "http://[::1]:8503/page/1",
    "http://xn--bcher-kva.example/b%C3%BCcher",
    "http://example.org//a//b/./../c/..",
    "http://example.org/../../a",
    "http://example.org/%2e%2e/%2E/a%2Fb",
    "http://example.org/%25%32%35/%7e%zz%4",
    "http://example.org/a%20b%0Ac%00%7F%FF",
    "http://example.org/a;jsessionid=0123456789abcdefghijklmnopqrstuv?x=1",
    "http://example.org/(S(0123456789abcdefghijklmn))/Page.ASPX?x",
    "http://example.org/(0123456789abcdefghijklmn)/page.aspx",
    "http://example.org/(a(0123456789abcdefghijklmn)b(0123456789abcdefghijklmn))/page.aspxx",
    "http://example.org/?b=2&a=1&a=0&A=3&a&a=&&=",
    "http://example.org/?%26a=%3D&a%2Bb=c+d",
    "http://example.org/?PHPSESSID=0123456789ABCDEFGHIJKLMNOPQRSTUV&b=1",
    "http://example.org/?a=1&sid=0123456789abcdefghijklmnopqrstuv",
    "http://example.org/?a=1&sid=0123456789abcdefghijklmnopqrstuvw",
    "http://example.org/?x=1&ASPSESSIONIDabcdefgh=abcdefghijklmnopqrstuvwx&y=2",
    "http://example.org/?cfid=12&cftoken=34&y=2&cfid=1&cftoken=2",
    "http://example.org/?jsessionid=0123456789abcdefghijklmnopqrstuv&jsessionid=0123456789abcdefghijklmnopqrstuv&z",
    "http://example.org/?q=http://example.com/?a=b",
    "http://example.org/a?b?c=1#fragment",
    "http://example.org/!\"$&'()*+,-.:;<=>@[]^_`{|}~",
    "http://user:secret@example.org/private",
];

/// Types as servers name them.
const TYPES: &[&str] = &["text/html", "Text/HTML;charset=utf-8", "text/plain ; charset=x", "", ";", " application/json "];

fn parsed(text: &str) -> Vec<(String, String, Map<String, Value>)> {
    let parse = |line: &str| {
        let mut parts = line.splitn(3, ' ').map(str::to_owned);
        let (key, time, fields) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        let mut fields: Map<String, Value> = serde_json::from_str(&fields).unwrap();
        // Where the record has no digest, because it has an interim response, pywb makes one up and we don't.
        if fields["url"].as_str().is_some_and(|url| url.ends_with("/interim")) {
            fields.retain(|name, _| !["digest", "status", "mime"].contains(&name.as_str()));
        }
        (key, time, fields)
    };
    // Bytes that are no answer or no request are kept as metadata. pywb lists these too, though nobody who asks for the page has a
    // use for them.
    let is_page = |line: &&str| !["application/octet-stream", "application/http"].iter().any(|odd| line.contains(odd));
    text.lines().filter(is_page).map(parse).collect()
}

#[test]
fn pywb_makes_the_same_index() {
    for compression in [Compression::Gzip, Compression::None] {
        let job = Job::new(compression);
        let mut files = job.open(&[]);
        let mut exchanges = every_kind();
        for (number, url) in URLS.iter().enumerate() {
            let content_type = TYPES[number % TYPES.len()];
            let head = format!("HTTP/1.1 {} X\r\nContent-Type: {content_type}\r\n\r\n", 200 + 100 * (number % 4));
            let exchange = Exchange::get("/", &head, number.to_string().as_bytes());
            exchanges.push(Exchange { target_uri: (*url).to_owned(), ..exchange });
        }
        for exchange in &exchanges {
            files.append_capture(&exchange.capture()).unwrap();
        }
        let committed = commit(&mut files);
        write_index(job.dir.path(), &committed, &|| false).unwrap();
        let ours = std::fs::read_to_string(job.path(INDEX_PATH)).unwrap();
        let indexer = Command::new("cdx-indexer").args(["--sort", "--cdxj"]).arg(job.path(&committed[0].path)).output();
        let indexer =
            indexer.expect("the command `cdx-indexer` is there: install it with `pip install pywb`, or run ./test, which does");
        assert!(indexer.status.success(), "{}", String::from_utf8_lossy(&indexer.stderr));
        let theirs = parsed(&String::from_utf8(indexer.stdout).unwrap());
        let mut ours = parsed(&ours);
        if compression == Compression::None {
            // The length of an uncompressed record is to pywb its length without the two empty lines at its end.
            for (_, _, fields) in &mut ours {
                let length: u64 = fields["length"].as_str().unwrap().parse().unwrap();
                fields["length"] = (length - 4).to_string().into();
            }
        }
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!(ours, theirs);
        }
        assert_eq!(ours.len(), theirs.len());
        assert_eq!(ours.len(), exchanges.len() - 2);
    }
}
