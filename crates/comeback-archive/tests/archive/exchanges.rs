//! The exchanges that the tests archive, and the folder in which they do it.

use std::io::Write;
use std::path::{Path, PathBuf};

use comeback_archive::{
    ArchiveSettings, CapturePlace, CaptureRecord, Compression, FileLength, PartitionFiles, ResponseBlock, Truncation, WarcRecord,
    Wire, read_member,
};
use comeback_engine::diagnosis::clock::WallTime;
use comeback_engine::ids::PartitionId;
use tempfile::TempDir;

pub(crate) const PARTITION: PartitionId = PartitionId(7);
pub(crate) const SENT_AT: WallTime = WallTime(1_795_467_600_123);
pub(crate) const BYTES_MAX: u64 = 1 << 30;

/// An exchange that owns its bytes.
#[derive(Clone)]
pub(crate) struct Exchange {
    pub(crate) target_uri: String,
    pub(crate) request: Vec<u8>,
    pub(crate) response: Option<Vec<u8>>,
    pub(crate) head_bytes: usize,
    pub(crate) chunked: bool,
    pub(crate) truncated: Option<Truncation>,
    pub(crate) metadata: Vec<(String, String)>,
}

impl Exchange {
    pub(crate) fn get(path: &str, head: &str, body: &[u8]) -> Self {
        Self {
            target_uri: format!("http://example.org{path}"),
            request: format!("GET {path} HTTP/1.1\r\nHost: example.org\r\n\r\n").into_bytes(),
            response: Some([head.as_bytes(), body].concat()),
            head_bytes: head.len(),
            chunked: head.to_ascii_lowercase().contains("chunked"),
            truncated: None,
            metadata: vec![("cause".into(), "none".into()), ("responder".into(), "origin".into())],
        }
    }

    /// Bytes that are neither text nor compressible.
    pub(crate) fn page(path: &str, body: &[u8]) -> Self {
        Self::get(path, &format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nX: \u{e9}\r\n\r\n", body.len()), body)
    }

    /// A body in gzip and in chunks.
    pub(crate) fn chunked_gzip(path: &str, text: &str) -> Self {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        let coded = encoder.finish().unwrap();
        let (first, second) = coded.split_at(7);
        let mut body = Vec::new();
        for chunk in [first, second] {
            body.extend_from_slice(format!("{:x};name=value\r\n", chunk.len()).as_bytes());
            body.extend_from_slice(chunk);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"0\r\nTrailer: x\r\n\r\n");
        Self::get(path, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n", &body)
    }

    pub(crate) fn capture(&self) -> CaptureRecord<'_> {
        let wire = |bytes| ResponseBlock {
            head_bytes: self.head_bytes,
            wire: Wire::memory(bytes),
            chunked: self.chunked,
            truncated: self.truncated,
        };
        CaptureRecord {
            target_uri: &self.target_uri,
            request_wire: &self.request,
            response: self.response.as_deref().map(wire),
            ip: Some("127.0.0.1".parse().unwrap()),
            protocol: Some("http/1.1"),
            sent_at: SENT_AT,
            metadata: &self.metadata,
        }
    }
}

/// One of each kind of record, and each kind of body.
pub(crate) fn every_kind() -> Vec<Exchange> {
    let page = Exchange::page("/page", b"come back later");
    let mut cut = Exchange::chunked_gzip("/cut", "come back never");
    let bytes = cut.response.as_mut().unwrap();
    bytes.truncate(bytes.len() - 9);
    cut.truncated = Some(Truncation::Disconnect);
    let mut interim = Exchange::page("/interim", b"after hints");
    interim.response = Some([b"HTTP/1.1 103 Early Hints\r\n\r\n", interim.response.unwrap().as_slice()].concat());
    interim.head_bytes += 28;
    let mut garbage = Exchange::page("/garbage", b"");
    garbage.response = Some(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec());
    garbage.head_bytes = 0;
    let mut odd_method = Exchange::page("/odd", b"odd");
    odd_method.request = b"PROPFIND /odd HTTP/1.1\r\n\r\n".to_vec();
    let mut secret = Exchange::page("/secret", b"secret");
    secret.request = b"POST /secret HTTP/1.1\r\nCookie: a=b\r\nContent-Length: 3\r\n\r\na=b".to_vec();
    vec![
        page.clone(),
        page,
        Exchange::chunked_gzip("/chunked", "come back later"),
        Exchange::get("/none", "HTTP/1.1 204 No Content\r\n\r\n", b""),
        Exchange::get("/bare", "HTTP/1.1 503 Service Unavailable\nRetry-After: 5\n\n", b"bare line feeds"),
        Exchange { response: None, ..Exchange::page("/silent", b"") },
        cut,
        interim,
        garbage,
        odd_method,
        secret,
    ]
}

/// A job's folder with one partition.
pub(crate) struct Job {
    pub(crate) dir: TempDir,
    pub(crate) settings: ArchiveSettings,
}

impl Job {
    pub(crate) fn new(compression: Compression) -> Self {
        let settings = ArchiveSettings { compression, ..ArchiveSettings::default() };
        Self { dir: tempfile::tempdir().unwrap(), settings }
    }

    pub(crate) fn open(&self, committed: &[FileLength]) -> PartitionFiles {
        PartitionFiles::recover(self.dir.path(), PARTITION, committed, &self.settings).unwrap()
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.dir.path().join(relative)
    }

    pub(crate) fn read(&self, place: &CapturePlace) -> WarcRecord {
        read_member(&self.path(&place.file), place.offset, place.length, BYTES_MAX).unwrap()
    }

    /// All records of a gzip file, found without our places: a member ends where the next begins.
    pub(crate) fn records(&self, relative: &str) -> Vec<WarcRecord> {
        let path = self.path(relative);
        let bytes = std::fs::read(&path).unwrap();
        let mut records = Vec::new();
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let before = rest.len();
            let offset = (bytes.len() - before) as u64;
            std::io::copy(&mut flate2::bufread::GzDecoder::new(&mut rest), &mut std::io::sink()).unwrap();
            records.push(read_member(&path, offset, (before - rest.len()) as u64, BYTES_MAX).unwrap());
        }
        records
    }
}

/// Commits as the driver does: writes out, syncs, and says what the commit names.
pub(crate) fn commit(files: &mut PartitionFiles) -> Vec<FileLength> {
    files.write_out().unwrap();
    files.sync_handles().unwrap().sync().unwrap();
    files.committed();
    files.lengths()
}

pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
