//! Which methods and header fields a user may set for a request.
//!
//! One law for `--header`, comeback.toml and the lines of a JSONL list. Framing and connection fields belong to the connection
//! (RFC 9110, sections 7.2, 7.6.1 and 8.6), and the User-Agent says who we are: those are not set for one URL.

/// The longest field line that is taken, name and value together, in bytes.
pub const FIELD_BYTES_MAX: usize = 16 * 1024;

/// The longest method that is taken, in bytes.
pub const METHOD_BYTES_MAX: usize = 32;

/// Fields that the connection sets, in lower case.
const OF_THE_CONNECTION: [&str; 13] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Methods that the Fetch standard writes in upper case for people (section 2.2.1, "normalize").
const NORMALISED: [&str; 6] = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"];

/// Why a method or a field can't be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldRefusal {
    /// Not a token (RFC 9110, section 5.6.2), or longer than [`METHOD_BYTES_MAX`].
    #[error("the method is not a token of at most {METHOD_BYTES_MAX} characters")]
    Method,
    /// CONNECT asks for a tunnel and has no page for an answer.
    #[error("the method CONNECT opens a tunnel and fetches nothing")]
    Connect,
    /// Not a token.
    #[error("the header name `{name}` is not a token of letters, digits and !#$%&'*+-.^_`|~")]
    Name {
        /// The name, shortened.
        name: String,
    },
    /// CR, LF, NUL or another control character in a value (RFC 9110, section 5.5).
    #[error("the value of the header {name} contains a control character")]
    Value {
        /// The field's name.
        name: String,
    },
    /// Longer than [`FIELD_BYTES_MAX`].
    #[error("the header {name} is {bytes} bytes long; the limit is {FIELD_BYTES_MAX}")]
    TooLong {
        /// The field's name, shortened.
        name: String,
        /// Name and value together.
        bytes: usize,
    },
    /// A field of the connection.
    #[error("the header {name} belongs to the connection and can't be set")]
    OfTheConnection {
        /// The field's name.
        name: String,
    },
    /// The User-Agent, which has a setting of its own.
    #[error("the header User-Agent has a setting of its own: user_agent")]
    UserAgent,
    /// A header line without a colon.
    #[error("`{line}` is not a header line such as `Accept: text/html`")]
    NoColon {
        /// The line, shortened.
        line: String,
    },
}

/// A method as it will be sent: `get` becomes `GET`, as in the Fetch standard; others stay as they are.
///
/// # Errors
/// Those of a method: not a token, or CONNECT.
pub fn parse_method(method: &str) -> Result<String, FieldRefusal> {
    if method.len() > METHOD_BYTES_MAX || !is_token(method) {
        return Err(FieldRefusal::Method);
    }
    if method.eq_ignore_ascii_case("CONNECT") {
        return Err(FieldRefusal::Connect);
    }
    let known = NORMALISED.into_iter().find(|name| name.eq_ignore_ascii_case(method));
    Ok(known.unwrap_or(method).to_owned())
}

/// Checks a field that a user wants on a request.
///
/// # Errors
/// Says why the field can't be sent.
pub fn check_field(name: &str, value: &str) -> Result<(), FieldRefusal> {
    let bytes = name.len() + value.len();
    if bytes > FIELD_BYTES_MAX {
        return Err(FieldRefusal::TooLong { name: super::quantity::shortened(name), bytes });
    }
    if !is_token(name) {
        return Err(FieldRefusal::Name { name: super::quantity::shortened(name) });
    }
    if value.chars().any(|character| character.is_control() && character != '\t') {
        return Err(FieldRefusal::Value { name: name.to_owned() });
    }
    let lower = name.to_ascii_lowercase();
    if lower == "user-agent" {
        return Err(FieldRefusal::UserAgent);
    }
    if OF_THE_CONNECTION.contains(&lower.as_str()) {
        return Err(FieldRefusal::OfTheConnection { name: name.to_owned() });
    }
    Ok(())
}

/// Reads a line `Name: value`, with the blanks around the value removed.
///
/// # Errors
/// Those of [`check_field`], and a line without a colon.
///
/// ```
/// use comeback_driver::settings::request_field::parse_field_line;
/// assert_eq!(parse_field_line("Accept:  text/html "), Ok(("Accept".into(), "text/html".into())));
/// assert!(parse_field_line("Host: other.example").is_err());
/// ```
pub fn parse_field_line(line: &str) -> Result<(String, String), FieldRefusal> {
    let Some((name, value)) = line.split_once(':') else {
        return Err(FieldRefusal::NoColon { line: super::quantity::shortened(line) });
    };
    let value = value.trim_matches([' ', '\t']);
    check_field(name, value)?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Whether the text can stand in a User-Agent field: not empty, printable ASCII, at most [`FIELD_BYTES_MAX`] bytes.
#[must_use]
pub fn is_product_text(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= FIELD_BYTES_MAX && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// RFC 9110, section 5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_tokens() {
        assert_eq!(parse_method("get").as_deref(), Ok("GET"));
        assert_eq!(parse_method("PURGE").as_deref(), Ok("PURGE"));
        assert_eq!(parse_method("purge").as_deref(), Ok("purge"));
        for method in ["", " GET", "GET /", "GE\r\nT", "GÉT", &"G".repeat(33)] {
            assert_eq!(parse_method(method), Err(FieldRefusal::Method), "{method:?}");
        }
        assert_eq!(parse_method("connect"), Err(FieldRefusal::Connect));
    }

    #[test]
    fn a_value_can_not_smuggle_a_second_field() {
        for value in ["a\r\nX: b", "a\nb", "a\rb", "a\0b", "a\u{7f}", "a\u{85}b"] {
            assert_eq!(check_field("X-A", value), Err(FieldRefusal::Value { name: "X-A".into() }), "{value:?}");
        }
        assert_eq!(check_field("X-A", "tab\tis fine, ümlaut too"), Ok(()));
    }

    #[test]
    fn names_are_tokens() {
        for name in ["", " X", "X ", "X:Y", "X\r\n", "Ü"] {
            assert!(matches!(check_field(name, "1"), Err(FieldRefusal::Name { .. })), "{name:?}");
        }
    }

    #[test]
    fn framing_is_not_the_users() {
        for name in ["Host", "content-length", "TRANSFER-ENCODING", "Connection", "te", "Upgrade", "Expect"] {
            assert!(matches!(check_field(name, "1"), Err(FieldRefusal::OfTheConnection { .. })), "{name}");
        }
        assert_eq!(check_field("user-AGENT", "x"), Err(FieldRefusal::UserAgent));
    }

    #[test]
    fn a_field_has_a_limit() {
        assert!(matches!(check_field("X", &"y".repeat(FIELD_BYTES_MAX)), Err(FieldRefusal::TooLong { .. })));
    }

    #[test]
    fn a_line_needs_a_colon() {
        assert!(matches!(parse_field_line("Accept"), Err(FieldRefusal::NoColon { .. })));
        assert_eq!(parse_field_line("X:"), Ok(("X".into(), String::new())));
        assert!(matches!(parse_field_line("X : y"), Err(FieldRefusal::Name { .. })));
    }
}
