//! Random histories of a partition's files against a model: whatever is killed, and whenever power fails, what was committed is
//! there, and nothing else. Each history has a seed, which a failure names.

use std::collections::BTreeSet;
use std::fs::{self, File};

use comeback_engine::diagnosis::clock::WallTime;
use faults::chance::Chance;
use faults::power::{Disk, fast_folder};
use tempfile::TempDir;

use super::*;
use crate::index::{INDEX_PATH, IndexEnd, NOTES_FOLDER, write_index};
use crate::reading::response::response_parts;
use crate::reading::rows::rows;
use crate::warc::capture::{ResponseBlock, Wire};

const HISTORIES: usize = 10_000;
const PARTITION: PartitionId = PartitionId(3);
const LIVES_MAX: u64 = 4;
const STEPS_MAX: u64 = 16;
const BODY_BYTES_MAX: u64 = 1500;
const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";

/// A URL that was fetched: its capture and its row.
#[derive(Clone)]
struct Page {
    url: String,
    body: Vec<u8>,
    place: CapturePlace,
}

/// What must be there.
#[derive(Clone, Default)]
struct Committed {
    files: Vec<FileLength>,
    pages: Vec<Page>,
}

struct History {
    dir: TempDir,
    disk: Disk,
    chance: Chance,
    committed: Committed,
    page_number: u64,
}

impl History {
    fn of_seed(seed: u64) -> Self {
        let dir = tempfile::tempdir_in(fast_folder()).unwrap();
        let disk = Disk::new(dir.path()).unwrap();
        Self { dir, disk, chance: Chance::of_seed(seed), committed: Committed::default(), page_number: 0 }
    }

    fn play(mut self) {
        let file_bytes_max = 300 + self.chance.below(4000);
        for _ in 0..=self.chance.below(LIVES_MAX) {
            let compression = match self.chance.below(3) {
                0 => Compression::Gzip,
                1 => Compression::Zstd,
                _ => Compression::None,
            };
            let settings = ArchiveSettings { compression, file_bytes_max, originals_count_max: 4, ..ArchiveSettings::default() };
            self.live(&settings);
            if self.chance.flip() {
                self.disk.fail_power(&mut self.chance).unwrap();
            }
            if self.chance.below(3) == 0 {
                self.check_index();
            }
        }
        self.open(&ArchiveSettings::default());
        self.check_index();
    }

    /// A process: it recovers, works, and dies.
    fn live(&mut self, settings: &ArchiveSettings) {
        let mut files = self.open(settings);
        let mut pages = self.committed.pages.clone();
        for _ in 0..self.chance.below(STEPS_MAX) {
            if self.chance.below(3) > 0 {
                pages.push(self.append_page(&mut files));
            } else if !self.commit(&mut files, &pages) {
                return;
            }
        }
    }

    fn open(&mut self, settings: &ArchiveSettings) -> PartitionFiles {
        let dir = self.dir.path();
        let files = PartitionFiles::recover(dir, PARTITION, &self.committed.files, settings).unwrap();
        // Recovery syncs what it cuts back.
        self.disk.contents_synced().unwrap();
        let found: Vec<String> = rows(dir, &self.committed.files).map(|row| row.unwrap().url).collect();
        assert_eq!(found, self.committed.pages.iter().map(|page| page.url.clone()).collect::<Vec<_>>());
        for page in &self.committed.pages {
            assert_eq!(response_parts(dir, &page.place, 1 << 20).unwrap().payload, page.body, "{}", page.url);
        }
        let named: BTreeSet<String> = self.committed.files.iter().map(|length| length.path.clone()).collect();
        let folders = [WARC_FOLDER, OUTCOMES_FOLDER].into_iter().flat_map(|folder| {
            let entries = fs::read_dir(dir.join(folder)).into_iter().flatten();
            entries.map(move |entry| format!("{folder}/{}", entry.unwrap().file_name().to_string_lossy()))
        });
        let there: BTreeSet<String> = folders.filter(|path| !path.contains("index.cdxj")).collect();
        assert_eq!(there, named);
        files
    }

    fn append_page(&mut self, files: &mut PartitionFiles) -> Page {
        self.page_number += 1;
        let url = format!("http://a.example/{}", self.page_number);
        // Some bodies come again.
        let bytes = self.chance.below(BODY_BYTES_MAX) / 300 * 300 + 1;
        let mut of_body = Chance::of_seed(bytes);
        let body: Vec<u8> = (0..bytes).map(|_| u8::try_from(of_body.below(256)).unwrap()).collect();
        let wire = [HEAD, &body].concat();
        let capture = CaptureRecord {
            target_uri: &url,
            request_wire: b"GET / HTTP/1.1\r\n\r\n",
            response: Some(ResponseBlock { head_bytes: HEAD.len(), wire: Wire::memory(&wire), chunked: false, truncated: None }),
            ip: None,
            protocol: None,
            sent_at: WallTime(1_795_467_600_123 + self.page_number),
            metadata: &[],
        };
        let place = files.append_capture(&capture).unwrap().unwrap();
        let row = serde_json::json!({
            "url": url, "host": null, "outcome": "fetched", "cause": "none", "status": 200, "attempts": 1, "requests": 1,
            "route": "direct", "bytes": bytes, "first_at": null, "settled_at": "2026-11-23T21:00:01Z", "until": null, "credits": 0,
            "evidence": [], "warc": place, "meta": null
        });
        files.append_row(&serde_json::from_value(row).unwrap()).unwrap();
        Page { url, body, place }
    }

    /// Commits as the driver does, step by step; whether the process lives on.
    fn commit(&mut self, files: &mut PartitionFiles, pages: &[Page]) -> bool {
        files.write_out().unwrap();
        let SyncHandles { files: to_sync, folders } = files.sync_handles().unwrap();
        for (path, file) in to_sync {
            if self.dies() {
                return false;
            }
            file.sync_data().unwrap();
            self.disk.file_synced(&path).unwrap();
        }
        for folder in folders {
            if self.dies() {
                return false;
            }
            File::open(&folder).unwrap().sync_all().unwrap();
            self.disk.folder_synced(&folder).unwrap();
        }
        if self.dies() {
            return false;
        }
        self.committed = Committed { files: files.lengths(), pages: pages.to_vec() };
        if self.dies() {
            return false;
        }
        files.committed();
        true
    }

    fn dies(&mut self) -> bool {
        self.chance.below(16) == 0
    }

    /// The index has what is committed, made of whatever notes are left, and of none.
    fn check_index(&mut self) {
        let dir = self.dir.path();
        if self.committed.pages.is_empty() {
            return;
        }
        assert_eq!(write_index(dir, &self.committed.files, &|| false).unwrap(), IndexEnd::Complete);
        self.disk.file_synced(&dir.join(INDEX_PATH)).unwrap();
        self.disk.folder_synced(&dir.join(WARC_FOLDER)).unwrap();
        let index = fs::read_to_string(dir.join(INDEX_PATH)).unwrap();
        assert_eq!(index.lines().count(), self.committed.pages.len());
        if self.chance.below(4) == 0 {
            fs::remove_dir_all(dir.join(NOTES_FOLDER)).unwrap();
            write_index(dir, &self.committed.files, &|| false).unwrap();
            assert_eq!(fs::read_to_string(dir.join(INDEX_PATH)).unwrap(), index);
        }
    }
}

#[test]
fn committed_results_survive_every_history() {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                for seed in (thread..HISTORIES).step_by(threads) {
                    let played = std::panic::catch_unwind(|| History::of_seed(seed as u64).play());
                    assert!(played.is_ok(), "the history of seed {seed}");
                }
            });
        }
    });
}
