//! The address of a caller.

use std::net::Ipv6Addr;

use crate::base::limits::ADDRESS_MAX_BYTES;

/// `text`, if it can be an address. The address goes to the log.
pub(super) fn plausible(text: String) -> Option<String> {
    let allowed = |b: u8| b.is_ascii_hexdigit() || matches!(b, b'.' | b':');
    (text.len() <= ADDRESS_MAX_BYTES && text.bytes().all(allowed)).then_some(text)
}

/// The network of an address, as one customer gets it: the first half of an IPv6 address.
pub(super) fn network_of(address: String) -> String {
    let Ok(parsed) = address.parse::<Ipv6Addr>() else { return address };
    let [a, b, c, d, ..] = parsed.segments();
    format!("{a:x}:{b:x}:{c:x}:{d:x}::")
}
