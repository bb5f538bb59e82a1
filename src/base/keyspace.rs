//! The names of everything that is stored. `docs/storage.md` says what is under each.

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

/// `prefix`, and `bytes` in hexadecimal digits.
#[must_use]
pub fn hex_name(prefix: &str, bytes: &[u8]) -> String {
    [prefix, &base16ct::lower::encode_string(bytes)].concat()
}
