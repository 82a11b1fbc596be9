//! Which fields of a request are secrets between the user and one host, judged by their names.
//!
//! One law for what redirects carry on, what request records keep and what people are shown. A name is all there is to go by, so
//! it errs on the side of secrecy: a harmless field taken for a secret is sent all the same, and merely not shown.

/// A field whose name holds one of these carries a credential: Authorization and Cookie (RFC 9110, section 11.6.2; RFC 6265,
/// section 4.2), and what services call their own: X-Api-Key, X-Auth-Token, X-Amz-Security-Token.
const SECRET_PARTS: [&str; 9] = ["auth", "cookie", "credential", "key", "password", "secret", "session", "signature", "token"];

/// Whether a field of this name, in any case, carries a secret.
///
/// ```
/// use comeback_engine::secret_field::is_secret_field;
/// assert!(is_secret_field("Authorization") && is_secret_field("X-Api-Key"));
/// assert!(!is_secret_field("Accept-Language"));
/// ```
#[must_use]
pub fn is_secret_field(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_PARTS.iter().any(|part| name.contains(part))
}

/// A field's value as people may see it.
#[must_use]
pub fn shown_value<'a>(name: &str, value: &'a str) -> &'a str {
    if is_secret_field(name) { "(not shown)" } else { value }
}
