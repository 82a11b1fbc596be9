//! Claims about what is written of an exchange, and read back.

use comeback_archive::{ArchiveError, Compression, ResponseBlock, Truncation, Wire, read_member, response_parts};

use crate::exchanges::{BYTES_MAX, Exchange, Job, commit};

/// All byte values, so that nothing on the way can take them for text.
fn every_byte() -> Vec<u8> {
    (0..=u8::MAX).cycle().take(100_000).collect()
}

#[test]
fn response_reads_back_byte_for_byte_in_every_compression() {
    for compression in [Compression::Gzip, Compression::Zstd, Compression::None] {
        let job = Job::new(compression);
        let mut files = job.open(&[]);
        let exchanges = [
            Exchange::page("/bytes", &every_byte()),
            Exchange::chunked_gzip("/chunked", "come back later"),
            Exchange::get("/empty", "HTTP/1.1 204 No Content\r\n\r\n", b""),
        ];
        let places = exchanges.each_ref().map(|exchange| files.append_capture(&exchange.capture()).unwrap().unwrap());
        commit(&mut files);
        for (exchange, place) in exchanges.iter().zip(&places) {
            let record = job.read(place);
            assert_eq!(record.record_type(), "response");
            assert_eq!(Some(&record.block), exchange.response.as_ref());
            assert_eq!(record.field("WARC-Target-URI"), Some(exchange.target_uri.as_str()));
            assert_eq!(record.field("WARC-Date"), Some("2026-11-23T21:00:00.123Z"));
            assert_eq!(record.field("WARC-IP-Address"), Some("127.0.0.1"));
        }
    }
}

#[test]
fn exchange_becomes_linked_records_after_the_files_warcinfo() {
    let job = Job::new(Compression::Gzip);
    let mut files = job.open(&[]);
    let place = files.append_capture(&Exchange::page("/", b"body").capture()).unwrap().unwrap();
    commit(&mut files);
    let records = job.records(&place.file);
    assert_eq!(
        records.iter().map(|record| record.record_type()).collect::<Vec<_>>(),
        ["warcinfo", "response", "request", "metadata"]
    );
    let response_id = records[1].field("WARC-Record-ID").unwrap();
    assert!(response_id.starts_with("<urn:uuid:") && response_id.ends_with('>'));
    assert_eq!(records[2].field("WARC-Concurrent-To"), Some(response_id));
    assert_eq!(records[3].field("WARC-Concurrent-To"), Some(response_id));
    assert_eq!(records[3].block, b"cause: none\r\nresponder: origin\r\n");
    let warcinfo = String::from_utf8(records[0].block.clone()).unwrap();
    assert!(warcinfo.contains("robots: obeyed"), "{warcinfo}");
}

#[test]
fn body_in_a_file_is_archived_like_one_in_memory() {
    let job = Job::new(Compression::Gzip);
    let mut files = job.open(&[]);
    let exchange = Exchange::page("/", &every_byte());
    let bytes = exchange.response.clone().unwrap();
    let spooled = job.path("spooled");
    for in_memory in [0, 10, exchange.head_bytes, exchange.head_bytes + 70_000] {
        let job = Job::new(Compression::Gzip);
        let mut files = job.open(&[]);
        std::fs::write(&spooled, &bytes[in_memory..]).unwrap();
        let file = Wire::file(&spooled, (bytes.len() - in_memory) as u64).file;
        let wire = Wire { memory: &bytes[..in_memory], file };
        let response = ResponseBlock { head_bytes: exchange.head_bytes, wire, chunked: false, truncated: None };
        let mut capture = exchange.capture();
        capture.response = Some(response);
        let place = files.append_capture(&capture).unwrap().unwrap();
        commit(&mut files);
        let record = job.read(&place);
        assert_eq!(record.block, bytes);
        assert_eq!(record.field("WARC-Payload-Digest"), Some("sha1:BMW34ENSKHKZLM26WQX6QWZ2HYKXM6VA"));
    }
    std::fs::write(&spooled, b"HTTP/1.1").unwrap();
    let mut capture = exchange.capture();
    capture.response = Some(ResponseBlock { head_bytes: 4, wire: Wire::file(&spooled, 10), chunked: false, truncated: None });
    assert!(matches!(files.append_capture(&capture), Err(ArchiveError::WireFileShort { missing: 2, .. })));
}

