//! The facts of one attempt, as diagnosis reads them.
//!
//! An exchange ends with a response, with a failure on our side of the wire, or with both (a body that broke off). It holds
//! borrowed bytes and no opinion; opinions are a [`Diagnosis`](crate::diagnosis::Diagnosis).

use crate::cause::Cause;
use crate::clock::WallTime;

/// How many bytes of a decoded body diagnosis looks at.
pub const BODY_SEEN_BYTES_MAX: usize = 64 * 1024;

/// One attempt for one URL: what was asked, and how it ended. At least one of `response` and `failure` is present.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    /// The request's method, as sent.
    pub method: &'a str,
    /// The URL that was asked.
    pub url: &'a str,
    /// The response, as far as it came.
    pub response: Option<Response<'a>>,
    /// What went wrong on our side of the wire.
    pub failure: Option<Failure<'a>>,
    /// When the end was known to us.
    pub received_at: WallTime,
    /// From sending the request to its end, in milliseconds.
    pub elapsed_ms: u64,
}

/// A response as it came: any three-digit status, fields in their order, not normalised.
#[derive(Debug, Clone, Copy)]
pub struct Response<'a> {
    /// 100 to 999, unclamped.
    pub status: u16,
    /// The reason phrase; empty in HTTP/2, and often elsewhere.
    pub reason: &'a [u8],
    /// Name and value of each field line, as received.
    pub fields: &'a [(&'a [u8], &'a [u8])],
    /// The decoded body's beginning, at most [`BODY_SEEN_BYTES_MAX`].
    pub body: &'a [u8],
    /// The whole body's length on the wire, where known.
    pub body_bytes: Option<u64>,
}

impl<'a> Response<'a> {
    /// The first value of a field, by its name in any case, without surrounding blanks.
    ///
    /// ```
    /// use comeback_diagnosis::exchange::Response;
    /// let fields: [(&[u8], &[u8]); 1] = [(b"RETRY-After", b" 5 ")];
    /// let response = Response { status: 503, reason: b"", fields: &fields, body: b"", body_bytes: Some(0) };
    /// assert_eq!(response.field("retry-after"), Some(&b"5"[..]));
    /// ```
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'a [u8]> {
        self.fields_named(name).next()
    }

    /// All values of a field, in their order.
    pub fn fields_named<'name>(&self, name: &'name str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'name> {
        self.fields
            .iter()
            .filter(move |(field, _)| field.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value.trim_ascii())
    }
}

/// A failure on our side of the wire. Its cause is known where it happens and is never diagnosed away.
#[derive(Debug, Clone, Copy)]
pub struct Failure<'a> {
    /// One of the own-side causes: `dns` to `address_refused`.
    pub cause: Cause,
    /// What happened, in a sentence for people.
    pub detail: &'a str,
    /// Whether it will be the same until somebody changes something: a name that does not exist, a certificate that has expired.
    pub is_lasting: bool,
}
