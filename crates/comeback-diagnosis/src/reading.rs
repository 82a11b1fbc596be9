//! What a visitor without a browser's script engine would read of a body: its headline and its visible text.
//!
//! Wording is evidence only where it is read: not in scripts, styles, comments or addresses. It reads the first 64 KB, in one pass,
//! leniently; it is no parser of HTML or JSON, since bodies come cut and broken.

use serde::Deserialize;

/// A text or a data message up to this length is its own headline.
const MESSAGE_BYTES_MAX: usize = 300;

/// The longest entity that is decoded, `&` and `;` included.
const ENTITY_BYTES_MAX: usize = 12;

/// Elements whose content nobody reads.
const UNREAD: [&[u8]; 4] = [b"script", b"style", b"template", b"svg"];

/// Elements whose content is a headline.
const HEADLINES: [&[u8]; 4] = [b"title", b"h1", b"h2", b"h3"];

/// Elements that only a page for people has.
const OF_PAGES: [&[u8]; 5] = [b"html", b"head", b"body", b"title", b"p"];

/// Elements that don't part words.
const INLINE: [&[u8]; 10] = [b"a", b"b", b"i", b"em", b"strong", b"span", b"u", b"font", b"small", b"code"];

/// The form of a body, by its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Nothing but blanks.
    Empty,
    /// Markup for people.
    Page,
    /// Markup for programs.
    Xml,
    /// Braces or brackets.
    Json,
    /// Whatever else.
    Text,
}

/// The readable part of a body, in lower case, each run of blanks made one blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) form: Form,
    /// Title and headings of a page; the whole of a short message.
    pub(crate) headline: String,
    /// All that is visible, the headline included.
    pub(crate) text: String,
}

impl Reading {
    /// Reads a body.
    pub(crate) fn of(body: &[u8]) -> Self {
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        match body.trim_ascii_start().first() {
            None => Self { form: Form::Empty, headline: String::new(), text: String::new() },
            Some(b'<') => of_markup(body),
            Some(b'{' | b'[') => of_json(body),
            Some(_) if has_tags(body) => of_markup(body),
            Some(_) => message(Form::Text, plain(body)),
        }
    }

    /// The reading with words in front that were said outside of the body.
    pub(crate) fn preceded_by(self, spoken: &[String]) -> Self {
        let join = |rest: &str| {
            let mut words = Words::default();
            for said in spoken {
                words.add(said);
                words.add_parted(said);
                // A part of its own: words do not run from one speaker to the next.
                words.add(" | ");
            }
            words.add(rest);
            words.done()
        };
        if spoken.is_empty() {
            return self;
        }
        Self { form: self.form, headline: join(&self.headline), text: join(&self.text) }
    }
}

/// A text that is its own headline if it is short.
fn message(form: Form, text: String) -> Reading {
    let headline = if text.len() <= MESSAGE_BYTES_MAX { text.clone() } else { String::new() };
    Reading { form, headline, text }
}

/// Whether a body that does not begin with markup is a page all the same.
fn has_tags(body: &[u8]) -> bool {
    let beginning = &body[..body.len().min(1_024)];
    let is_tag = |name: &[u8]| beginning.windows(name.len()).any(|window| window.eq_ignore_ascii_case(name));
    [&b"<html"[..], b"<body", b"<title", b"<h1"].into_iter().any(is_tag)
}

fn plain(body: &[u8]) -> String {
    let body = String::from_utf8_lossy(body);
    let mut text = Words::default();
    text.add(&body);
    text.add_parted(body.trim_ascii());
    text.done()
}

/// Words in lower case with single blanks between them.
#[derive(Debug, Default)]
struct Words(String);

impl Words {
    fn add(&mut self, text: &str) {
        for letter in text.chars() {
            match letter {
                '\u{ad}' | '\u{200b}' => {}
                '\u{2018}' | '\u{2019}' => self.0.push('\''),
                '\u{201c}' | '\u{201d}' => self.0.push('"'),
                '\u{2026}' => self.0.push_str("..."),
                _ if letter.is_whitespace() => self.part(),
                _ if letter.is_ascii() => self.0.push(letter.to_ascii_lowercase()),
                _ => self.0.extend(letter.to_lowercase()),
            }
        }
    }