#[test]
fn same_payload_becomes_a_revisit_that_leads_to_the_original() {
    let job = Job::new(Compression::Gzip);
    let mut files = job.open(&[]);
    let original = Exchange::chunked_gzip("/a", "come back later");
    let mut again = Exchange::chunked_gzip("/b", "come back later");
    let head = "HTTP/1.1 203 Again\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n";
    again.response = Some([head.as_bytes(), &again.response.unwrap()[again.head_bytes..]].concat());
    again.head_bytes = head.len();
    let original_place = files.append_capture(&original.capture()).unwrap().unwrap();
    let revisit_place = files.append_capture(&again.capture()).unwrap().unwrap();
    commit(&mut files);

    let (original, revisit) = (job.read(&original_place), job.read(&revisit_place));
    assert_eq!(revisit.record_type(), "revisit");
    assert_eq!(revisit.block, head.as_bytes());
    let profile = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest";
    assert_eq!(revisit.field("WARC-Profile"), Some(profile));
    assert_eq!(revisit.field("WARC-Refers-To"), original.field("WARC-Record-ID"));
    assert_eq!(revisit.field("WARC-Refers-To-Target-URI"), original.field("WARC-Target-URI"));
    assert_eq!(revisit.field("WARC-Refers-To-Date"), original.field("WARC-Date"));
    assert_eq!(revisit.field("WARC-Payload-Digest"), original.field("WARC-Payload-Digest"));

    let parts = response_parts(job.dir.path(), &revisit_place, BYTES_MAX).unwrap();
    assert_eq!(parts.status, Some(203));
    assert_eq!(parts.decoded(1000).unwrap(), b"come back later");
}

