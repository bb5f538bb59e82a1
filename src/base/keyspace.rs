//! The names of everything that is stored. `docs/storage.md` says what is under each.

use super::limits::{
    KV_CLIENT_MAX_BYTES, KV_KEY_SET_MAX_BYTES, KV_POINTER_MAX_BYTES, KV_TOKEN_MAX_BYTES,
};

/// KV namespace `TOKENS`: a token, under its token key.
pub const TOKEN: &str = "token:";
/// KV namespace `TOKENS`: an issuer's key set, under the digest that names it.
pub const KEY_SET: &str = "jwks:";

/// KV namespace `REGISTRY`: a client's entry, under its id.
pub const CLIENT: &str = "client:";
/// KV namespace `REGISTRY`: the id of a client, under the digest of its key.
pub const CLIENT_KEY: &str = "key:";
/// KV namespace `REGISTRY`: the id of a client, under the fingerprint of its certificate.
pub const CERTIFICATE: &str = "certificate:";
/// KV namespace `REGISTRY`: the id of a client, under an origin that it lists.
pub const ORIGIN: &str = "origin:";

/// Storage of a coordinator: its state. The coordinator itself has the name of its token.
pub const COORDINATOR_STATE: &str = "state";

/// Durable Objects: the ledger of a client's used assertions, under the client's id.
pub const LEDGER: &str = "assertions:";
/// Storage of a ledger: until when a used assertion matters, under the digest of its `jti`.
pub const USED_ASSERTION: &str = "used:";

/// The most bytes that a value of the broker's under `name` in KV has. A longer one is of somebody
/// else, and is not read to its end.
#[must_use]
pub fn value_max_bytes(name: &str) -> usize {
    let longest = [
        (TOKEN, KV_TOKEN_MAX_BYTES),
        (KEY_SET, KV_KEY_SET_MAX_BYTES),
        (CLIENT, KV_CLIENT_MAX_BYTES),
    ];
    let kind = longest.into_iter().find(|(prefix, _)| name.starts_with(prefix));
    kind.map_or(KV_POINTER_MAX_BYTES, |(_, max)| max)
}

/// `prefix`, and `bytes` in hexadecimal digits.
#[must_use]
pub fn hex_name(prefix: &str, bytes: &[u8]) -> String {
    [prefix, &base16ct::lower::encode_string(bytes)].concat()
}
