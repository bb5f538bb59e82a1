//! Private keys in PEM, in every form that users have.

use base64ct::{Base64, Encoding};
use edge_token_broker::base::limits::SIGNING_TEXT_MAX_BYTES;
use edge_token_broker::jwt::algorithm::Algorithm;
use edge_token_broker::jwt::signing::{Family, KeyFault};

use super::{fault, file, key, pkcs8};

/// What openssl itself has in a PEM file with one block.
fn der_of(name: &str) -> Vec<u8> {
    let text = file(name);
    let lines: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    Base64::decode_vec(&lines).unwrap()
}

#[test]
fn pkcs8_of_openssl_is_imported_unchanged() {
    let files = [
        ("rsa2048.pem", Family::Rsa, Algorithm::Rs256),
        ("rsa3072.pem", Family::Rsa, Algorithm::Rs256),
        ("rsa4096.pem", Family::Rsa, Algorithm::Rs256),
        ("p256.pem", Family::P256, Algorithm::Es256),
        ("ed25519.pem", Family::Ed25519, Algorithm::EdDsa),
    ];
    for (name, family, algorithm) in files {
        let key = key(&file(name));
        assert_eq!((key.family(), key.usual_algorithm()), (family, algorithm), "{name}");
        assert_eq!(pkcs8(&key), der_of(name), "{name}");
        assert_eq!(key.rsa_public().is_some(), family == Family::Rsa);
        assert_eq!(key.key_id(), None);
    }
}

#[test]
fn older_forms_become_the_pkcs8_that_openssl_makes() {
    let rsa = key(&file("rsa2048-pkcs1.pem"));
    assert_eq!(pkcs8(&rsa), der_of("rsa2048.pem"));
    // openssl leaves the name of the curve out of the inner part. Both are imported.
    let curve = [0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    let p256 = key(&file("p256-sec1.pem"));
    let found = pkcs8(&p256).windows(curve.len()).filter(|bytes| *bytes == curve).count();
    assert_eq!(found, 1);
    assert_eq!(pkcs8(&p256).len(), der_of("p256.pem").len() + curve.len());
    assert_eq!(p256.secret_bytes(), key(&file("p256.pem")).secret_bytes());
}

#[test]
fn a_key_is_for_the_algorithms_of_its_kind() {
    use Algorithm::{EdDsa, Es256, Ps256, Rs256};
    let files: [(&str, &[Algorithm]); 3] =
        [("rsa2048.pem", &[Rs256, Ps256]), ("p256.pem", &[Es256]), ("ed25519.pem", &[EdDsa])];
    for (name, algorithms) in files {
        let key = key(&file(name));
        for algorithm in [Rs256, Ps256, Es256, EdDsa] {
            assert_eq!(key.is_for(algorithm), algorithms.contains(&algorithm), "{name}");
        }
    }
}

#[test]
fn the_same_key_is_equal_however_it_is_written() {
    let text = file("rsa2048.pem");
    let one = key(&text);
    let ways = [
        file("rsa2048-pkcs1.pem"),
        file("rsa2048.jwk"),
        file("bags.pem"),
        file("text.pem"),
        text.replace('\n', "\r\n"),
        text.replace('\n', "\\n"),
        text.replace('\n', "\\r\\n"),
        text.replace('\n', " "),
        text.trim().to_owned(),
        format!("\u{feff}a remark\n\n{text}\nanother"),
        // One long line.
        text.replace('\n', "").replace("KEY-----M", "KEY-----\nM"),
        [&file("cert.pem"), &text].map(String::as_str).concat(),
    ];
    for way in ways {
        let other = key(&way);
        assert_eq!(other.secret_bytes(), one.secret_bytes(), "{way}");
        assert_eq!(other.rsa_public(), one.rsa_public(), "{way}");
    }
    assert_ne!(one.secret_bytes(), key(&file("other.pem")).secret_bytes());
    for name in ["p256", "ed25519"] {
        let [pem, jwk] = ["pem", "jwk"].map(|kind| key(&file(&[name, ".", kind].concat())));
        assert_eq!(pem.secret_bytes(), jwk.secret_bytes(), "{name}");
        assert!(!pem.secret_bytes().is_empty());
    }
}

#[test]
fn modulus_and_exponent_have_no_zeros_in_front() {
    let key = key(&file("rsa2048.pem"));
    let (modulus, exponent) = key.rsa_public().unwrap();
    assert_eq!((modulus.len(), exponent), (256, [1, 0, 1].as_slice()));
    assert!(modulus[0] >= 0x80);
}

#[test]
fn each_fault_is_told() {
    let files = [
        ("pfx.txt", KeyFault::NotPem),
        ("der.txt", KeyFault::NotPem),
        ("cert.pem", KeyFault::NoKey),
        ("encrypted.pem", KeyFault::Encrypted),
        ("encrypted-pkcs1.pem", KeyFault::Encrypted),
        ("openssh.pem", KeyFault::OpenSsh),
        ("public.pem", KeyFault::PublicKey),
        ("public-pkcs1.pem", KeyFault::PublicKey),
        ("request.pem", KeyFault::Request),
        ("rsa-three-primes.pem", KeyFault::DamagedKey),
        ("rsa-pss.pem", KeyFault::Kind),
        ("dsa.pem", KeyFault::Kind),
        ("x25519.pem", KeyFault::Kind),
        ("ed448.pem", KeyFault::Curve),
        ("p384.pem", KeyFault::Curve),
        ("p384-sec1.pem", KeyFault::Curve),
        ("p256-explicit.pem", KeyFault::Curve),
        ("rsa1024.pem", KeyFault::Short),
        ("rsa4160.pem", KeyFault::Long),
    ];
    for (name, expected) in files {
        assert_eq!(fault(&file(name)), expected, "{name}");
    }
}

#[test]
fn faults_of_the_text_are_told() {
    let text = file("rsa2048.pem");
    let end = text.find("-----END").unwrap();
    assert_eq!(fault(""), KeyFault::NotPem);
    assert_eq!(fault("a secret"), KeyFault::NotPem);
    assert_eq!(fault(&text[..end]), KeyFault::CutOff);
    assert_eq!(fault(&text[..end + 12]), KeyFault::CutOff);
    assert_eq!(fault("-----BEGIN PRIVATE"), KeyFault::CutOff);
    // The end of another block is not its end.
    assert_eq!(fault(&[&text[..end], &file("cert.pem")].concat()), KeyFault::CutOff);
    assert_eq!(fault(&[text.as_str(), &file("p256.pem")].concat()), KeyFault::SeveralKeys);
    assert_eq!(fault(&[file("cert.pem"), file("public.pem")].concat()), KeyFault::PublicKey);
    assert_eq!(fault(&" ".repeat(SIGNING_TEXT_MAX_BYTES + 1)), KeyFault::TooLong);
    let label = text.replace("PRIVATE KEY", "DSA PRIVATE KEY");
    assert_eq!(fault(&label), KeyFault::Kind);
}

#[test]
fn a_damaged_key_is_told() {
    let text = file("rsa2048.pem");
    let (begin, end) = (text.find("\nMII").unwrap() + 1, text.find("-----END").unwrap());
    let lines: Vec<_> = text.lines().collect();
    let damaged = [
        // A line is missing, or comes twice; a character is missing, or is another one.
        [&lines[..9], &lines[10..]].concat().join("\n"),
        [&lines[..9], &lines[8..]].concat().join("\n"),
        [&text[..begin + 70], &text[begin + 71..]].concat(),
        text.replacen("MII", "MI!", 1),
        text.replacen("MII", "MI\\t", 1),
        text.replacen("MII", "NII", 1),
        // A header that is not encryption, nothing at all, and something behind the key.
        text.replacen("MII", "Comment: mine\n\nMII", 1),
        [&text[..begin], &text[end..]].concat(),
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", {
            let mut longer = pkcs8(&key(&text)).to_vec();
            longer.push(0);
            Base64::encode_string(&longer)
        }),
    ];
    for text in damaged {
        assert_eq!(fault(&text), KeyFault::DamagedKey, "{text}");
    }
}

