//! Outcome rows as a table for people: the few columns that one looks at, streamed, so that a line fits a screen of eighty columns where
//! its URL does. The URL is not cut; sizes and times are in the other formats.

use comeback_archive::OutcomeRow;

use crate::figures::{plain, time};

/// The header with its line end.
#[must_use]
pub fn header() -> String {
    joined(["outcome", "cause", "status", "asked", "url"], "")
}

/// A row with its line end; until when a parked URL waits comes last, where it is known.
#[must_use]
pub fn line(row: &OutcomeRow) -> String {
    let status = row.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
    let until = row.until.map_or_else(String::new, |until| format!("  until {}", time(until.0)));
    joined([row.outcome.word(), row.cause.word(), &status, &row.requests.to_string(), &plain(&row.url)], &until)
}

fn joined([outcome, cause, status, asked, url]: [&str; 5], until: &str) -> String {
    // The widest cause, but for those of providers, is payment_required with 16 characters.
    format!("{outcome:<8}  {cause:<16}  {status:>6}  {asked:>5}  {url}{until}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_their_names() {
        let row = serde_json::from_str(
            r#"{"url":"http://a.example/\u001b","host":null,"outcome":"parked","cause":"payment_required","status":429,
            "attempts":1,"requests":2,"route":null,"bytes":2048,"first_at":null,"settled_at":"2026-11-23T21:00:01Z",
            "until":"2026-11-23T22:00:00Z","credits":0,"evidence":[],"warc":null,"meta":null}"#,
        )
        .unwrap();
        let (header, line) = (header(), line(&row));
        let place = |text: &str, word: &str| text.find(word);
        assert_eq!(place(&header, "url"), place(&line, "http"));
        assert!(
            place(&line, "http").is_some_and(|columns| columns <= 43) && line.ends_with("  until 2026-11-23 22:00:00Z\n"),
            "{line}"
        );
        assert_eq!(line.chars().filter(|character| character.is_control()).count(), 1, "only the line end: {line:?}");
    }
}
