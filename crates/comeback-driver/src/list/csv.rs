//! CSV and its relatives: records in columns, one of which holds the URLs; the others are carried to the row's `meta`.
//!
//! Which column it is, the user says (`--url-column`), else the header says by one of a few names, else there is only one column.
//! Anything less plain is an error that lists the columns: a guess would fetch the wrong thing a million times.

use std::io::BufRead;
use std::path::Path;

use comeback_engine::seed_url::{SeedUrl, canonical};
use serde::Serializer as _;

use super::csv_record::Records;
use super::damage::ReadError;
use super::form::BYTE_ORDER_MARK;
use super::{BadLine, Entry, Item, LineRefusal, ListError, ListReader};

pub use super::csv_record::COLUMNS_MAX;

/// Names of the column of URLs, in any case; where a header has several, the first of these counts.
pub const URL_COLUMNS: [&str; 5] = ["url", "link", "loc", "href", "address"];

/// Columns that an error lists, and characters of each name.
const COLUMNS_SHOWN_MAX: usize = 20;
const NAME_CHARS_SHOWN_MAX: usize = 40;

/// A CSV list.
pub struct CsvList<R> {
    records: Records<R>,
    columns: Columns,
    /// Whether the first record, which is held, is no header and still to be given.
    is_first_due: bool,
}

/// What the columns are.
#[derive(Debug, Default)]
struct Columns {
    names: Vec<String>,
    url: usize,
}

impl<R: BufRead> CsvList<R> {
    /// Reads a source from its beginning, whose first bytes are `head`; `path` is for messages.
    ///
    /// # Errors
    /// The system refuses, the stream is damaged, or no column is known to hold URLs.
    pub fn new(source: R, head: &[u8], path: &Path, url_column: Option<&str>) -> Result<Self, ListError> {
        let mut records = Records::new(source, separator(head));
        let first = records.read().map_err(|error| ListError::of(path, ReadError::of(error, records.position().line + 1)))?;
        let line = records.line();
        let Some(first) = first else {
            return Ok(Self { records, columns: Columns::default(), is_first_due: false });
        };
        first.map_err(|refusal| ListError::Header { path: path.to_owned(), bad: BadLine { line, refusal } })?;
        let fields = records.fields();
        let (columns, is_header) =
            Columns::of_first(&fields, url_column).ok_or_else(|| no_url_column(path, &fields, url_column))?;
        Ok(Self { records, columns, is_first_due: !is_header })
    }

    fn entry(&self) -> Result<SeedUrl, LineRefusal> {
        let Columns { names, url } = &self.columns;
        let fields = self.records.fields();
        let used = fields.iter().rposition(|field| !field.is_empty()).map_or(0, |last| last + 1);
        if used > names.len() {
            return Err(LineRefusal::MoreColumns { found: used, expected: names.len() });
        }
        let given = fields.get(*url).map_or("", |field| field.trim());
        if given.is_empty() {
            return Err(LineRefusal::NoUrl { column: url + 1 });
        }
        canonical(given)?;
        let others = names.iter().zip(&fields).enumerate().filter(|(index, _)| index != url).map(|(_, pair)| pair);
        Ok(SeedUrl { meta: meta(others), ..SeedUrl::get(given) })
    }
}

impl<R: BufRead + Send> ListReader for CsvList<R> {
    fn next_item(&mut self) -> Result<Option<Item>, ReadError> {
        let read = if std::mem::take(&mut self.is_first_due) {
            Some(Ok(()))
        } else {
            self.records.read().map_err(|error| ReadError::of(error, self.records.position().line + 1))?
        };
        let line = self.records.line();
        let item = |read: Result<(), LineRefusal>| {
            let entry = read.and_then(|()| self.entry()).map(Entry::Url).map_err(|refusal| BadLine { line, refusal });
            Item { line, end_offset: self.records.position().offset, entry }
        };
        Ok(read.map(item))
    }
}

