//! The two facts of a response's head that an index names, found without taking the head apart.

use crate::warc::http_head::head_end;

/// What the head of the answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeadFacts<'a> {
    pub(crate) status: u16,
    /// The first Content-Type, blanks around it taken off.
    pub(crate) content_type: Option<&'a [u8]>,
}

/// The facts of the answer with which the bytes begin; interim responses before it are passed over. `None` without a status.
pub(crate) fn head_facts(bytes: &[u8]) -> Option<HeadFacts<'_>> {
    let mut rest = bytes;
    loop {
        let (head, after) = rest.split_at(head_end(rest).unwrap_or(rest.len()));
        let mut lines = head.split(|byte| *byte == b'\n');
        let status = status_of(lines.next()?)?;
        if is_interim(status) && !after.is_empty() {
            rest = after;
            continue;
        }
        return Some(HeadFacts { status, content_type: lines.find_map(content_type) });
    }
}

fn content_type(line: &[u8]) -> Option<&[u8]> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    line[..colon].trim_ascii().eq_ignore_ascii_case(b"content-type").then(|| line[colon + 1..].trim_ascii())
}

/// The status in the first line of a head.
pub(crate) fn status_of(status_line: &[u8]) -> Option<u16> {
    let text = status_line.split(|byte| *byte == b' ').filter(|part| !part.is_empty()).nth(1)?;
    std::str::from_utf8(text.trim_ascii()).ok()?.parse().ok()
}

/// Whether a status says that the answer is still to come; after a 101 no other comes.
pub(crate) const fn is_interim(status: u16) -> bool {
    matches!(status, 100 | 102..=199)
}