    /// Adds a name of a program's own (`RateLimitExceeded`, `insufficient_quota`) a second time, as the words it is made of.
    fn add_parted(&mut self, name: &str) {
        let is_name = name.len() <= 80 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./#:".contains(&byte));
        if !is_name || name.bytes().all(|byte| byte.is_ascii_lowercase()) {
            return;
        }
        self.part();
        let mut before = b' ';
        for byte in name.bytes() {
            if !byte.is_ascii_alphanumeric() {
                self.part();
            } else {
                if byte.is_ascii_uppercase() && before.is_ascii_lowercase() {
                    self.part();
                }
                self.0.push(char::from(byte.to_ascii_lowercase()));
            }
            before = byte;
        }
    }

    fn part(&mut self) {
        if !self.0.is_empty() && !self.0.ends_with(' ') {
            self.0.push(' ');
        }
    }

    fn done(mut self) -> String {
        if self.0.ends_with(' ') {
            self.0.pop();
        }
        self.0
    }
}

/// The string values of JSON, and the keys whose value is `true`; other keys and addresses are not read.
fn of_json(body: &[u8]) -> Reading {
    let body = String::from_utf8_lossy(body);
    let mut text = Words::default();
    let mut rest: &str = &body;
    while let Some(start) = rest.find('"') {
        let (value, after) = json_string(&rest[start + 1..]);
        rest = after;
        let is_address = value.starts_with("http://") || value.starts_with("https://");
        let is_key = rest.trim_ascii_start().strip_prefix(':');
        if is_key.is_none_or(|said| said.trim_ascii_start().starts_with("true")) && !is_address {
            text.part();
            text.add(&unescaped(value));
            text.add_parted(value);
        }
    }
    message(Form::Json, text.done())
}

/// A string's content up to its closing quote or the end, and what follows.
fn json_string(text: &str) -> (&str, &str) {
    let mut escaped = false;
    for (place, byte) in text.bytes().enumerate() {
        match byte {
            b'"' if !escaped => return (&text[..place], &text[place + 1..]),
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    (text, "")
}

/// A JSON string with its escapes resolved; what cannot be resolved is left out.
fn unescaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            text.push(letter);
            continue;
        }
        match letters.next() {
            Some('u') => {
                let digits: String = letters.by_ref().take(4).collect();
                text.extend(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32));
            }
            Some('n' | 't' | 'r') => text.push(' '),
            Some(other) => text.push(other),
            None => {}
        }
    }
    text
}

fn of_markup(body: &[u8]) -> Reading {
    let mut page = Markup::default();
    let mut rest = body;
    while !rest.is_empty() {
        let text_end = memchr::memchr(b'<', rest).unwrap_or(rest.len());
        page.add_text(&rest[..text_end]);
        rest = page.after_tag(&rest[text_end..]);
    }
    let (headline, text) = (page.headline.done(), page.text.done());
    if page.is_for_people { Reading { form: Form::Page, headline, text } } else { message(Form::Xml, text) }
}

/// A page under reading.
#[derive(Debug, Default)]
struct Markup {
    headline: Words,
    text: Words,
    in_headline: bool,
    is_for_people: bool,
}

impl Markup {
    fn add_text(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let text = decoded(&String::from_utf8_lossy(bytes));
        self.text.add(&text);
        if self.in_headline {
            self.headline.add(&text);
        }
        if !self.is_for_people {
            self.text.add_parted(text.trim_ascii());
        }
    }

    /// Reads the tag, comment or unread element that the bytes begin with; returns what follows it.
    fn after_tag<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        if bytes.is_empty() {
            return bytes;
        }
        if let Some(comment) = bytes.strip_prefix(b"<!--") {
            return memchr::memmem::find(comment, b"-->").map_or(&[], |end| &comment[end + 3..]);
        }
        let inner = bytes[1..].strip_prefix(b"/").unwrap_or(&bytes[1..]);
        let closes = inner.len() + 1 < bytes.len();
        let name_end = inner.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'!').unwrap_or(inner.len());
        let name = inner[..name_end].to_ascii_lowercase();
        if name.is_empty() && !inner.starts_with(b"?") {
            self.text.add("<");
            return &bytes[1..];
        }
        let after = memchr::memchr(b'>', bytes).map_or(&[][..], |end| &bytes[end + 1..]);
        if UNREAD.contains(&name.as_slice()) && !closes {
            return after_element(after, &name);
        }
        self.is_for_people |= OF_PAGES.contains(&name.as_slice()) || HEADLINES.contains(&name.as_slice()) || name == b"!doctype";
        if !INLINE.contains(&name.as_slice()) {
            self.text.part();
            self.headline.part();
        }
        if HEADLINES.contains(&name.as_slice()) {
            self.in_headline = !closes;
        }
        after
    }
}

