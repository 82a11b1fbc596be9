//! The list of signature files: a product is added by a file in `knowledge/signatures/` and its line here.
//!
//! A test compares the list with the folder, so that no file is forgotten.

/// Name and text of each file, in alphabetical order.
pub(crate) const SIGNATURE_FILES: [(&str, &str); 10] = [
    ("apache.toml", include_str!("../knowledge/signatures/apache.toml")),
    ("aws-waf.toml", include_str!("../knowledge/signatures/aws-waf.toml")),
    ("cloudflare.toml", include_str!("../knowledge/signatures/cloudflare.toml")),
    ("envoy.toml", include_str!("../knowledge/signatures/envoy.toml")),
    ("generic.toml", include_str!("../knowledge/signatures/generic.toml")),
    ("haproxy.toml", include_str!("../knowledge/signatures/haproxy.toml")),
    ("nginx.toml", include_str!("../knowledge/signatures/nginx.toml")),
    ("varnish.toml", include_str!("../knowledge/signatures/varnish.toml")),
    ("vercel.toml", include_str!("../knowledge/signatures/vercel.toml")),
    ("wordpress.toml", include_str!("../knowledge/signatures/wordpress.toml")),
];
