//! Sitemaps and indexes of sitemaps (sitemaps.org, protocol 0.9).
//!
//! What counts is the `loc` of each `url` or `sitemap` right below the root, whatever the prefix of the namespace is; images,
//! videos, alternates and all else are passed over. Real sitemaps hold a bare `&` now and then, and it is taken as it is; anything
//! else that is not well-formed ends the list with its line. There is no document type declaration, hence no entity that could grow.

use std::io::BufRead;
use std::path::Path;

use comeback_engine::seed_url::{SeedUrl, canonical};
use quick_xml::Reader;
use quick_xml::errors::{Error, IllFormedError};
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, Event};
use quick_xml::name::QName;

use super::damage::{Damage, ELEMENTS_DEPTH_MAX, ReadError};
use super::metered::Metered;
use super::{BadLine, Entry, Item, LINE_BYTES_MAX, LineRefusal, ListError, ListReader};

/// What a list of this form is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    UrlSet,
    Index,
}

impl Root {
    const ALL: [Self; 2] = [Self::UrlSet, Self::Index];

    const fn name(self) -> &'static str {
        match self {
            Self::UrlSet => "urlset",
            Self::Index => "sitemapindex",
        }
    }

    /// The element of an entry.
    const fn entry(self) -> &'static str {
        match self {
            Self::UrlSet => "url",
            Self::Index => "sitemap",
        }
    }
}

/// A sitemap, or an index of them.
pub struct SitemapList<R> {
    xml: Reader<Metered<R>>,
    root: Root,
    /// Open elements, the root being the first.
    depth: usize,
    /// The entry that is open.
    open: Option<OpenEntry>,
    /// What an element or text is read into.
    piece: Vec<u8>,
}

struct OpenEntry {
    line: u64,
    prefix: Option<String>,
    has_location: bool,
    location: Option<Location>,
}

/// A `loc` that is open.
struct Location {
    line: u64,
    text: String,
    refusal: Option<LineRefusal>,
}

/// What a step of reading found.
enum Step {
    Item(Item),
    More,
    End,
}

impl<R: BufRead> SitemapList<R> {
    /// Reads a source from its beginning up to its root element; `path` is for messages.
    ///
    /// # Errors
    /// The system refuses, the stream is damaged, or it is no sitemap.
    pub fn new(source: R, path: &Path) -> Result<Self, ListError> {
        let mut xml = Reader::from_reader(Metered::new(source));
        // `<x/>` as `<x></x>`: one way to read an element.
        xml.config_mut().expand_empty_elements = true;
        xml.config_mut().allow_dangling_amp = true;
        let mut piece = Vec::new();
        let root = read_root(&mut xml, &mut piece).map_err(|error| ListError::of(path, error))?;
        Ok(Self { xml, root, depth: 1, open: None, piece })
    }

    fn step(&mut self) -> Result<Step, ReadError> {
        let line = line_of(&self.xml);
        self.piece.clear();
        self.xml.get_mut().allow(LINE_BYTES_MAX);
        let event = self.xml.read_event_into(&mut self.piece).map_err(|error| read_error(error, line))?;
        let damaged = |damage| Err(ReadError::Damaged { line, damage });
        let text: Option<Result<String, LineRefusal>> = match &event {
            Event::Start(tag) => {
                self.depth += 1;
                if self.depth > ELEMENTS_DEPTH_MAX {
                    return damaged(Damage::TooDeep);
                }
                if self.depth == 1 {
                    return damaged(Damage::AfterTheEnd { root: self.root.name() });
                }
                let open = &mut self.open;
                opened(open, self.root, self.depth, tag.name(), line);
                None
            }
            Event::End(_) => {
                self.depth -= 1;
                return Ok(self.closed(line));
            }
            Event::Eof if self.depth > 0 => return damaged(Damage::CutXml { root: self.root.name() }),
            Event::Eof => return Ok(Step::End),
            Event::DocType(_) => return damaged(Damage::DocumentType),
            Event::Text(text) if self.depth == 0 && !text.trim().is_empty() => {
                return damaged(Damage::AfterTheEnd { root: self.root.name() });
            }
            Event::Text(text) => Some(Ok(text.to_string())),
            Event::CData(text) => Some(Ok(text.to_string())),
            Event::GeneralRef(reference) => Some(resolved(reference)),
            // An element within `loc` is none of ours, an empty one was expanded.
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => None,
        };
        if let (Some(text), Some(location)) = (text, self.open.as_mut().and_then(|open| open.location.as_mut())) {
            location.take(text);
        }
        Ok(Step::More)
    }

    /// An element was closed: perhaps a `loc`, perhaps an entry without one.
    fn closed(&mut self, line: u64) -> Step {
        let end_offset = self.xml.get_ref().position().offset;
        let Some(open) = &mut self.open else { return Step::More };
        match self.depth {
            2 => {
                let Some(Location { line, text, refusal }) = open.location.take() else { return Step::More };
                let entry = refusal.map_or_else(|| entry_of(self.root, text.trim()), Err);
                Step::Item(Item { line, end_offset, entry: entry.map_err(|refusal| BadLine { line, refusal }) })
            }
            1 => {
                let has_location = open.has_location;
                let begun = open.line;
                self.open = None;
                if has_location {
                    return Step::More;
                }
                let refusal = LineRefusal::NoLocation { entry: self.root.entry() };
                Step::Item(Item { line: begun.min(line), end_offset, entry: Err(BadLine { line: begun, refusal }) })
            }
            _ => Step::More,
        }
    }
}

