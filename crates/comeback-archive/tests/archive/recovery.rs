//! Claims about commits and recovery.

use std::fs;
use std::io::ErrorKind;

use comeback_archive::{ArchiveError, ArchiveSettings, Compression, FileLength, PartitionFiles, rows};
use comeback_engine::ids::PartitionId;

use crate::exchanges::{Exchange, Job, PARTITION, commit, names_in};
use crate::rows::row;

#[test]
fn files_are_made_when_first_needed_and_named_after_their_partition() {
    let job = Job::new(Compression::Gzip);
    let mut files = job.open(&[]);
    assert_eq!(files.lengths(), []);
    assert!(commit(&mut files).is_empty());
    assert!(names_in(job.dir.path()).is_empty());
    files.append_row(&row("http://a/")).unwrap();
    files.append_capture(&Exchange::page("/", b"body").capture()).unwrap();
    let lengths = commit(&mut files);
    let paths: Vec<&str> = lengths.iter().map(|length| length.path.as_str()).collect();
    assert_eq!(paths, ["warc/p007-0001.warc.gz", "outcomes/p007-0001.jsonl"]);
    for length in &lengths {
        assert_eq!(fs::metadata(job.path(&length.path)).unwrap().len(), length.bytes);
    }
}

#[test]
fn only_what_is_new_is_synced() {
    let job = Job::new(Compression::Gzip);
    let mut files = job.open(&[]);
    files.append_row(&row("http://a/")).unwrap();
    files.write_out().unwrap();
    assert!(!files.sync_handles().unwrap().is_empty());
    assert!(files.sync_handles().unwrap().is_empty());
    files.append_row(&row("http://a/")).unwrap();
    files.write_out().unwrap();
    assert!(!files.sync_handles().unwrap().is_empty());
}

#[test]
fn uncommitted_tails_and_files_are_gone_after_recovery() {
    let mut job = Job::new(Compression::Gzip);
    job.settings.file_bytes_max = 2000;
    let mut files = job.open(&[]);
    let place = files.append_capture(&Exchange::page("/1", b"one").capture()).unwrap().unwrap();
    files.append_row(&row("http://a/1")).unwrap();
    let committed = commit(&mut files);
    for number in 2..20 {
        files.append_capture(&Exchange::page("/n", format!("{number}").as_bytes()).capture()).unwrap();
        files.append_row(&row("http://a/n")).unwrap();
    }
    files.write_out().unwrap();
    drop(files);
    assert!(names_in(&job.path("warc")).len() > 1);
    // Another partition's files and strangers are not ours to touch.
    for stranger in ["warc/p008-0001.warc.gz", "warc/p0070-0001.warc.gz", "warc/notes.txt", "outcomes/p007-old.jsonl"] {
        fs::write(job.path(stranger), b"x").unwrap();
    }

    let mut files = job.open(&committed);
    assert_eq!(files.lengths(), committed);
    assert_eq!(names_in(&job.path("warc")), ["notes.txt", "p007-0001.warc.gz", "p0070-0001.warc.gz", "p008-0001.warc.gz"]);
    assert_eq!(names_in(&job.path("outcomes")), ["p007-0001.jsonl", "p007-old.jsonl"]);
    let again = files.append_capture(&Exchange::page("/2", b"two").capture()).unwrap().unwrap();
    assert_eq!((again.file.as_str(), again.offset), (committed[0].path.as_str(), committed[0].bytes));
    files.append_row(&row("http://a/2")).unwrap();
    let committed = commit(&mut files);
    assert_eq!(job.read(&place).record_type(), "response");
    assert_eq!(job.read(&again).record_type(), "response");
    let urls: Vec<String> = rows(job.dir.path(), &committed).map(|row| row.unwrap().url).collect();
    assert_eq!(urls, ["http://a/1", "http://a/2"]);
}

#[test]
fn full_file_is_followed_by_the_next_and_recovery_goes_on_there() {
    let mut job = Job::new(Compression::None);
    job.settings.file_bytes_max = 1;
    let mut files = job.open(&[]);
    let places =
        ["/1", "/2", "/3"].map(|path| files.append_capture(&Exchange::page(path, path.as_bytes()).capture()).unwrap().unwrap());
    let committed = commit(&mut files);
    assert_eq!(
        places.each_ref().map(|place| place.file.as_str()),
        ["warc/p007-0001.warc", "warc/p007-0002.warc", "warc/p007-0003.warc"]
    );
    assert_eq!(committed.len(), 3);
    drop(files);
    let mut files = job.open(&committed);
    assert_eq!(files.lengths(), committed);
    let fourth = files.append_capture(&Exchange::page("/4", b"4").capture()).unwrap().unwrap();
    assert_eq!(fourth.file, "warc/p007-0004.warc");
    commit(&mut files);
    for place in places {
        assert_eq!(job.read(&place).record_type(), "response");
    }
}

#[test]
fn other_compression_begins_a_new_file() {
    let mut job = Job::new(Compression::Gzip);
    let mut files = job.open(&[]);
    files.append_capture(&Exchange::page("/", b"body").capture()).unwrap();
    let committed = commit(&mut files);
    drop(files);
    job.settings.compression = Compression::Zstd;
    let mut files = job.open(&committed);
    let place = files.append_capture(&Exchange::page("/", b"body").capture()).unwrap().unwrap();
    assert_eq!(place.file, "warc/p007-0002.warc.zst");
    let lengths = commit(&mut files);
    assert_eq!(job.read(&place).record_type(), "response");
    drop(files);
    assert_eq!(job.open(&lengths).lengths(), lengths);
}

