//! Claims of others about our files: what `warcio`, the field's reference reader, makes of them. These tests need the command
//! `warcio` on the path; `./test` installs it.

use std::fs;
use std::process::{Command, Output};

use comeback_archive::Compression;

use crate::exchanges::{Exchange, Job, commit, every_kind};

fn warcio(arguments: &[&str]) -> Output {
    let output = Command::new("warcio").args(arguments).output();
    output.expect("the command `warcio` is there: install it with `pip install warcio`, or run ./test, which does")
}

#[test]
fn warcio_checks_every_digest_and_finds_no_fault() {
    for compression in [Compression::Gzip, Compression::Zstd, Compression::None] {
        let job = Job::new(compression);
        let mut files = job.open(&[]);
        let exchanges = every_kind();
        for exchange in &exchanges {
            files.append_capture(&exchange.capture()).unwrap();
        }
        let lengths = commit(&mut files);
        let mut path = job.path(&lengths[0].path);
        if compression == Compression::Zstd {
            // warcio does not read zstd.
            let plain = zstd::decode_all(fs::File::open(&path).unwrap()).unwrap();
            path = job.path("plain.warc");
            fs::write(&path, plain).unwrap();
        }
        let output = warcio(&["check", "-v", path.to_str().unwrap()]);
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{said}");
        let count = |phrase: &str| said.matches(phrase).count();
        // warcinfo, and for each exchange: request, metadata and what came; all but the silent one, one of them a revisit.
        assert_eq!(count("not checked (revisit)"), 1, "{said}");
        assert_eq!(count("digest pass"), 1 + 3 * exchanges.len() - 2, "{said}");
        assert_eq!(count("WARC-Record-ID"), 1 + 3 * exchanges.len() - 1, "{said}");
    }
}

#[test]
fn warcio_extracts_the_page_at_our_place() {
    let job = Job::new(Compression::Gzip);
    let mut files = job.open(&[]);
    files.append_capture(&Exchange::page("/", b"other").capture()).unwrap();
    let place = files.append_capture(&Exchange::chunked_gzip("/", "come back later").capture()).unwrap().unwrap();
    commit(&mut files);
    let path = job.path(&place.file);
    let output = warcio(&["extract", "--payload", path.to_str().unwrap(), &place.offset.to_string()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "come back later");
}
