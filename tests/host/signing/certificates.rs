//! Certificates beside their private keys.

use base16ct::lower::encode_string;
use edge_token_broker::base::limits::SIGNING_TEXT_MAX_BYTES;
use edge_token_broker::base::time::UnixMillis;
use edge_token_broker::jwt::signing::{Certificate, KeyFault, certificate_and_key, public_jwk};

use super::{expected, file, key};

fn pair(names: &[&str]) -> Result<Certificate, KeyFault> {
    let text: String = names.iter().map(|name| file(name)).collect();
    certificate_and_key(&text).map(|(certificate, _)| certificate)
}

/// The certificate of `name`, by openssl.
fn by_openssl(name: &str) -> (String, u64, u64) {
    let expected = expected("certificates", name);
    let number = |member: &str| expected.get(member).unwrap().as_u64().unwrap();
    let digest = expected.get("sha256").unwrap().as_str().unwrap().to_owned();
    (digest, number("not_before"), number("not_after"))
}

fn ours(found: Certificate) -> (String, u64, u64) {
    (encode_string(&found.thumbprint), found.not_before.0, found.not_after.0)
}

#[test]
fn thumbprint_and_times_are_those_of_openssl() {
    let pairs = [
        ("cert.pem", "rsa2048.pem"),
        ("cert.pem", "rsa2048-pkcs1.pem"),
        ("cert-renewed.pem", "rsa2048.pem"),
        // Without a version. Expired, and only valid later: the caller knows the time.
        ("cert-expired.pem", "rsa2048.pem"),
        ("cert-far.pem", "rsa2048.pem"),
        ("cert3072.pem", "rsa3072.pem"),
        ("cert4096.pem", "rsa4096.pem"),
        // By another key, on a curve.
        ("cert-leaf.pem", "rsa2048.pem"),
    ];
    for (certificate, key) in pairs {
        let expected = by_openssl(certificate);
        assert_eq!(ours(pair(&[certificate, key]).unwrap()), expected, "{certificate}");
        assert_eq!(ours(pair(&[key, certificate]).unwrap()), expected, "{certificate}");
    }
}

#[test]
fn text_around_the_blocks_is_ignored() {
    let expected = by_openssl("cert.pem");
    let plain = [file("cert.pem"), file("rsa2048.pem")].concat();
    let texts = [
        file("bags.pem"),
        file("text.pem"),
        file("text.pem").replace('\n', "\r\n"),
        plain.replace('\n', "\\n"),
        plain.replace('\n', "\\r\\n"),
        plain.replace('\n', " "),
        plain.replace("CERTIFICATE", "X509 CERTIFICATE"),
    ];
    for text in texts {
        let (certificate, found) = certificate_and_key(&text).unwrap();
        assert_eq!(ours(certificate), expected, "{text}");
        assert_eq!(found.secret_bytes(), key(&file("rsa2048.pem")).secret_bytes());
    }
}

#[test]
fn the_certificate_of_the_key_counts_in_a_chain() {
    let leaf = by_openssl("cert-leaf.pem");
    let chains: [&[&str]; 4] = [
        &["cert-leaf.pem", "cert-p256.pem", "rsa2048.pem"],
        &["rsa2048.pem", "cert-p256.pem", "cert-leaf.pem"],
        &["cert-other.pem", "cert-leaf.pem", "rsa2048.pem", "cert4160.pem"],
        // The same one twice is no doubt.
        &["cert-leaf.pem", "cert-leaf.pem", "rsa2048.pem"],
    ];
    for chain in chains {
        assert_eq!(ours(pair(chain).unwrap()), leaf, "{chain:?}");
    }
    let two = pair(&["cert.pem", "cert-renewed.pem", "rsa2048.pem"]);
    assert_eq!(two, Err(KeyFault::SeveralCertificates));
}

