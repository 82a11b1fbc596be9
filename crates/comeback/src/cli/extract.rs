//! `comeback extract`: pages out of the archive, as files or one to stdout.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use comeback::exit::Exit;
use comeback::failure::Failure;
use comeback::{ArchiveError, CapturePlace, Outcome, OutcomeRow, ResponseParts, response_parts, rows};
use comeback_report::figures::{counted, plain};
use serde::Serialize;

use super::page_name::page_name;
use super::{complain, job_folder};

/// The largest decoded page, in bytes.
const PAGE_BYTES_MAX: u64 = 1 << 30;

/// What a record may have beyond its body: the response's head.
const HEAD_BYTES_MAX: u64 = 1 << 20;

/// The file in the output folder that says which page is where.
const INDEX_NAME: &str = "index.jsonl";

/// Get pages as files, or one page to stdout
///
/// Without a URL, every fetched page becomes a file, and index.jsonl says which
/// URL is where. With URLs, only those, whatever their outcome. With one URL and
/// no -o, its page goes to stdout. Bodies are decoded.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The job's folder
    dir: PathBuf,
    /// URLs as they were given in the list
    #[arg(value_name = "URL")]
    urls: Vec<String>,
    /// The folder for the pages [default: DIR/pages]
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
}

/// One line of the index.
#[derive(Debug, Serialize)]
struct IndexLine<'a> {
    url: &'a str,
    /// Relative to the index's folder.
    file: &'a str,
    status: Option<u16>,
    content_type: Option<String>,
    bytes: usize,
    /// Whether the body was cut when it was fetched.
    truncated: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments { dir, urls, output } = arguments;
    let (file, progress) = job_folder::published(dir)?;
    let files = progress.map(|progress| progress.files).unwrap_or_default();
    let block_bytes_max = file.settings.body_bytes_max.saturating_add(HEAD_BYTES_MAX);
    let archive = Archive { dir, files: &files, block_bytes_max };
    match (urls.as_slice(), output) {
        ([url], None) => archive.print_page(url),
        (_, output) => archive.write_pages(urls, &output.clone().unwrap_or_else(|| dir.join("pages"))),
    }
}

struct Archive<'a> {
    dir: &'a Path,
    files: &'a [comeback_archive::FileLength],
    block_bytes_max: u64,
}

impl Archive<'_> {
    fn print_page(&self, url: &str) -> Result<Exit, Failure> {
        let mut found = None;
        for row in rows(self.dir, self.files) {
            let row = row?;
            if row.url == url {
                found = row.warc.or(found);
            }
        }
        let place = found.ok_or_else(|| Failure::NoCapture { url: url.to_owned() })?;
        let (_, body) = self.page(&place)?;
        let mut output = io::stdout().lock();
        output.write_all(&body).and_then(|()| output.flush()).map_err(Failure::Output)?;
        Ok(Exit::Success)
    }

    fn write_pages(&self, urls: &[String], output: &Path) -> Result<Exit, Failure> {
        let wanted: BTreeSet<&str> = urls.iter().map(String::as_str).collect();
        let mut missing = wanted.clone();
        fs::create_dir_all(output).map_err(|source| system("create", output, source))?;
        let index_path = output.join(INDEX_NAME);
        let index_refused = |source| system("write", &index_path, source);
        let mut index = BufWriter::new(File::create(&index_path).map_err(index_refused)?);
        let (mut pages, mut failures) = (0_u64, 0_u64);
        for row in rows(self.dir, self.files) {
            let row = row?;
            let is_wanted = if wanted.is_empty() { row.outcome == Outcome::Fetched } else { wanted.contains(row.url.as_str()) };
            let Some(place) = row.warc.as_ref().filter(|_| is_wanted) else {
                continue;
            };
            missing.remove(row.url.as_str());
            match self.page(place) {
                Ok((parts, body)) => {
                    let line = write_page(output, &row, &parts, &body)?;
                    index.write_all(&line).map_err(index_refused)?;
                    pages += 1;
                }
                Err(error) if error.system_error().is_some() => return Err(error.into()),
                Err(error) => {
                    complain(&format!("{}: {error}\n", plain(&row.url)));
                    failures += 1;
                }
            }
        }
        index.flush().map_err(index_refused)?;
        for url in &missing {
            complain(&format!("{}: the job has no capture for it\n", plain(url)));
        }
        failures += missing.len() as u64;
        complain(&format!("{} in {}\n", counted(pages, "page"), output.display()));
        Ok(if failures == 0 { Exit::Success } else { Exit::Unfinished })
    }

    fn page(&self, place: &CapturePlace) -> Result<(ResponseParts, Vec<u8>), ArchiveError> {
        let parts = response_parts(self.dir, place, self.block_bytes_max)?;
        let body = parts.decoded(PAGE_BYTES_MAX)?;
        Ok((parts, body))
    }
}

/// Writes a page and returns its line of the index.
fn write_page(output: &Path, row: &OutcomeRow, parts: &ResponseParts, body: &[u8]) -> Result<Vec<u8>, Failure> {
    let content_type = parts.field("content-type");
    let name = page_name(row, content_type);
    let path = output.join(&name);
    let folder = path.parent().unwrap_or(output);
    fs::create_dir_all(folder).map_err(|source| system("create", folder, source))?;
    fs::write(&path, body).map_err(|source| system("write", &path, source))?;
    let line = IndexLine {
        url: &row.url,
        file: &name.to_string_lossy(),
        status: row.status,
        content_type: content_type.map(|value| String::from_utf8_lossy(value).into_owned()),
        bytes: body.len(),
        truncated: parts.is_truncated,
    };
    let mut line = serde_json::to_vec(&line).expect("an index line has only string keys and whole numbers");
    line.push(b'\n');
    Ok(line)
}

fn system(action: &'static str, path: &Path, source: io::Error) -> Failure {
    Failure::System { action, path: path.to_owned(), source }
}
