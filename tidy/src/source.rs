//! A Rust file with its comments and literals masked, so that a check sees code and nothing else.
//!
//! A small lexer, no parser: it knows comments (nested too), strings (raw, byte and C strings too), characters and lifetimes. What it
//! masks keeps its length and its line ends, so that places in the mask are places in the file.

/// What the contents of a literal become: no blank, no word, no bracket.
const LITERAL: u8 = b'~';

/// A Rust file, masked.
#[derive(Debug, Clone)]
pub struct Source {
    /// The code: comments are blanks, contents of strings and characters are `~`.
    pub code: String,
    /// For each line, whether it belongs to an item under `#[cfg(test)]`.
    test_lines: Vec<bool>,
}

/// A word (identifier, keyword or number) of the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word<'a> {
    /// Its text.
    pub text: &'a str,
    /// The byte it starts at.
    pub start: usize,
    /// The byte after it.
    pub end: usize,
}

impl Source {
    /// Masks a file.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let code = mask(text);
        let mut source = Self { test_lines: vec![false; code.lines().count() + 1], code };
        for (start, end) in source.test_items() {
            for line in source.line_of(start)..=source.line_of(end) {
                source.test_lines[line - 1] = true;
            }
        }
        source
    }

    /// The line, from 1, of a byte of the code.
    #[must_use]
    pub fn line_of(&self, offset: usize) -> usize {
        self.code.as_bytes()[..offset.min(self.code.len())].iter().filter(|byte| **byte == b'\n').count() + 1
    }

    /// Whether the line (from 1) belongs to an item under `#[cfg(test)]`.
    #[must_use]
    pub fn is_test_line(&self, line: usize) -> bool {
        self.test_lines.get(line - 1).copied().unwrap_or(false)
    }

    /// How many of the lines (from 1, both ends included) hold code.
    #[must_use]
    pub fn code_lines(&self, first: usize, last: usize) -> usize {
        self.code.lines().skip(first - 1).take(last + 1 - first).filter(|line| !line.trim().is_empty()).count()
    }

    /// How many lines hold code that is not under `#[cfg(test)]`.
    #[must_use]
    pub fn product_lines(&self) -> usize {
        self.code.lines().enumerate().filter(|(index, line)| !line.trim().is_empty() && !self.test_lines[*index]).count()
    }

    /// The words of the code, in order.
    pub fn words(&self) -> impl Iterator<Item = Word<'_>> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let rest = &self.code[at..];
            let start = at + rest.find(is_word)?;
            let end = self.code[start..].find(|character| !is_word(character)).map_or(self.code.len(), |length| start + length);
            at = end;
            Some(Word { text: &self.code[start..end], start, end })
        })
    }

    /// The bracket that closes the one at `open`; the end of the code where none does.
    #[must_use]
    pub fn closing(&self, open: usize) -> usize {
        let mut depth = 0_usize;
        for (index, byte) in self.code.bytes().enumerate().skip(open) {
            match byte {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return index;
                    }
                }
                _ => {}
            }
        }
        self.code.len()
    }

    /// The names of modules that are declared under `#[cfg(test)]` and live in files of their own.
    #[must_use]
    pub fn test_modules(&self) -> Vec<&str> {
        let words: Vec<Word<'_>> = self.words().collect();
        let declared =
            words.windows(2).filter(|pair| pair[0].text == "mod" && self.code[pair[1].end..].trim_start().starts_with(';'));
        declared.filter(|pair| self.is_test_line(self.line_of(pair[0].start))).map(|pair| pair[1].text).collect()
    }

    /// Attributes as (start, end) of `#[...]` or `#![...]`, brackets included.
    #[must_use]
    pub fn attributes(&self) -> Vec<(usize, usize)> {
        let starts = self.code.match_indices('#').map(|(index, _)| index);
        let opened = starts.filter_map(|start| {
            let rest = &self.code[start + 1..];
            let length = rest.len() - rest.trim_start_matches('!').len();
            rest[length..].starts_with('[').then_some((start, start + 1 + length))
        });
        opened.map(|(start, open)| (start, self.closing(open))).collect()
    }

    /// Items under `#[cfg(test)]` or a `cfg` that demands `test` among others, from the attribute to the end of the item.
    fn test_items(&self) -> Vec<(usize, usize)> {
        let is_test = |text: &str| {
            let text: String = text.chars().filter(|character| !character.is_whitespace()).collect();
            text == "#[cfg(test)]" || text.starts_with("#[cfg(all(test,")
        };
        let attributes = self.attributes().into_iter().filter(|(start, end)| is_test(self.code.get(*start..=*end).unwrap_or("")));
        attributes.map(|(start, end)| (start, self.end_of_item(end + 1))).collect()
    }

    /// The end of the item that starts at or after `from`: its `;`, or the brace that closes its body.
    fn end_of_item(&self, from: usize) -> usize {
        let mut at = from;
        while let Some(length) = self.code.get(at..).and_then(|rest| rest.find(['(', '[', '{', ';'])) {
            let found = at + length;
            match self.code.as_bytes()[found] {
                b';' => return found,
                b'{' => return self.closing(found),
                _ => at = self.closing(found) + 1,
            }
        }
        self.code.len()
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Replaces comments and the contents of literals.
fn mask(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let end = if rest.starts_with(b"//") {
            let end = at + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            blank(&mut code[at..end], b' ');
            end
        } else if rest.starts_with(b"/*") {
            let end = at + block_comment(rest);
            blank(&mut code[at..end], b' ');
            end
        } else if let Some((prefix, end)) = string(bytes, at) {
            blank(&mut code[at + prefix..end], LITERAL);
            end
        } else if let Some(length) = character(rest) {
            blank(&mut code[at + 1..at + length - 1], LITERAL);
            at + length
        } else {
            at + 1
        };
        at = end;
    }
    String::from_utf8(code).expect("only whole comments and literals are replaced, by ASCII")
}