#[test]
fn a_key_cut_anywhere_is_a_fault() {
    for name in ["rsa2048-pkcs1.pem", "p256.pem", "p256-sec1.pem", "ed25519.pem"] {
        let text = file(name);
        let label = text.rsplit("-----END ").next().unwrap().trim_end_matches("-----\n").to_owned();
        let begin = format!("-----BEGIN {label}-----");
        let der = Base64::decode_vec(
            &text.split(&begin).nth(1).unwrap().split("-----END").next().unwrap().replace('\n', ""),
        );
        let der = der.unwrap();
        for length in 0..der.len() {
            let body = Base64::encode_string(&der[..length]);
            let text = format!("{begin}\n{body}\n-----END {label}-----\n");
            assert_eq!(fault(&text), KeyFault::DamagedKey, "{name} {length}");
        }
    }
}

#[test]
fn the_public_half_and_attributes_of_a_pkcs8_stay_outside() {
    // Version 1 with the public half (RFC 8410 §10.3), and attributes.
    let text = "-----BEGIN PRIVATE KEY-----\n\
        MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
        oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB\n\
        Z9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PRIVATE KEY-----\n";
    let plain = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
        -----END PRIVATE KEY-----\n";
    assert_eq!(pkcs8(&key(text)), pkcs8(&key(plain)));
}

#[test]
fn a_key_whose_base64_spells_encrypted_is_not() {
    let body = ["MC4CAQAwBQYDK2VwBCIEI", &"A".repeat(17), "ENCRYPTED", &"A".repeat(17)].concat();
    let text = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
    assert_eq!(key(&text).family(), Family::Ed25519);
}

#[test]
fn debug_output_is_redacted() {
    for name in ["rsa2048.pem", "ed25519.jwk"] {
        assert_eq!(format!("{:?}", key(&file(name))), "PrivateKey(REDACTED)");
    }
}
