//! A WARC record's own head: version line and named fields (WARC 1.1, section 4).

use std::fmt::Display;

use comeback_engine::outcome::CapturePlace;
use uuid::Uuid;

use super::digest::{Sha1Bytes, labelled};

/// The extension field by which `extract` finds the record that a revisit refers to: `OFFSET LENGTH FILE`. The standard has
/// only the record's id, which says nothing of its place; readers ignore fields they don't know (section 4).
pub(crate) const ORIGINAL_PLACE_FIELD: &str = "Comeback-Refers-To-Place";

/// The record types that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordType {
    Warcinfo,
    Request,
    Response,
    Revisit,
    Metadata,
}

impl RecordType {
    const fn word(self) -> &'static str {
        match self {
            Self::Warcinfo => "warcinfo",
            Self::Request => "request",
            Self::Response => "response",
            Self::Revisit => "revisit",
            Self::Metadata => "metadata",
        }
    }
}

/// A head under construction. Fields are written in the order in which they are added.
pub(crate) struct RecordHead {
    text: String,
}

impl RecordHead {
    pub(crate) fn new(record_type: RecordType, record_id: &str, date: &str) -> Self {
        let mut head = Self { text: "WARC/1.1\r\n".to_owned() };
        head.field("WARC-Type", record_type.word());
        head.field("WARC-Record-ID", record_id);
        head.field("WARC-Date", date);
        head
    }

    /// Adds a field. A control character in the value becomes a blank, so that no value can end the line.
    pub(crate) fn field(&mut self, name: &str, value: impl Display) {
        self.text.push_str(name);
        self.text.push_str(": ");
        let value = value.to_string();
        self.text.extend(value.chars().map(|character| if character.is_control() { ' ' } else { character }));
        self.text.push_str("\r\n");
    }

    pub(crate) fn optional_field(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.field(name, value);
        }
    }

    pub(crate) fn digest(&mut self, name: &str, digest: &Sha1Bytes) {
        self.field(name, labelled(digest));
    }

    /// Ends the head with what every record has: the block's type and length.
    pub(crate) fn finish(mut self, content_type: &str, content_length: u64) -> Vec<u8> {
        self.field("Content-Type", content_type);
        self.field("Content-Length", content_length);
        self.text.push_str("\r\n");
        self.text.into_bytes()
    }
}

/// A new record id, with the angle brackets of the field.
pub(crate) fn new_record_id() -> String {
    format!("<urn:uuid:{}>", Uuid::new_v4())
}

/// A place as [`ORIGINAL_PLACE_FIELD`] writes it.
pub(crate) fn place_text(place: &CapturePlace) -> String {
    let CapturePlace { file, offset, length } = place;
    format!("{offset} {length} {file}")
}

/// `application/warc-fields`: `name: value` lines. Control characters become blanks, as does a colon in a name.
pub(crate) fn warc_fields<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<u8> {
    let mut text = String::new();
    for (name, value) in pairs {
        text.extend(name.chars().map(|character| if character.is_control() || character == ':' { ' ' } else { character }));
        text.push_str(": ");
        text.extend(value.chars().map(|character| if character.is_control() { ' ' } else { character }));
        text.push_str("\r\n");
    }
    text.into_bytes()
}
