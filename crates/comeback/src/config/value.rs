//! Words into settings: the one place where a value is read, whatever layer it came from.

use comeback_driver::settings::host_rule::AuthRefusal;
use comeback_driver::settings::quantity::{QuantityRefusal, parse_duration_ms, parse_size_bytes, show_duration, show_size};
use comeback_driver::settings::request_field::{FieldRefusal, is_product_text, parse_field_line};
use comeback_driver::settings::{ATTEMPTS_MAX, CONCURRENCY_MAX, Compression, PARTITIONS_MAX, PER_HOST_MAX, Settings};
use comeback_engine::diagnosis::expectation::{Expectation, ExpectationRefusal};

use super::Key;

/// The shortest timeout that is taken.
const TIMEOUT_MS_MIN: u64 = 10;

/// The shortest deadline that is taken.
const DEADLINE_MS_MIN: u64 = 1;

/// The smallest limit for bodies that is taken.
const BODY_BYTES_MIN: u64 = 1 << 10;

/// The least memory that a job can be given.
const MEMORY_BYTES_MIN: u64 = 16 << 20;
/// The smallest size of a closed result file: below it, files would be more than their bytes.
const FILE_BYTES_MIN: u64 = 64 << 10;

/// Why a value can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueRefusal {
    /// Neither a duration nor a size.
    #[error(transparent)]
    Quantity(#[from] QuantityRefusal),
    /// A duration or size below what makes sense.
    #[error("the value is below {least}, the least that is taken")]
    TooSmall {
        /// The least, as it would be written.
        least: String,
    },
    /// Not a number within bounds.
    #[error("the value is not a whole number from 1 to {most}")]
    Count {
        /// The largest.
        most: u32,
    },
    /// Not one of the two words.
    #[error("the value is neither true nor false")]
    Switch,
    /// Not one of the words.
    #[error("the value is not one of gzip, zstd, none")]
    Compression,
    /// A header line that can't be sent.
    #[error(transparent)]
    Field(#[from] FieldRefusal),
    /// A text that can't stand in a User-Agent field.
    #[error("the text is empty, or contains more than printable ASCII characters")]
    Product,
    /// A contact that would end the comment it stands in.
    #[error("the contact contains a parenthesis or a backslash")]
    Contact,
    /// Credentials that no field can carry.
    #[error(transparent)]
    Auth(#[from] AuthRefusal),
    /// Credentials in two places.
    #[error("the headers hold an Authorization field already")]
    TwoAuthorizations,
    /// Not a rule for pages.
    #[error(transparent)]
    Expectation(#[from] ExpectationRefusal),
    /// Not a pattern of host names.
    #[error("`{given}` is not a host pattern")]
    HostPattern {
        /// What was given.
        given: String,
    },
    /// The wrong type in a TOML file.
    #[error("the value must be {wanted}")]
    Type {
        /// How it is written.
        wanted: &'static str,
    },
}

impl ValueRefusal {
    /// What to write instead, where the message does not say it.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Quantity(refusal) => Some(refusal.hint()),
            Self::Field(FieldRefusal::UserAgent) => Some("use --user-agent, COMEBACK_USER_AGENT or user_agent in comeback.toml"),
            Self::HostPattern { .. } => {
                Some("a pattern is a host name without scheme, port or path; * matches any characters, as in *.example.org")
            }
            Self::Contact => Some("give an address or a page, such as bot@example.org or https://example.org/bot"),
            Self::TooSmall { .. }
            | Self::Count { .. }
            | Self::Switch
            | Self::Compression
            | Self::Field(_)
            | Self::Auth(_)
            | Self::Expectation(_)
            | Self::TwoAuthorizations
            | Self::Product
            | Self::Type { .. } => None,
        }
    }
}

/// Puts the value of a key into the settings. A scalar takes the last of several words, as a repeated flag does.
pub(super) fn apply(key: Key, words: &[String], settings: &mut Settings) -> Result<(), ValueRefusal> {
    let word = words.last().map_or("", String::as_str);
    match key {
        Key::Patience => settings.patience_ms = parse_duration_ms(word)?,
        Key::Attempts => settings.attempts = count(word, ATTEMPTS_MAX)?,
        Key::Concurrency => settings.concurrency = count(word, CONCURRENCY_MAX)?,
        Key::PerHost => settings.per_host = count(word, PER_HOST_MAX)?,
        Key::Delay => settings.delay_ms = Some(parse_duration_ms(word)?),
        Key::Timeout => settings.timeout_ms = duration_from(word, TIMEOUT_MS_MIN)?,
        Key::Deadline => settings.deadline_ms = Some(duration_from(word, DEADLINE_MS_MIN)?),
        Key::BodyMax => settings.body_bytes_max = size_from(word, BODY_BYTES_MIN)?,
        Key::Header => settings.headers = words.iter().map(|line| parse_field_line(line)).collect::<Result<_, _>>()?,
        Key::UserAgent => settings.user_agent = product(word)?,
        Key::Contact => settings.contact = Some(contact(word)?),
        Key::IgnoreRobots => settings.ignore_robots = words.iter().map(|text| host_pattern(text)).collect::<Result<_, _>>()?,
        Key::Expect => settings.expect = expectations(words)?,
        Key::Memory => settings.memory_bytes = size_from(word, MEMORY_BYTES_MIN)?,
        Key::Compress => settings.compress = Compression::from_word(word).ok_or(ValueRefusal::Compression)?,
        Key::FileMax => settings.file_bytes_max = size_from(word, FILE_BYTES_MIN)?,
        Key::Strict => settings.strict = switch(word)?,
        Key::Partitions => {
            let most = u32::from(PARTITIONS_MAX);
            settings.partitions = u16::try_from(count(word, most)?).map_err(|_| ValueRefusal::Count { most })?;
        }
    }
    Ok(())
}

/// Reads rules for pages.
pub(super) fn expectations(words: &[String]) -> Result<Vec<Expectation>, ValueRefusal> {
    words.iter().map(|text| Ok(Expectation::parse(text)?)).collect()
}

fn duration_from(word: &str, ms_min: u64) -> Result<u64, ValueRefusal> {
    let ms = parse_duration_ms(word)?;
    if ms < ms_min { Err(ValueRefusal::TooSmall { least: show_duration(ms_min) }) } else { Ok(ms) }
}

fn size_from(word: &str, bytes_min: u64) -> Result<u64, ValueRefusal> {
    let bytes = parse_size_bytes(word)?;
    if bytes < bytes_min { Err(ValueRefusal::TooSmall { least: show_size(bytes_min) }) } else { Ok(bytes) }
}

pub(super) fn count(word: &str, most: u32) -> Result<u32, ValueRefusal> {
    let digits_only = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let number = if digits_only { word.parse().ok() } else { None };
    number.filter(|number| (1..=most).contains(number)).ok_or(ValueRefusal::Count { most })
}

pub(super) fn switch(word: &str) -> Result<bool, ValueRefusal> {
    match word {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(ValueRefusal::Switch),
    }
}

fn product(word: &str) -> Result<String, ValueRefusal> {
    if is_product_text(word) { Ok(word.to_owned()) } else { Err(ValueRefusal::Product) }
}

/// It is sent as a comment (RFC 9110, section 5.6.5), where these characters would have to be escaped.
fn contact(word: &str) -> Result<String, ValueRefusal> {
    if word.contains(['(', ')', '\\']) {
        return Err(ValueRefusal::Contact);
    }
    product(word)
}

/// Reads a host pattern: a host name or address without scheme, port and path, in which `*` matches any characters.
///
/// # Errors
/// Says that the text is none.
pub fn host_pattern(text: &str) -> Result<String, ValueRefusal> {
    let text = text.trim();
    let is_address = text.starts_with('[') && text.ends_with(']');
    let fits =
        |character: char| character.is_alphanumeric() || "*.-_".contains(character) || (is_address && "[]:".contains(character));
    if !text.is_empty() && text.chars().all(fits) {
        Ok(text.to_owned())
    } else {
        Err(ValueRefusal::HostPattern { given: text.chars().take(GIVEN_CHARS_MAX).flat_map(char::escape_debug).collect() })
    }
}

/// How much of a refused text a message repeats.
const GIVEN_CHARS_MAX: usize = 60;
