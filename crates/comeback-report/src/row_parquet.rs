//! Outcome rows as Parquet, for whoever analyses many of them: columns of types, in row groups of bounded size.
//!
//! A row group is gathered in memory and written whole, so that what is held does not grow with the job. The columns are the row's
//! fields in their order: times are timestamps in UTC with milliseconds, `evidence` is a list of texts, `warc` a struct, `meta` its
//! JSON text, and a null is a null. DuckDB, pandas and whatever else reads Parquet read it.

use std::io::{self, Write};
use std::sync::{Arc, LazyLock};

use comeback_archive::{CapturePlace, Meta, OutcomeRow, TimeText};
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::TypePtr;

/// Rows of a row group.
const GROUP_ROWS_MAX: usize = 65_536;
/// Texts of a row group, in bytes; the row that takes it there is its last.
const GROUP_TEXT_BYTES_MAX: usize = 32 << 20;

const SCHEMA: &str = "
    message outcome {
        required binary url (STRING);
        optional binary host (STRING);
        required binary outcome (STRING);
        required binary cause (STRING);
        optional int32 status;
        required int32 attempts;
        required int32 requests;
        optional binary route (STRING);
        required int64 bytes;
        optional int64 first_at (TIMESTAMP(MILLIS, true));
        required int64 settled_at (TIMESTAMP(MILLIS, true));
        optional int64 until (TIMESTAMP(MILLIS, true));
        required int64 credits;
        required group evidence (LIST) {
            repeated group list { required binary element (STRING); }
        }
        optional group warc {
            required binary file (STRING);
            required int64 offset;
            required int64 length;
        }
        optional binary meta (JSON);
    }";

static TYPE: LazyLock<TypePtr> = LazyLock::new(|| Arc::new(parse_message_type(SCHEMA).expect("a test writes by this schema")));

/// Writes rows as one Parquet file.
pub struct RowParquet<W: Write + Send> {
    file: SerializedFileWriter<W>,
    group: Vec<OutcomeRow>,
    text_bytes: usize,
}

impl<W: Write + Send> RowParquet<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// The writer's.
    pub fn new(out: W) -> io::Result<Self> {
        let level = ZstdLevel::try_new(3).map_err(refusal)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_created_by(concat!("comeback ", env!("CARGO_PKG_VERSION")).to_owned())
            // No two rows share their URL: a dictionary of them would cost memory and save nothing.
            .set_column_dictionary_enabled("url".into(), false)
            .build();
        let file = SerializedFileWriter::new(out, Arc::clone(&TYPE), Arc::new(properties)).map_err(refusal)?;
        Ok(Self { file, group: Vec::new(), text_bytes: 0 })
    }

    /// Takes a row.
    ///
    /// # Errors
    /// The writer's.
    pub fn write(&mut self, row: OutcomeRow) -> io::Result<()> {
        let evidence: usize = row.evidence.iter().map(String::len).sum();
        self.text_bytes += row.url.len() + evidence + row.meta.as_ref().map_or(0, |meta| meta.text().len());
        self.group.push(row);
        if self.group.len() < GROUP_ROWS_MAX && self.text_bytes < GROUP_TEXT_BYTES_MAX {
            return Ok(());
        }
        self.write_group().map_err(refusal)
    }

    /// Ends the file: without that it cannot be read.
    ///
    /// # Errors
    /// The writer's.
    pub fn finish(mut self) -> io::Result<W> {
        self.write_group().and_then(|()| self.file.into_inner()).map_err(refusal)
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        let rows = std::mem::take(&mut self.group);
        self.text_bytes = 0;
        if rows.is_empty() {
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        write_columns(&rows, &mut group)?;
        group.close().map(drop)
    }
}

/// Writes the columns of a row group, in the order of the schema.
fn write_columns<W: Write + Send>(rows: &[OutcomeRow], group: &mut SerializedRowGroupWriter<'_, W>) -> Result<(), ParquetError> {
    required::<ByteArrayType, _>(group, rows, |row| text(&row.url))?;
    optional::<ByteArrayType, _>(group, rows, |row| row.host.as_deref().map(text))?;
    required::<ByteArrayType, _>(group, rows, |row| text(row.outcome.word()))?;
    required::<ByteArrayType, _>(group, rows, |row| text(row.cause.word()))?;
    optional::<Int32Type, _>(group, rows, |row| row.status.map(i32::from))?;
    required::<Int32Type, _>(group, rows, |row| count(row.attempts))?;
    required::<Int32Type, _>(group, rows, |row| count(row.requests))?;
    optional::<ByteArrayType, _>(group, rows, |row| row.route.as_deref().map(text))?;
    required::<Int64Type, _>(group, rows, |row| large(row.bytes))?;
    optional::<Int64Type, _>(group, rows, |row| row.first_at.map(time))?;
    required::<Int64Type, _>(group, rows, |row| time(row.settled_at))?;
    optional::<Int64Type, _>(group, rows, |row| row.until.map(time))?;
    required::<Int64Type, _>(group, rows, |row| large(row.credits))?;
    write_evidence(group, rows)?;
    let place = |row: &OutcomeRow, part: fn(&CapturePlace) -> u64| row.warc.as_ref().map(|place| large(part(place)));
    optional::<ByteArrayType, _>(group, rows, |row| row.warc.as_ref().map(|place| text(&place.file)))?;
    optional::<Int64Type, _>(group, rows, |row| place(row, |place| place.offset))?;
    optional::<Int64Type, _>(group, rows, |row| place(row, |place| place.length))?;
    optional::<ByteArrayType, _>(group, rows, |row| row.meta.as_ref().map(Meta::text).map(text))
}