impl Columns {
    /// Finds the columns by the first record; and says whether that is a header.
    fn of_first(fields: &[&str], url_column: Option<&str>) -> Option<(Self, bool)> {
        let named = |name: &str| fields.iter().position(|field| field.trim().eq_ignore_ascii_case(name));
        let (url, is_header) = match url_column {
            Some(column) => match (named(column), column.parse::<usize>().ok().and_then(|number| number.checked_sub(1))) {
                (Some(url), _) => (url, true),
                (None, Some(url)) => (url, canonical(fields.get(url)?.trim()).is_err()),
                (None, None) => return None,
            },
            None => match URL_COLUMNS.iter().find_map(|name| named(name)) {
                Some(url) => (url, true),
                None if fields.len() == 1 => (0, false),
                None => return None,
            },
        };
        let mut names: Vec<String> = Vec::new();
        for (number, field) in (1_u32..).zip(fields) {
            let name = field.trim();
            // A name that is empty or taken says nothing; the number does.
            let is_name = is_header && !name.is_empty() && !names.iter().any(|known| known == name);
            names.push(if is_name { name.to_owned() } else { number.to_string() });
        }
        Some((Self { names, url }, is_header))
    }
}

/// The other columns as a JSON object of strings; `None` where there are none.
fn meta<'a>(columns: impl Iterator<Item = (&'a String, &'a &'a str)>) -> Option<String> {
    let mut columns = columns.peekable();
    columns.peek()?;
    let mut json = Vec::new();
    serde_json::Serializer::new(&mut json).collect_map(columns).expect("a Vec takes all, and all keys are strings");
    Some(String::from_utf8(json).expect("JSON is UTF-8"))
}

fn no_url_column(path: &Path, fields: &[&str], asked: Option<&str>) -> ListError {
    let short = |name: &str| name.trim().chars().take(NAME_CHARS_SHOWN_MAX).collect::<String>();
    let mut columns: Vec<String> =
        (1..=COLUMNS_SHOWN_MAX).zip(fields).map(|(number, name)| format!("{number} `{}`", short(name))).collect();
    if fields.len() > COLUMNS_SHOWN_MAX {
        columns.push(format!("and {} more", fields.len() - COLUMNS_SHOWN_MAX));
    }
    ListError::NoUrlColumn { path: path.to_owned(), asked: asked.map(str::to_owned), columns: columns.join(", ") }
}

/// What is between columns, by the first line: a tab or a semicolon where it has one and no comma outside quotes. Where it has none
/// of them there is one column, in which a comma is no separator.
fn separator(head: &[u8]) -> u8 {
    let line = first_line(head);
    let mut in_quotes = false;
    let plain = line.iter().copied().filter(|byte| {
        in_quotes ^= *byte == b'"';
        !in_quotes
    });
    let plain: Vec<u8> = plain.collect();
    [b',', b'\t', b';'].into_iter().find(|separator| plain.contains(separator)).unwrap_or(UNIT_SEPARATOR)
}

/// Separates columns in no CSV file (it is ASCII's own separator).
const UNIT_SEPARATOR: u8 = 0x1f;

/// The first line that is not blank, line ends within quotes being no ends.
fn first_line(head: &[u8]) -> &[u8] {
    let head = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head);
    let begin = head.iter().position(|byte| !matches!(byte, b'\n' | b'\r')).unwrap_or(head.len());
    let mut in_quotes = false;
    let is_end = |byte: &u8| {
        in_quotes ^= *byte == b'"';
        !in_quotes && matches!(byte, b'\n' | b'\r')
    };
    let line = &head[begin..];
    &line[..line.iter().position(is_end).unwrap_or(line.len())]
}

/// Whether a head begins with a line that names a column of URLs.
pub(super) fn is_header(head: &[u8]) -> bool {
    let separator = separator(head);
    let line = first_line(head);
    let mut names = line.split(|byte| *byte == separator).map(<[u8]>::trim_ascii);
    let holds_a_url = line.windows(URL_MARK.len()).any(|piece| piece == URL_MARK);
    !holds_a_url
        && names.any(|name| {
            let name = name.strip_prefix(b"\"").and_then(|name| name.strip_suffix(b"\"")).unwrap_or(name);
            URL_COLUMNS.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
        })
}

/// What every URL has after its scheme, and no name of a column.
const URL_MARK: &[u8] = b"://";