/// What follows the element's end tag; nothing where it never ends.
fn after_element<'a>(bytes: &'a [u8], name: &[u8]) -> &'a [u8] {
    let mut rest = bytes;
    while let Some(place) = memchr::memmem::find(rest, b"</") {
        rest = &rest[place + 2..];
        if rest.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name)) {
            return memchr::memchr(b'>', rest).map_or(&[], |end| &rest[end + 1..]);
        }
    }
    &[]
}

/// The text with the entities that error pages use.
fn decoded(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = memchr::memchr(b'&', rest.as_bytes()) {
        plain.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.bytes().take(ENTITY_BYTES_MAX).position(|byte| byte == b';');
        match end.and_then(|end| Some((entity(&rest[1..end])?, end))) {
            Some((letter, end)) => {
                plain.push(letter);
                rest = &rest[end + 1..];
            }
            None => {
                plain.push('&');
                rest = &rest[1..];
            }
        }
    }
    plain.push_str(rest);
    plain
}

fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        return code.ok().and_then(char::from_u32);
    }
    let known = [
        ("amp", '&'),
        ("lt", '<'),
        ("gt", '>'),
        ("quot", '"'),
        ("apos", '\''),
        ("nbsp", ' '),
        ("rsquo", '\''),
        ("lsquo", '\''),
        ("eacute", '\u{e9}'),
        ("egrave", '\u{e8}'),
        ("agrave", '\u{e0}'),
        ("ccedil", '\u{e7}'),
        ("aacute", '\u{e1}'),
        ("iacute", '\u{ed}'),
        ("oacute", '\u{f3}'),
        ("uacute", '\u{fa}'),
        ("atilde", '\u{e3}'),
        ("otilde", '\u{f5}'),
        ("ntilde", '\u{f1}'),
        ("auml", '\u{e4}'),
        ("ouml", '\u{f6}'),
        ("uuml", '\u{fc}'),
        ("szlig", '\u{df}'),
    ];
    known.iter().find(|(entity, _)| *entity == name).map(|(_, letter)| *letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> (Form, String, String) {
        let Reading { form, headline, text } = Reading::of(body.as_bytes());
        (form, headline, text)
    }

    #[test]
    fn scripts_styles_and_comments_are_not_read() {
        let body =
            "<html><title>A\n B</title><style>c{}</style><!-- d --><SCRIPT>e</Script ><h1>F&rsquo;s</h1><p>g<b>h</b>&#105;</p>";
        assert_eq!(read(body), (Form::Page, "a b f's".into(), "a b f's ghi".into()));
    }

    #[test]
    fn values_of_json_are_read_and_names_in_them_are_parted() {
        let body = r#"{"error":{"code":"RateLimitExceeded","message":"Slow\u0020down","docs":"https://a/captcha"}}"#;
        assert_eq!(read(body).2, "ratelimitexceeded rate limit exceeded slow down");
        assert_eq!(read(r#"{"error":"cut of"#).2, "cut of");
        assert_eq!(read(r#"{"rateLimited": true, "blocked": false}"#).2, "ratelimited rate limited");
    }

    #[test]
    fn xml_of_programs_is_parted_too() {
        let (form, headline, text) = read("<?xml version=\"1.0\"?><Error><Code>SlowDown</Code></Error>");
        assert_eq!((form, headline == text, text.as_str()), (Form::Xml, true, "slowdown slow down"));
    }

    #[test]
    fn what_is_cut_or_broken_is_read_as_far_as_it_goes() {
        for (body, text) in
            [("<p>a<script>b", "a"), ("<p>a<!-- b", "a"), ("<p>a <", "a <"), ("a < b & c", "a < b & c"), ("<p>a<b", "a")]
        {
            assert_eq!(read(body).2, text, "{body}");
        }
        assert_eq!(read("  \n").0, Form::Empty);
    }
}