fn blank(bytes: &mut [u8], with: u8) {
    for byte in bytes.iter_mut().filter(|byte| **byte != b'\n') {
        *byte = with;
    }
}

/// The length of the block comment at the start; comments nest.
fn block_comment(bytes: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

/// A string literal at `at`: how many bytes stand before its contents, and where it ends. Its prefix must begin a word.
fn string(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let inside_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    let rest = &bytes[at..];
    let letters = rest.iter().take_while(|byte| matches!(byte, b'r' | b'b' | b'c')).count();
    if letters > 2 || (letters > 0 && inside_word) {
        return None;
    }
    let is_raw = rest[..letters].contains(&b'r');
    let hashes = if is_raw { rest[letters..].iter().take_while(|byte| **byte == b'#').count() } else { 0 };
    let prefix = letters + hashes + 1;
    if rest.get(prefix - 1) != Some(&b'"') {
        return None;
    }
    let contents = &rest[prefix..];
    let length = if is_raw {
        let close: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
        contents.windows(close.len()).position(|window| window == close).map_or(contents.len(), |length| length + close.len())
    } else {
        escaped(contents)
    };
    Some((prefix, at + prefix + length))
}

/// The length of the contents up to and with the closing quote, backslashes minded.
fn escaped(contents: &[u8]) -> usize {
    let mut at = 0;
    while at < contents.len() {
        match contents[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    contents.len()
}

/// The length of a character literal at the start; `None` for a lifetime and for anything else.
fn character(bytes: &[u8]) -> Option<usize> {
    if bytes.first() != Some(&b'\'') {
        return None;
    }
    if bytes.get(1) == Some(&b'\\') {
        let close = bytes.iter().skip(3).position(|byte| *byte == b'\'')?;
        return Some(close + 4);
    }
    // One character of one to four bytes, then the quote; a lifetime has no quote there.
    let length = bytes[1..].iter().skip(1).take(4).position(|byte| *byte == b'\'')? + 3;
    let inside = std::str::from_utf8(&bytes[1..length - 1]).ok()?;
    (inside.chars().count() == 1).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        Source::new(text).words().map(|word| word.text.to_owned()).collect()
    }

    #[test]
    fn comments_and_literals_hide_their_words() {
        assert_eq!(words("a // b\nc"), ["a", "c"]);
        assert_eq!(words("a /* b /* c */ d */ e"), ["a", "e"]);
        assert_eq!(words(r#"a("b \" c", d)"#), ["a", "d"]);
        assert_eq!(words(r###"a(r#"b " c"#, d)"###), ["a", "r", "d"]);
        assert_eq!(words(r#"a(b"c\\", d)"#), ["a", "b", "d"]);
        assert_eq!(words("'x' '\\'' '\\u{1F600}' 'ü' y"), ["y"]);
    }

    #[test]
    fn a_lifetime_is_no_character() {
        assert_eq!(
            words("fn a<'b>(c: &'b str) -> &'static D { 'e' }"),
            ["fn", "a", "b", "c", "b", "str", "static", "D"].map(String::from)
        );
        assert_eq!(words("'outer: loop { break 'outer; }"), ["outer", "loop", "break", "outer"]);
    }

    #[test]
    fn a_raw_identifier_is_no_string() {
        assert_eq!(words("r#type for bar\"x\""), ["r", "type", "for", "bar"]);
    }

    #[test]
    fn an_open_literal_ends_with_the_file() {
        assert_eq!(words("a \"b c"), ["a"]);
        assert_eq!(words("a /* b"), ["a"]);
        assert_eq!(words("a '\\"), ["a"]);
        assert_eq!(words("a r#\"b"), ["a", "r"]);
    }

    #[test]
    fn the_mask_keeps_every_place() {
        let text = "a // ü\n\"ü\nb\" c";
        let source = Source::new(text);
        assert_eq!(source.code.len(), text.len());
        assert_eq!(source.line_of(text.find('c').unwrap()), 3);
        assert_eq!(source.code_lines(1, 3), 3);
    }

    #[test]
    fn test_items_are_not_product() {
        let source = Source::new("fn a() {}\n\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n");
        assert_eq!(source.product_lines(), 2);
        assert!(source.is_test_line(5) && !source.is_test_line(7));
        let source = Source::new("#[cfg(test)]\nmod model;\n#[cfg(test)]\nuse a::{b, c};\nmod d;\n#[cfg(not(test))]\nfn e() {}");
        assert_eq!(source.test_modules(), ["model"]);
        assert_eq!(source.product_lines(), 3);
    }
}
