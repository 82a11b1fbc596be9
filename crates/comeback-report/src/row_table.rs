//! Outcome rows as a table for people: the few columns that one looks at, streamed, the URL last so that nothing is cut.

use comeback_archive::OutcomeRow;

use crate::figures::{plain, size, time};

/// The header with its line end.
#[must_use]
pub fn header() -> String {
    joined(["outcome", "cause", "status", "requests", "bytes", "until", "url"])
}

/// A row with its line end.
#[must_use]
pub fn line(row: &OutcomeRow) -> String {
    let status = row.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
    let until = row.until.map_or_else(|| "-".to_owned(), |until| time(until.0));
    let (requests, bytes) = (row.requests.to_string(), size(row.bytes));
    joined([row.outcome.word(), row.cause.word(), &status, &requests, &bytes, &until, &plain(&row.url)])
}

fn joined([outcome, cause, status, requests, bytes, until, url]: [&str; 7]) -> String {
    // The widest cause is provider_rate_limit, with 19 characters.
    format!("{outcome:<8}  {cause:<19}  {status:>6}  {requests:>8}  {bytes:>10}  {until:<20}  {url}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_their_names() {
        let row = serde_json::from_str(
            r#"{"url":"http://a.example/\u001b","host":null,"outcome":"parked","cause":"provider_rate_limit","status":429,
            "attempts":1,"requests":2,"route":null,"bytes":2048,"first_at":null,"settled_at":"2026-11-23T21:00:01Z",
            "until":"2026-11-23T22:00:00Z","credits":0,"evidence":[],"warc":null,"meta":null}"#,
        )
        .unwrap();
        let (header, line) = (header(), line(&row));
        let place = |text: &str, word: &str| text.find(word);
        assert_eq!(place(&header, "url"), place(&line, "http"));
        assert_eq!(place(&header, "until"), place(&line, "2026-11-23 22:00:00Z"));
        assert_eq!(line.chars().filter(|character| character.is_control()).count(), 1, "only the line end: {line:?}");
    }
}