#[test]
fn lost_bytes_stop_the_recovery_before_it_changes_anything() {
    let job = Job::new(Compression::Gzip);
    let mut files = job.open(&[]);
    files.append_row(&row("http://a/")).unwrap();
    let mut committed = commit(&mut files);
    drop(files);
    let path = job.path(&committed[0].path);
    let bytes = fs::read(&path).unwrap();
    let extras = [job.path("outcomes/p007-0009.jsonl"), job.path("warc/p007-0009.warc.gz")];
    fs::create_dir(job.path("warc")).unwrap();
    for extra in &extras {
        fs::write(extra, b"x").unwrap();
    }
    let settings = ArchiveSettings::default();

    fs::write(&path, &bytes[1..]).unwrap();
    let error = PartitionFiles::recover(job.dir.path(), PARTITION, &committed, &settings).map(drop).unwrap_err();
    assert!(matches!(error, ArchiveError::ShorterThanCommitted { .. }));
    let sentence = format!("{} has {} bytes, but {} were committed", path.display(), bytes.len() - 1, bytes.len());
    assert_eq!(error.to_string(), sentence);
    assert!(error.hint().is_some());
    assert!(extras.iter().all(|extra| extra.exists()));
    assert!(matches!(rows(job.dir.path(), &committed).next(), Some(Err(ArchiveError::ShorterThanCommitted { .. }))));

    fs::remove_file(&path).unwrap();
    let error = PartitionFiles::recover(job.dir.path(), PARTITION, &committed, &settings).map(drop).unwrap_err();
    let sentence = format!("{} is missing, but {} bytes of it were committed", path.display(), bytes.len());
    assert_eq!(error.to_string(), sentence);
    assert!(error.hint().is_some());
    assert!(matches!(rows(job.dir.path(), &committed).next(), Some(Err(ArchiveError::CommittedFileMissing { .. }))));
    committed[0].bytes = 0;
    let error = PartitionFiles::recover(job.dir.path(), PARTITION, &committed, &settings).map(drop).unwrap_err();
    assert!(matches!(error, ArchiveError::CommittedFileMissing { committed: 0, .. }));
}

#[test]
fn commit_cannot_name_what_is_not_the_partitions() {
    let job = Job::new(Compression::Gzip);
    for path in ["warc/p008-0001.warc.gz", "warc/../job.toml", "job.toml", "/etc/passwd", "outcomes/x", "state/p007-0001.jsonl"] {
        let committed = [FileLength { path: path.into(), bytes: 0 }];
        let error = PartitionFiles::recover(job.dir.path(), PARTITION, &committed, &job.settings).map(drop).unwrap_err();
        assert!(matches!(error, ArchiveError::ForeignFile { .. }), "{path}: {error}");
    }
    fs::create_dir(job.path("warc")).unwrap();
    let twice = ["warc/p007-0001.warc", "warc/p007-0001.warc.gz"].map(|path| FileLength { path: path.into(), bytes: 0 });
    for length in &twice {
        fs::write(job.path(&length.path), b"").unwrap();
    }
    let error = PartitionFiles::recover(job.dir.path(), PARTITION, &twice, &job.settings).map(drop).unwrap_err();
    assert!(matches!(error, ArchiveError::ForeignFile { .. }), "{error}");
    let other = PartitionFiles::recover(job.dir.path(), PartitionId(8), &[], &job.settings).unwrap();
    assert!(other.lengths().is_empty());
}

/// `/dev/full` answers every write as a full disk does.
#[cfg(target_os = "linux")]
#[test]
fn full_disk_is_told_in_the_systems_words_and_takes_nothing_more() {
    let job = Job::new(Compression::Gzip);
    fs::create_dir(job.path("warc")).unwrap();
    std::os::unix::fs::symlink("/dev/full", job.path("warc/p007-0001.warc.gz")).unwrap();
    let committed = [FileLength { path: "warc/p007-0001.warc.gz".into(), bytes: 0 }];
    let mut files = job.open(&committed);
    files.append_capture(&Exchange::page("/", b"body").capture()).unwrap();
    let error = files.write_out().unwrap_err();
    assert_eq!(error.system_error().map(std::io::Error::kind), Some(ErrorKind::StorageFull));
    let sentence =
        format!("cannot write {}: No space left on device (os error 28)", job.path("warc/p007-0001.warc.gz").display());
    assert_eq!(error.to_string(), sentence);
    assert!(matches!(files.write_out(), Err(ArchiveError::Poisoned { partition: 7 })));
    assert!(matches!(files.append_row(&row("http://a/")), Err(ArchiveError::Poisoned { .. })));
    assert!(matches!(files.append_capture(&Exchange::page("/", b"body").capture()), Err(ArchiveError::Poisoned { .. })));
    assert!(matches!(files.sync_handles().map(drop), Err(ArchiveError::Poisoned { .. })));

    // One that does not fit the buffer is refused on the spot.
    let mut files = job.open(&committed);
    let mut state = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(300_000)
    .collect();
    let error = files.append_capture(&Exchange::page("/", &noise).capture()).unwrap_err();
    assert_eq!(error.system_error().map(std::io::Error::kind), Some(ErrorKind::StorageFull));
}
