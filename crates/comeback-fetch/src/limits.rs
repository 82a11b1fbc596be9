//! The limits of one attempt and of the kept connections. Hitting one is a named outcome, never a hang.

/// The most that `header_count_max` can be: hyper's table of fields has no room for more.
pub const HEADER_COUNT_CAP: usize = 16 * 1024;

/// What an attempt may cost. `Default` is what the product promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// For a connection: name lookup, TCP and TLS handshake together.
    pub connect_ms: u64,
    /// From the request's last byte to the response's first.
    pub first_byte_ms: u64,
    /// Between two reads of the response.
    pub idle_ms: u64,
    /// For the whole attempt, connecting included.
    pub exchange_ms: u64,
    /// A response's payload, before content decoding.
    pub body_bytes_max: u64,
    /// A response's head, with the informational responses before it; also a response's trailer section.
    pub head_bytes_max: usize,
    /// Field lines in a response's head; at most [`HEADER_COUNT_CAP`].
    pub header_count_max: usize,
    /// What of a response is held in memory; a longer one lies in the spool folder.
    pub body_memory_bytes_max: usize,
    /// Decoded bytes for each byte of payload, beyond `decoded_free_bytes`.
    pub decoded_ratio_max: u64,
    /// Decoded bytes that no ratio is asked of.
    pub decoded_free_bytes: u64,
    /// Content codings on top of one another.
    pub decode_layers_max: usize,
    /// Kept connections in all.
    pub idle_connections_max: usize,
    /// Kept connections to one scheme, host and port.
    pub idle_connections_per_host_max: usize,
    /// How long a connection is kept unused.
    pub idle_connection_ms: u64,
    /// How long new requests go to the same HTTP/2 connection.
    pub shared_connection_ms: u64,
    /// Name lookups under way at once.
    pub dns_lookups_max: usize,
    /// Addresses of one name that are tried in turn.
    pub addresses_tried_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect_ms: 10_000,
            first_byte_ms: 30_000,
            idle_ms: 30_000,
            exchange_ms: 120_000,
            body_bytes_max: 64 * 1024 * 1024,
            head_bytes_max: 256 * 1024,
            header_count_max: 1_000,
            body_memory_bytes_max: 1024 * 1024,
            decoded_ratio_max: 200,
            decoded_free_bytes: 1024 * 1024,
            decode_layers_max: 2,
            idle_connections_max: 256,
            idle_connections_per_host_max: 16,
            idle_connection_ms: 30_000,
            shared_connection_ms: 600_000,
            dns_lookups_max: 256,
            addresses_tried_max: 4,
        }
    }
}