impl<R: BufRead + Send> ListReader for SitemapList<R> {
    fn next_item(&mut self) -> Result<Option<Item>, ReadError> {
        loop {
            match self.step()? {
                Step::Item(item) => return Ok(Some(item)),
                Step::More => {}
                Step::End => return Ok(None),
            }
        }
    }

    fn is_index(&self) -> bool {
        self.root == Root::Index
    }
}

impl Location {
    fn take(&mut self, text: Result<String, LineRefusal>) {
        match text {
            Ok(text) if self.text.len() + text.len() <= LINE_BYTES_MAX => self.text.push_str(&text),
            Ok(_) => {
                self.refusal.get_or_insert(LineRefusal::TooLong);
            }
            Err(refusal) => {
                self.refusal.get_or_insert(refusal);
            }
        }
    }
}

/// Reads up to the root element.
fn read_root<R: BufRead>(xml: &mut Reader<Metered<R>>, piece: &mut Vec<u8>) -> Result<Root, ReadError> {
    loop {
        let line = line_of(xml);
        piece.clear();
        xml.get_mut().allow(LINE_BYTES_MAX);
        let event = xml.read_event_into(piece).map_err(|error| read_error(error, line))?;
        let damage = match event {
            Event::Start(tag) => {
                let name = tag.local_name();
                match Root::ALL.into_iter().find(|root| name.as_ref() == root.name()) {
                    Some(root) => return Ok(root),
                    None => Damage::NotASitemap { root: shortened(name.as_ref()) },
                }
            }
            Event::Text(text) if text.trim().is_empty() => continue,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => continue,
            // A page of a site, which is what a URL that is no sitemap's mostly gives.
            Event::DocType(text) if is_html(&text) => Damage::NotASitemap { root: "html".to_owned() },
            Event::DocType(_) => Damage::DocumentType,
            Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) | Event::Empty(_) | Event::End(_) | Event::Eof => {
                Damage::NoRoot
            }
        };
        return Err(ReadError::Damaged { line, damage });
    }
}

fn is_html(document_type: &str) -> bool {
    document_type.split_ascii_whitespace().next().is_some_and(|name| name.eq_ignore_ascii_case("html"))
}

/// An element was opened: perhaps an entry, perhaps its `loc`.
fn opened(open: &mut Option<OpenEntry>, root: Root, depth: usize, name: QName<'_>, line: u64) {
    let (local, prefix) = name.decompose();
    let prefix = prefix.map(|prefix| prefix.as_ref().to_owned());
    match depth {
        2 if local.as_ref() == root.entry() => {
            *open = Some(OpenEntry { line, prefix, has_location: false, location: None });
        }
        3 if local.as_ref() == "loc" => {
            if let Some(open) = open.as_mut().filter(|open| open.prefix == prefix) {
                open.has_location = true;
                open.location = Some(Location { line, text: String::new(), refusal: None });
            }
        }
        _ => {}
    }
}

fn entry_of(root: Root, given: &str) -> Result<Entry, LineRefusal> {
    if given.is_empty() {
        return Err(LineRefusal::NoLocation { entry: root.entry() });
    }
    canonical(given)?;
    Ok(match root {
        Root::UrlSet => Entry::Url(SeedUrl::get(given)),
        Root::Index => Entry::Sitemap(given.to_owned()),
    })
}

/// One of the five entities of XML, or a character by its number.
fn resolved(reference: &BytesRef<'_>) -> Result<String, LineRefusal> {
    let name: &str = reference;
    let unknown = || LineRefusal::UnknownEntity { name: shortened(name) };
    match reference.resolve_char_ref() {
        Ok(Some(character)) => Ok(character.to_string()),
        Ok(None) => resolve_xml_entity(name).map(str::to_owned).ok_or_else(unknown),
        Err(_) => Err(unknown()),
    }
}

/// Names are repeated in messages, and may be as long as a line.
fn shortened(name: &str) -> String {
    const NAME_CHARS_MAX: usize = 80;
    name.chars().take(NAME_CHARS_MAX).collect()
}

fn line_of<R: BufRead>(xml: &Reader<Metered<R>>) -> u64 {
    xml.get_ref().position().line + 1
}

fn read_error(error: Error, line: u64) -> ReadError {
    let why = match error {
        Error::Io(error) => {
            return match error.get_ref().and_then(|inner| inner.downcast_ref::<Damage>()) {
                Some(damage) => ReadError::Damaged { line, damage: damage.clone() },
                None => ReadError::System(
                    error
                        .raw_os_error()
                        .map_or_else(|| std::io::Error::new(error.kind(), error.to_string()), std::io::Error::from_raw_os_error),
                ),
            };
        }
        Error::IllFormed(IllFormedError::MismatchedEndTag { expected, found }) => {
            format!("</{}> where </{}> belongs", shortened(&found), shortened(&expected))
        }
        Error::Syntax(error) => error.to_string(),
        other @ (Error::IllFormed(_) | Error::InvalidAttr(_) | Error::Encoding(_) | Error::Escape(_) | Error::Namespace(_)) => {
            shortened(&other.to_string())
        }
    };
    ReadError::Damaged { line, damage: Damage::IllFormed { why } }
}