/// A column with a value in each row.
fn required<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    rows: &[OutcomeRow],
    value: impl Fn(&OutcomeRow) -> T::T,
) -> Result<(), ParquetError> {
    let values: Vec<T::T> = rows.iter().map(value).collect();
    write_column::<T, W>(group, &values, None, None)
}

/// A column with values in some rows: the definition level says of each row whether it has one.
fn optional<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    rows: &[OutcomeRow],
    value: impl Fn(&OutcomeRow) -> Option<T::T>,
) -> Result<(), ParquetError> {
    let values: Vec<Option<T::T>> = rows.iter().map(value).collect();
    let is_there: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
    let values: Vec<T::T> = values.into_iter().flatten().collect();
    write_column::<T, W>(group, &values, Some(&is_there), None)
}

/// The lists: the repetition level says of each text whether it goes on with its row's list.
fn write_evidence<W: Write + Send>(group: &mut SerializedRowGroupWriter<'_, W>, rows: &[OutcomeRow]) -> Result<(), ParquetError> {
    let (mut values, mut is_there, mut goes_on) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        if row.evidence.is_empty() {
            is_there.push(0);
            goes_on.push(0);
        }
        for (number, fact) in row.evidence.iter().enumerate() {
            values.push(text(fact));
            is_there.push(1);
            goes_on.push(i16::from(number > 0));
        }
    }
    write_column::<ByteArrayType, W>(group, &values, Some(&is_there), Some(&goes_on))
}

fn write_column<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
    definition_levels: Option<&[i16]>,
    repetition_levels: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let mut column = group.next_column()?.expect("there are as many columns in the schema as are written, in that order");
    column.typed::<T>().write_batch(values, definition_levels, repetition_levels)?;
    column.close()
}

fn text(text: &str) -> ByteArray {
    ByteArray::from(text)
}

fn count(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn large(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn time(time: TimeText) -> i64 {
    large(time.0.0)
}

/// The writer's own error, where it was that.
fn refusal(error: ParquetError) -> io::Error {
    if let ParquetError::External(source) = error {
        source.downcast::<io::Error>().map_or_else(io::Error::other, |error| *error)
    } else {
        io::Error::other(error)
    }
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader as _, SerializedFileReader};

    use super::*;

    fn row(number: usize) -> OutcomeRow {
        let is_odd = number % 2 == 1;
        let json = serde_json::json!({
            "url": format!("http://a.example/{number}"), "host": is_odd.then_some("http://a.example:80"),
            "outcome": if is_odd { "parked" } else { "fetched" }, "cause": if is_odd { "quota" } else { "none" },
            "status": is_odd.then_some(429), "attempts": number, "requests": 2, "route": is_odd.then_some("direct"), "bytes": 3,
            "first_at": is_odd.then_some("2026-11-23T21:00:00.123Z"), "settled_at": "2026-11-23T21:00:01Z", "until": null, "credits": 0,
            "evidence": vec!["a fact"; number % 3],
            "warc": is_odd.then(|| serde_json::json!({"file": "warc/p.gz", "offset": 7, "length": number})),
            "meta": is_odd.then(|| serde_json::json!({"a": number})),
        });
        serde_json::from_value(json).unwrap()
    }

    fn file(rows: impl Iterator<Item = OutcomeRow>) -> SerializedFileReader<bytes::Bytes> {
        let mut parquet = RowParquet::new(Vec::new()).unwrap();
        rows.for_each(|row| parquet.write(row).unwrap());
        SerializedFileReader::new(bytes::Bytes::from(parquet.finish().unwrap())).unwrap()
    }

    #[test]
    fn rows_read_back() {
        let read: Vec<String> = file((0..3).map(row)).get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect();
        insta::assert_snapshot!(read.join("\n"), @r#"
        {url: "http://a.example/0", host: null, outcome: "fetched", cause: "none", status: null, attempts: 0, requests: 2, route: null, bytes: 3, first_at: null, settled_at: 2026-11-23 21:00:01.000 +00:00, until: null, credits: 0, evidence: [], warc: null, meta: null}
        {url: "http://a.example/1", host: "http://a.example:80", outcome: "parked", cause: "quota", status: 429, attempts: 1, requests: 2, route: "direct", bytes: 3, first_at: 2026-11-23 21:00:00.123 +00:00, settled_at: 2026-11-23 21:00:01.000 +00:00, until: null, credits: 0, evidence: ["a fact"], warc: {file: "warc/p.gz", offset: 7, length: 1}, meta: "{"a":1}"}
        {url: "http://a.example/2", host: null, outcome: "fetched", cause: "none", status: null, attempts: 2, requests: 2, route: null, bytes: 3, first_at: null, settled_at: 2026-11-23 21:00:01.000 +00:00, until: null, credits: 0, evidence: ["a fact", "a fact"], warc: null, meta: null}
        "#);
    }

    #[test]
    fn row_groups_are_bounded_by_rows_and_by_text() {
        let many = file((0..GROUP_ROWS_MAX + 1).map(row));
        assert_eq!(many.metadata().row_groups().iter().map(|group| group.num_rows()).collect::<Vec<_>>(), [65_536, 1]);
        let long = |number| OutcomeRow { url: "x".repeat(GROUP_TEXT_BYTES_MAX / 2), ..row(number) };
        assert_eq!(file((0..5).map(long)).num_row_groups(), 3);
        assert_eq!(file(std::iter::empty()).metadata().file_metadata().num_rows(), 0);
    }

    #[test]
    fn what_the_system_says_of_a_write_is_kept() {
        /// Takes nothing.
        struct Full;
        impl Write for Full {
            fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let ended = RowParquet::new(Full).and_then(|mut parquet| {
            parquet.write(row(1))?;
            parquet.finish().map(drop)
        });
        assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