#[test]
fn payloads_that_only_look_alike_are_no_revisits() {
    let job = Job::new(Compression::Gzip);
    let mut files = job.open(&[]);
    let framed = b"5\r\nhello\r\n0\r\n\r\n";
    let chunked = Exchange::get("/1", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", framed);
    let plain = Exchange::page("/2", framed);
    let cut = Exchange { truncated: Some(Truncation::Disconnect), ..Exchange::page("/3", framed) };
    let (empty, empty_again) = (Exchange::page("/4", b""), Exchange::page("/5", b""));
    let mut interim = Exchange::page("/6", framed);
    interim.response = Some([b"HTTP/1.1 103 Early Hints\r\n\r\n", interim.response.unwrap().as_slice()].concat());
    interim.head_bytes += 28;
    let mut place = None;
    for exchange in [&chunked, &plain, &cut, &empty, &empty_again, &interim] {
        place = files.append_capture(&exchange.capture()).unwrap();
        commit(&mut files);
        assert_eq!(job.read(place.as_ref().unwrap()).record_type(), "response", "{}", exchange.target_uri);
    }
    // Readers see the head of the interim response only: its payload digest would be wrong for them.
    let place = place.unwrap();
    assert_eq!(job.read(&place).field("WARC-Payload-Digest"), None);
    let parts = response_parts(job.dir.path(), &place, BYTES_MAX).unwrap();
    assert_eq!((parts.status, parts.payload.as_slice()), (Some(200), framed.as_slice()));
}

#[test]
fn no_revisit_refers_to_what_a_crash_took_away() {
    let job = Job::new(Compression::Gzip);
    let mut files = job.open(&[]);
    files.append_capture(&Exchange::page("/0", b"other").capture()).unwrap();
    let committed = commit(&mut files);
    let page = Exchange::page("/", b"body");
    files.append_capture(&page.capture()).unwrap();
    files.write_out().unwrap();
    drop(files);
    let mut files = job.open(&committed);
    let place = files.append_capture(&page.capture()).unwrap().unwrap();
    commit(&mut files);
    assert_eq!(job.read(&place).record_type(), "response");
}

#[test]
fn secrets_are_in_no_record() {
    let job = Job::new(Compression::None);
    let mut files = job.open(&[]);
    let mut exchange = Exchange::page("/", b"body");
    exchange.target_uri = "http://SECRET:SECRET@example.org/".into();
    exchange.request = b"GET / HTTP/1.1\r\nCookie: SECRET\r\nAuthorization: Basic SECRET\r\nA: b\r\n\r\n".to_vec();
    let place = files.append_capture(&exchange.capture()).unwrap().unwrap();
    commit(&mut files);
    let text = String::from_utf8_lossy(&std::fs::read(job.path(&place.file)).unwrap()).into_owned();
    assert!(!text.contains("SECRET"), "{text}");
    assert!(text.contains("Cookie: [redacted]\r\nAuthorization: [redacted]\r\nA: b\r\n"), "{text}");
}

#[test]
fn cut_body_says_why_and_yields_what_came() {
    let job = Job::new(Compression::Gzip);
    let mut files = job.open(&[]);
    let mut exchange = Exchange::chunked_gzip("/", &"come back later ".repeat(100));
    let bytes = exchange.response.as_mut().unwrap();
    bytes.truncate(bytes.len() - 40);
    exchange.truncated = Some(Truncation::Time);
    let place = files.append_capture(&exchange.capture()).unwrap().unwrap();
    commit(&mut files);
    assert_eq!(job.read(&place).field("WARC-Truncated"), Some("time"));
    let parts = response_parts(job.dir.path(), &place, BYTES_MAX).unwrap();
    assert!(parts.is_truncated);
    let text = String::from_utf8(parts.decoded(BYTES_MAX).unwrap()).unwrap();
    assert!("come back later ".repeat(100).starts_with(&text));
}

/// The bug: pages that were fetched could not be extracted, because their servers write `utf-8` or `none` where a coding belongs.
#[test]
fn words_that_are_no_codings_are_passed_over() {
    let job = Job::new(Compression::Gzip);
    let mut files = job.open(&[]);
    let coded = zstd::encode_all(&b"page"[..], 0).unwrap();
    let twice = zstd::encode_all(coded.as_slice(), 0).unwrap();
    let bodies: [(&str, &[u8]); 5] = [
        ("utf-8", b"page"),
        ("none", b"page"),
        ("identity, , UTF-8, none", b"page"),
        ("utf-8, ZSTD", &coded),
        ("zstd, utf-8, none, zstd", &twice),
    ];
    for (place, (codings, body)) in bodies.into_iter().enumerate() {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {codings}\r\n\r\n");
        let exchange = Exchange::get(&format!("/{place}"), &head, body);
        let place = files.append_capture(&exchange.capture()).unwrap().unwrap();
        commit(&mut files);
        let parts = response_parts(job.dir.path(), &place, BYTES_MAX).unwrap();
        assert_eq!(parts.decoded(BYTES_MAX).unwrap(), b"page", "{codings}");
    }
    let exchange = Exchange::get("/thrice", "HTTP/1.1 200 OK\r\nContent-Encoding: zstd, zstd, zstd\r\n\r\n", &twice);
    let place = files.append_capture(&exchange.capture()).unwrap().unwrap();
    commit(&mut files);
    let error = response_parts(job.dir.path(), &place, BYTES_MAX).unwrap().decoded(BYTES_MAX).unwrap_err();
    assert!(matches!(error, ArchiveError::Undecodable { .. }), "{error}");
}

#[test]
fn exchange_without_a_readable_response_has_no_place_and_is_kept() {
    let job = Job::new(Compression::Gzip);
    let mut files = job.open(&[]);
    let mut garbage = Exchange::page("/", b"");
    garbage.response = Some(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec());
    garbage.head_bytes = 0;
    let silent = Exchange { response: None, ..Exchange::page("/", b"") };
    let unsent = Exchange { response: None, request: Vec::new(), ..Exchange::page("/", b"") };
    for exchange in [&garbage, &silent, &unsent] {
        assert_eq!(files.append_capture(&exchange.capture()).unwrap(), None);
    }
    let lengths = commit(&mut files);
    let records = job.records(&lengths[0].path);
    assert_eq!(
        records.iter().map(|record| record.record_type()).collect::<Vec<_>>(),
        ["warcinfo", "metadata", "request", "metadata", "request", "metadata", "metadata"]
    );
    assert_eq!(records[1].block, b"SSH-2.0-OpenSSH_9.9\r\n");
}

#[test]
fn values_cannot_forge_record_fields() {
    let job = Job::new(Compression::Gzip);
    let mut files = job.open(&[]);
    let mut exchange = Exchange::page("/", b"body");
    exchange.metadata = vec![("evi:dence\r\n".into(), "line\r\nforged: yes".into())];
    let place = files.append_capture(&exchange.capture()).unwrap().unwrap();
    commit(&mut files);
    assert_eq!(job.records(&place.file)[3].block, b"evi dence  : line  forged: yes\r\n");
}

#[test]
fn wrong_places_are_errors() {
    let job = Job::new(Compression::Gzip);
    let mut files = job.open(&[]);
    let place = files.append_capture(&Exchange::page("/", &every_byte()).capture()).unwrap().unwrap();
    let metadata_offset = place.offset + place.length;
    let lengths = commit(&mut files);
    let path = job.path(&place.file);
    let not_a_record = |offset, length| {
        let error = read_member(&path, offset, length, BYTES_MAX).unwrap_err();
        assert!(matches!(error, ArchiveError::NotARecord { .. }), "{error}");
    };
    not_a_record(place.offset + 1, place.length);
    not_a_record(place.offset, place.length - 1);
    not_a_record(lengths[0].bytes, 1);
    not_a_record(u64::MAX, u64::MAX);
    let too_large = read_member(&path, place.offset, place.length, 1000);
    assert!(matches!(too_large, Err(ArchiveError::TooLarge { bytes_max: 1000 })));

    let mut elsewhere = place.clone();
    elsewhere.file = "warc/../../etc/passwd".into();
    assert!(response_parts(job.dir.path(), &elsewhere, BYTES_MAX).is_err());
    let mut metadata = place;
    (metadata.offset, metadata.length) = (metadata_offset, lengths[0].bytes - metadata_offset);
    assert!(response_parts(job.dir.path(), &metadata, BYTES_MAX).is_err());
}

#[test]
fn answer_to_a_head_has_an_empty_payload_whatever_its_fields_say() {
    let job = Job::new(Compression::Gzip);
    let mut files = job.open(&[]);
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n";
    let place = files.append_capture(&Exchange::get("/", head, b"").capture()).unwrap().unwrap();
    commit(&mut files);
    let parts = response_parts(job.dir.path(), &place, BYTES_MAX).unwrap();
    assert_eq!(parts.decoded(BYTES_MAX).unwrap(), b"");
}

#[test]
fn damage_to_a_compressed_record_never_changes_what_is_read() {
    for compression in [Compression::Gzip, Compression::Zstd] {
        let job = Job::new(compression);
        let mut files = job.open(&[]);
        let place = files.append_capture(&Exchange::chunked_gzip("/", "come back later").capture()).unwrap().unwrap();
        commit(&mut files);
        let path = job.path(&place.file);
        let sound = std::fs::read(&path).unwrap();
        let record = job.read(&place);
        let mut found = 0;
        for at in 0..place.length {
            let mut bytes = sound.clone();
            bytes[usize::try_from(place.offset + at).unwrap()] ^= 0x10;
            std::fs::write(&path, &bytes).unwrap();
            let read = read_member(&path, place.offset, place.length, BYTES_MAX);
            // Both formats have bits that mean nothing: a time in the header, padding at the end of a stream.
            match read {
                Ok(read) => assert_eq!(read, record, "{compression:?}: byte {at}"),
                Err(_) => found += 1,
            }
        }
        assert!(found > place.length * 9 / 10, "{compression:?}: {found} of {} changes were found", place.length);
    }
}

#[test]
fn damage_to_a_plain_record_never_panics() {
    let job = Job::new(Compression::None);
    let mut files = job.open(&[]);
    let page = Exchange::chunked_gzip("/", "come back later");
    files.append_capture(&page.capture()).unwrap();
    let place = files.append_capture(&page.capture()).unwrap().unwrap();
    commit(&mut files);
    let path = job.path(&place.file);
    let sound = std::fs::read(&path).unwrap();
    let mut found = 0;
    for at in 0..sound.len() {
        let mut bytes = sound.clone();
        bytes[at] ^= 0x10;
        std::fs::write(&path, &bytes).unwrap();
        let read = response_parts(job.dir.path(), &place, BYTES_MAX).and_then(|parts| parts.decoded(BYTES_MAX));
        found += usize::from(read.is_err());
    }
    assert!(found > 0 && found < sound.len(), "{found} of {} changes were found", sound.len());
}
