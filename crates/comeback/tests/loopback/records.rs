//! WARC files, read without the product: by `warcio`, the field's reference reader, and by a reader of a page's length.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;

use crate::account::{Place, Row};
use crate::program::{files as files_ending, tool};

/// A record: its header lines as text, and its block.
pub(crate) struct Record {
    header: String,
    pub(crate) block: Vec<u8>,
}

impl Record {
    /// The value of a header field.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let wanted = format!("{name}: ");
        self.header.lines().find_map(|line| line.strip_prefix(&wanted))
    }

    /// Reads the first member of the bytes, and leaves what follows it.
    fn first(bytes: &mut &[u8]) -> Self {
        let mut decoder = GzDecoder::new(&mut *bytes);
        let mut text = Vec::new();
        decoder.read_to_end(&mut text).unwrap();
        let end = text.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        let header = String::from_utf8(text[..end].to_vec()).unwrap();
        let mut record = Self { header, block: Vec::new() };
        let length: usize = record.field("Content-Length").unwrap().parse().unwrap();
        assert_eq!(&text[end + length..], b"\r\n\r\n", "a record ends with two empty lines");
        record.block = text[end..end + length].to_vec();
        record
    }

    /// The record that a row points at; it fills its place exactly.
    pub(crate) fn at(job: &Path, place: &Place) -> Self {
        let file = std::fs::read(job.join(&place.file)).unwrap();
        let mut member = &file[place.offset..place.offset + place.length];
        let record = Self::first(&mut member);
        assert!(member.is_empty(), "the place of a record ends with it");
        record
    }

    /// The captured response that a row points at.
    pub(crate) fn response_of(job: &Path, row: &Row) -> Self {
        let record = Self::at(job, row.warc.as_ref().unwrap());
        assert_eq!(record.field("WARC-Target-URI"), Some(row.url.as_str()));
        record
    }
}

/// All records of a job, file by file.
pub(crate) fn all(job: &Path) -> Vec<Record> {
    let mut records = Vec::new();
    for file in files_ending(&job.join("warc"), ".warc.gz") {
        let bytes = std::fs::read(file).unwrap();
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            records.push(Record::first(&mut rest));
        }
    }
    records
}

/// The bytes of the request that a URL was asked with.
pub(crate) fn request_of(records: &[Record], url: &str) -> Vec<u8> {
    let is_it = |record: &&Record| record.field("WARC-Type") == Some("request") && record.field("WARC-Target-URI") == Some(url);
    records.iter().find(is_it).unwrap_or_else(|| panic!("no request record for {url}")).block.clone()
}

/// Asserts that `warcio` finds no fault in any WARC file of a job; what it says.
pub(crate) fn assert_valid(job: &Path) -> String {
    let folder = job.join("warc");
    let mut files: Vec<PathBuf> = [".warc.gz", ".warc"].iter().flat_map(|ending| files_ending(&folder, ending)).collect();
    // warcio does not read zstd: of such files it gets copies without it.
    let copies = tempfile::tempdir().unwrap();
    for file in files_ending(&folder, ".warc.zst") {
        let copy = copies.path().join(file.file_stem().unwrap());
        std::fs::write(&copy, zstd::decode_all(std::fs::File::open(file).unwrap()).unwrap()).unwrap();
        files.push(copy);
    }
    assert!(!files.is_empty(), "the job has no WARC file");
    let mut arguments = vec!["check".into(), "-v".into()];
    arguments.extend(files.into_iter().map(PathBuf::into_os_string));
    let (is_valid, said) = tool("warcio", arguments, "pip: warcio");
    assert!(is_valid, "{said}");
    said
}
