//! What stands in examples, and what everybody tries first. Neither may give anybody access.

/// Words that are no client keys. Each has the first eight bytes of its SHA-256, and of the SHA-256 with
/// a line break behind it, as `echo` writes it. Examples of this project had the digest of `password`.
pub const WELL_KNOWN_KEYS: [(&str, [u64; 2]); 14] = [
    ("", [0xe3b0_c442_98fc_1c14, 0x01ba_4719_c80b_6fe9]),
    ("password", [0x5e88_4898_da28_0471, 0x6b3a_55e0_261b_0304]),
    ("secret", [0x2bb8_0d53_7b1d_a3e3, 0xb37e_50ce_dcd3_e3f1]),
    ("test", [0x9f86_d081_884c_7d65, 0xf2ca_1bb6_c7e9_07d0]),
    ("changeme", [0x057b_a03d_6c44_1048, 0x41ed_f6e6_1ed4_2a3c]),
    ("admin", [0x8c69_76e5_b541_0415, 0xfc82_52c8_dc55_8399]),
    ("token", [0x3c46_9e9d_6c58_75d3, 0xe078_cb80_a315_c154]),
    ("example", [0x50d8_58e0_985e_cc7f, 0x1355_0350_a868_1c84]),
    ("default", [0x37a8_eec1_ce19_687d, 0x0166_6ec0_6046_6c14]),
    ("123456", [0x8d96_9eef_6eca_d3c2, 0xe150_a1ec_81e8_e93e]),
    ("12345678", [0xef79_7c81_18f0_2dfb, 0x2634_c309_7f98_e368]),
    ("qwerty", [0x65e8_4be3_3532_fb78, 0x9cee_ce10_cf8b_97d1]),
    ("letmein", [0x1c8b_fe8f_801d_7974, 0x8de4_7d5a_a7d6_1e92]),
    ("client_secret", [0x83d1_51a9_8eac_0d0c, 0xf54e_7948_995a_66fa]),
];

/// Whether a digest that begins like this is of a well-known word, or all zeros.
#[must_use]
pub fn is_well_known(prefix: u64) -> bool {
    prefix == 0 || WELL_KNOWN_KEYS.iter().any(|(_, known)| known.contains(&prefix))
}

/// Whether `text` is a placeholder such as `<client id>`, as the documents have them.
#[must_use]
pub fn is_placeholder(text: &str) -> bool {
    text.starts_with('<') && text.ends_with('>')
}
