//! What stands in examples, and what everybody tries first. Neither may give anybody access.

/// Words that are no client keys, each with the first eight bytes of its SHA-256. Examples of this project
/// had the digest of `password`.
pub const WELL_KNOWN_KEYS: [(&str, u64); 14] = [
    ("", 0xe3b0_c442_98fc_1c14),
    ("password", 0x5e88_4898_da28_0471),
    ("secret", 0x2bb8_0d53_7b1d_a3e3),
    ("test", 0x9f86_d081_884c_7d65),
    ("changeme", 0x057b_a03d_6c44_1048),
    ("admin", 0x8c69_76e5_b541_0415),
    ("token", 0x3c46_9e9d_6c58_75d3),
    ("example", 0x50d8_58e0_985e_cc7f),
    ("default", 0x37a8_eec1_ce19_687d),
    ("123456", 0x8d96_9eef_6eca_d3c2),
    ("12345678", 0xef79_7c81_18f0_2dfb),
    ("qwerty", 0x65e8_4be3_3532_fb78),
    ("letmein", 0x1c8b_fe8f_801d_7974),
    ("client_secret", 0x83d1_51a9_8eac_0d0c),
];

/// Whether a digest that begins like this is of a well-known word, or all zeros.
pub(super) fn is_well_known(prefix: u64) -> bool {
    prefix == 0 || WELL_KNOWN_KEYS.iter().any(|(_, known)| *known == prefix)
}

/// Whether `text` is a placeholder such as `<client id>`, as the documents have them.
pub(super) fn is_placeholder(text: &str) -> bool {
    text.starts_with('<') && text.ends_with('>')
}
