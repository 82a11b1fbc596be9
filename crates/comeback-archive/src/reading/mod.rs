//! Reading committed results back: rows, single records, and a record's response.

pub(crate) mod chunked;
pub(crate) mod content_coding;
pub(crate) mod head_facts;
pub(crate) mod member;
pub(crate) mod response;
pub(crate) mod rows;
