//! Outcome rows as CSV (RFC 4180): a header, CRLF line ends, quotes where a value needs them.
//!
//! The columns are the row's fields in their order; `warc` becomes three, `evidence` is joined by `; `, `meta` is its JSON text, and
//! a null is empty.

use comeback_archive::{OutcomeRow, TimeText, wall_time_to_rfc3339};

/// The names of the columns.
pub const COLUMNS: [&str; 18] = [
    "url",
    "host",
    "outcome",
    "cause",
    "status",
    "attempts",
    "requests",
    "route",
    "bytes",
    "first_at",
    "settled_at",
    "until",
    "credits",
    "evidence",
    "warc_file",
    "warc_offset",
    "warc_length",
    "meta",
];

/// The header with its line end.
#[must_use]
pub fn header() -> String {
    record(COLUMNS.map(str::to_owned))
}

/// A row with its line end.
#[must_use]
pub fn line(row: &OutcomeRow) -> String {
    // Without `..`, so that a new field is not forgotten here.
    let OutcomeRow {
        url,
        host,
        outcome,
        cause,
        status,
        attempts,
        requests,
        route,
        bytes,
        first_at,
        settled_at,
        until,
        credits,
        evidence,
        warc,
        meta,
    } = row;
    let number = |value: Option<u64>| value.map(|number| number.to_string()).unwrap_or_default();
    record([
        url.clone(),
        host.clone().unwrap_or_default(),
        outcome.word().to_owned(),
        cause.word().to_owned(),
        number(status.map(u64::from)),
        attempts.to_string(),
        requests.to_string(),
        route.clone().unwrap_or_default(),
        bytes.to_string(),
        time(*first_at),
        time(Some(*settled_at)),
        time(*until),
        credits.to_string(),
        evidence.join("; "),
        warc.as_ref().map(|place| place.file.clone()).unwrap_or_default(),
        number(warc.as_ref().map(|place| place.offset)),
        number(warc.as_ref().map(|place| place.length)),
        meta.as_ref().map(|meta| meta.text().to_owned()).unwrap_or_default(),
    ])
}

fn time(at: Option<TimeText>) -> String {
    at.map(|at| wall_time_to_rfc3339(at.0)).unwrap_or_default()
}

fn record(values: [String; COLUMNS.len()]) -> String {
    let mut line = values.map(quoted).join(",");
    line.push_str("\r\n");
    line
}

/// RFC 4180, section 2, rules 5 to 7.
fn quoted(value: String) -> String {
    if value.contains([',', '"', '\r', '\n']) { format!("\"{}\"", value.replace('"', "\"\"")) } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_need_quotes_have_them_and_nulls_are_empty() {
        let row = serde_json::from_str(
            r#"{"url":"http://a.example/?q=\"1\",2","host":"http://a.example:80","outcome":"parked","cause":"quota","status":429,
            "attempts":1,"requests":2,"route":"direct","bytes":3,"first_at":"2026-11-23T21:00:00Z",
            "settled_at":"2026-11-23T21:00:01Z","until":null,"credits":0,"evidence":["a","b\nc"],
            "warc":{"file":"warc/p.gz","offset":7,"length":9},"meta":{"a":1}}"#,
        )
        .unwrap();
        let expected = "\"http://a.example/?q=\"\"1\"\",2\",http://a.example:80,parked,quota,429,1,2,direct,3,\
                        2026-11-23T21:00:00.000Z,2026-11-23T21:00:01.000Z,,0,\"a; b\nc\",warc/p.gz,7,9,\"{\"\"a\"\":1}\"\r\n";
        assert_eq!(line(&row), expected);
        assert!(header().starts_with("url,host,") && header().ends_with("meta\r\n"));
    }
}