#[test]
fn each_fault_is_told() {
    let pairs: [(&[&str], KeyFault); 14] = [
        (&["rsa2048.pem"], KeyFault::NoCertificate),
        (&["rsa2048.pem", "request.pem"], KeyFault::NoCertificate),
        (&["cert.pem"], KeyFault::NoKey),
        (&["cert.pem", "public.pem"], KeyFault::PublicKey),
        (&["cert.pem", "encrypted.pem"], KeyFault::Encrypted),
        (&["cert.pem", "encrypted-pkcs1.pem"], KeyFault::Encrypted),
        (&["cert.pem", "rsa2048.pem", "other.pem"], KeyFault::SeveralKeys),
        (&["cert-other.pem", "rsa2048.pem"], KeyFault::Mismatch),
        (&["cert-p256.pem", "rsa2048.pem"], KeyFault::Mismatch),
        (&["cert-p256.pem", "p256.pem"], KeyFault::NotRsa),
        (&["cert1024.pem", "rsa1024.pem"], KeyFault::Short),
        (&["cert4160.pem", "rsa4160.pem"], KeyFault::Long),
        (&["pfx.txt"], KeyFault::NotPem),
        (&["rsa2048.jwk"], KeyFault::NotPem),
    ];
    for (names, fault) in pairs {
        assert_eq!(pair(names), Err(fault), "{names:?}");
    }
    let long = " ".repeat(SIGNING_TEXT_MAX_BYTES + 1);
    assert_eq!(certificate_and_key(&long).map(drop), Err(KeyFault::TooLong));
}

#[test]
fn a_damaged_certificate_is_told() {
    let (certificate, key) = (file("cert.pem"), file("rsa2048.pem"));
    let lines: Vec<_> = certificate.lines().collect();
    for cut in 1..lines.len() - 1 {
        let text = [[&lines[..cut], &lines[cut + 1..]].concat().join("\n"), key.clone()].concat();
        let fault = certificate_and_key(&text).map(drop).unwrap_err();
        assert_eq!(fault, KeyFault::DamagedCertificate, "without line {cut}");
    }
    let cut_off = [lines[..5].join("\n"), key].concat();
    assert_eq!(certificate_and_key(&cut_off).map(drop), Err(KeyFault::CutOff));
}

#[test]
fn a_public_jwk_has_the_thumbprint_of_jose() {
    for name in ["rsa2048.pem", "rsa3072.pem", "rsa4096.pem"] {
        let found = public_jwk(&key(&file(name))).unwrap();
        assert_eq!(found.kid, expected("kids", name).as_str().unwrap());
        let json: serde_json::Value = serde_json::from_str(&found.json).unwrap();
        assert_eq!(json["kid"], found.kid);
        let others = [&json["kty"], &json["use"], &json["alg"], &json["e"]];
        assert_eq!(others, ["RSA", "sig", "RS256", "AQAB"]);
        assert_eq!(json.as_object().unwrap().len(), 6, "the public half alone");
    }
    let jwk: serde_json::Value = serde_json::from_str(&file("rsa2048.jwk")).unwrap();
    let found = public_jwk(&key(&file("rsa2048.jwk"))).unwrap();
    assert!(found.json.contains(jwk["n"].as_str().unwrap()));
    assert!(["p256.pem", "ed25519.pem"].iter().all(|name| public_jwk(&key(&file(name))).is_none()));
}

#[test]
fn digits_are_an_instant_in_utc() {
    let at = |digits: &str| UnixMillis::of_digits(digits.as_bytes()).map(|at| at.0 / 1000);
    // By `date -u +%s`.
    let instants = [
        ("19700101000000", 0),
        ("19691231235959", 0),
        ("00000101000000", 0),
        ("20000229235959", 951_868_799),
        ("20000301000000", 951_868_800),
        ("20240229123456", 1_709_210_096),
        ("20241231235959", 1_735_689_599),
        ("21000228235959", 4_107_542_399),
        ("21000301000000", 4_107_542_400),
        ("99991231235959", 253_402_300_799),
    ];
    for (digits, instant) in instants {
        assert_eq!(at(digits), Some(instant), "{digits}");
    }
    for digits in [
        "",
        "2024022912345",
        "202402291234567",
        "2024022912345Z",
        "20240029000000",
        "20241329000000",
        "20240100000000",
        "20240132000000",
        "20240101240000",
        "20240101006000",
        "20240101000061",
        "2024-1-1000000",
        "+2024010100000",
    ] {
        assert_eq!(at(digits), None, "{digits}");
    }
}
