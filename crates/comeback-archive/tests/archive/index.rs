//! The index of captures: it has what is committed and nothing else, whatever became of the notes that it is made of.

use std::fs;

use comeback_archive::{Compression, FileLength, INDEX_PATH, IndexEnd, NOTES_FOLDER, write_index};
use serde_json::Value;

use crate::exchanges::{Exchange, Job, commit, every_kind};

const KINDS: [Compression; 3] = [Compression::Gzip, Compression::Zstd, Compression::None];

/// The lines of a job's index, brought up to date.
fn index(job: &Job, committed: &[FileLength]) -> Vec<String> {
    assert_eq!(write_index(job.dir.path(), committed, &|| false).unwrap(), IndexEnd::Complete);
    fs::read_to_string(job.path(INDEX_PATH)).unwrap().lines().map(str::to_owned).collect()
}

/// The same, made of nothing but the WARC files.
fn index_of_files(job: &Job, committed: &[FileLength]) -> Vec<String> {
    fs::remove_dir_all(job.path(NOTES_FOLDER)).unwrap();
    index(job, committed)
}

fn noted_bytes(job: &Job) -> u64 {
    let entries = fs::read_dir(job.path(NOTES_FOLDER)).unwrap().map(Result::unwrap);
    entries
        .filter(|entry| entry.path().extension().is_some_and(|ending| ending == "notes"))
        .map(|entry| entry.metadata().unwrap().len())
        .sum()
}

#[test]
fn notes_and_files_say_the_same() {
    for compression in KINDS {
        let job = Job::new(compression);
        let mut files = job.open(&[]);
        let exchanges = every_kind();
        for exchange in &exchanges {
            files.append_capture(&exchange.capture()).unwrap();
        }
        let committed = commit(&mut files);
        assert!(noted_bytes(&job) > 0);
        let of_notes = index(&job, &committed);
        // All but the silent exchange and the one that is no HTTP.
        assert_eq!(of_notes.len(), exchanges.len() - 2);
        assert!(of_notes.is_sorted());
        assert_eq!(index_of_files(&job, &committed), of_notes, "{compression:?}");
    }
}

#[test]
fn each_line_names_the_place_of_its_record() {
    for compression in KINDS {
        let mut job = Job::new(compression);
        // A new file after each exchange.
        job.settings.file_bytes_max = 1;
        let mut files = job.open(&[]);
        for exchange in every_kind() {
            files.append_capture(&exchange.capture()).unwrap();
        }
        let committed = commit(&mut files);
        for line in index(&job, &committed) {
            let fields: Value = serde_json::from_str(line.splitn(3, ' ').nth(2).unwrap()).unwrap();
            let number = |name: &str| fields[name].as_str().unwrap().parse().unwrap();
            let place = comeback_archive::CapturePlace {
                file: format!("warc/{}", fields["filename"].as_str().unwrap()),
                offset: number("offset"),
                length: number("length"),
            };
            let record = job.read(&place);
            assert_eq!(record.field("WARC-Target-URI"), fields["url"].as_str(), "{line}");
            let digest = record.field("WARC-Payload-Digest").map(|digest| digest.strip_prefix("sha1:").unwrap());
            assert_eq!(digest, fields["digest"].as_str(), "{line}");
        }
    }
}

#[test]
fn what_no_commit_names_is_in_no_index() {
    for compression in KINDS {
        let job = Job::new(compression);
        let mut files = job.open(&[]);
        files.append_capture(&Exchange::page("/committed", b"1").capture()).unwrap();
        let committed = commit(&mut files);
        // Written and synced, but the process dies before the store has it.
        files.append_capture(&Exchange::page("/lost", b"2").capture()).unwrap();
        files.write_out().unwrap();
        files.sync_handles().unwrap().sync().unwrap();
        drop(files);
        assert_eq!(index(&job, &committed).len(), 1);
        let mut files = job.open(&committed);
        files.append_capture(&Exchange::page("/after", b"3").capture()).unwrap();
        let committed = commit(&mut files);
        // The commit is durable, but the process dies before it is noted.
        files.append_capture(&Exchange::page("/unnoted", b"4").capture()).unwrap();
        files.write_out().unwrap();
        files.sync_handles().unwrap().sync().unwrap();
        let unnoted = files.lengths();
        drop(files);
        let of_both = index(&job, &unnoted);
        let paths: Vec<&str> = of_both.iter().map(|line| line.split([')', ' ']).nth(1).unwrap()).collect();
        assert_eq!(paths, ["/after", "/committed", "/unnoted"]);
        assert_eq!(index_of_files(&job, &unnoted), of_both);
        assert!(committed[0].bytes < unnoted[0].bytes);
    }
}

#[test]
fn index_grows_with_the_job_and_nothing_is_left_beside_it() {
    let job = Job::new(Compression::Gzip);
    let mut files = job.open(&[]);
    let mut committed = Vec::new();
    for round in 1..=3 {
        for number in 0..50 {
            let path = format!("/{}", (number * 7919 + round) % 1000);
            files.append_capture(&Exchange::page(&path, path.as_bytes()).capture()).unwrap();
        }
        committed = commit(&mut files);
        let lines = index(&job, &committed);
        assert!(lines.len() == 50 * round && lines.is_sorted());
        assert_eq!(noted_bytes(&job), 0);
    }
    let grown = index(&job, &committed);
    assert_eq!(index_of_files(&job, &committed), grown);
    // Whoever removes it gets it again.
    fs::remove_file(job.path(INDEX_PATH)).unwrap();
    assert_eq!(index(&job, &committed), grown);
}

#[test]
fn death_between_the_index_and_what_it_covers_doubles_no_line() {
    let job = Job::new(Compression::Gzip);
    let mut files = job.open(&[]);
    files.append_capture(&Exchange::page("/1", b"1").capture()).unwrap();
    index(&job, &commit(&mut files));
    let covered = fs::read(job.path("state/index/covered.json")).unwrap();
    files.append_capture(&Exchange::page("/2", b"2").capture()).unwrap();
    let committed = commit(&mut files);
    let whole = index(&job, &committed);
    fs::write(job.path("state/index/covered.json"), covered).unwrap();
    assert_eq!(index(&job, &committed), whole);
}

#[test]
fn index_that_is_stopped_stays_as_it_was() {
    let job = Job::new(Compression::Gzip);
    let mut files = job.open(&[]);
    files.append_capture(&Exchange::page("/1", b"1").capture()).unwrap();
    let first = commit(&mut files);
    let before = index(&job, &first);
    files.append_capture(&Exchange::page("/2", b"2").capture()).unwrap();
    let committed = commit(&mut files);
    fs::remove_dir_all(job.path(NOTES_FOLDER)).unwrap();
    assert_eq!(write_index(job.dir.path(), &committed, &|| true).unwrap(), IndexEnd::Stopped);
    assert_eq!(fs::read_to_string(job.path(INDEX_PATH)).unwrap().lines().collect::<Vec<_>>(), before);
    assert_eq!(index(&job, &committed).len(), 2);
}

#[test]
fn lost_results_are_named() {
    let job = Job::new(Compression::Gzip);
    let mut files = job.open(&[]);
    files.append_capture(&Exchange::page("/1", b"1").capture()).unwrap();
    let committed = commit(&mut files);
    let path = job.path(&committed[0].path);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let error = write_index(job.dir.path(), &committed, &|| false).unwrap_err();
    assert!(error.to_string().contains("were committed"), "{error}");
}
