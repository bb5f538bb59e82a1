//! Entra without a client secret: the broker signs an assertion for each upstream request.

use crate::support::bindings::Vars;
use crate::support::config::assert_faults;
use crate::support::keys::{fixture, pair};
use crate::support::world::{START, World, isolate, text, vars};
use base64ct::{Base64UrlUnpadded, Encoding};
use edge_token_broker::base::time::UnixMillis;
use edge_token_broker::config::Config;
use serde_json::{Value, json};

/// `default` with a certificate in place of the secret.
fn by_certificate() -> Vars {
    let certificate = pair("cert.pem", "rsa2048.pem");
    vars().with("AZ_CLIENT_SECRET", "").with("AZ_CLIENT_CERTIFICATE", &certificate)
}

/// The parameters of the upstream request number `at`.
fn sent(world: &World, at: usize) -> Vec<(String, String)> {
    let requests = world.broker.servers.endpoint.requests.borrow();
    form_urlencoded::parse(requests.get(at).unwrap().1.as_bytes()).into_owned().collect()
}

fn parameter(world: &World, at: usize, name: &str) -> Option<String> {
    sent(world, at).into_iter().find_map(|(key, value)| (key == name).then_some(value))
}

/// Header and claims of the assertion in the upstream request number `at`.
fn assertion(world: &World, at: usize) -> [Value; 2] {
    let jwt = parameter(world, at, "client_assertion").unwrap();
    let mut parts = jwt.split('.').map(|part| Base64UrlUnpadded::decode_vec(part).unwrap());
    let mut json = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
    [json(), json()]
}

/// `x5t#S256` of a certificate, from the fingerprint that openssl prints.
fn fingerprint(certificate: &str) -> String {
    let expected: Value = serde_json::from_str(&fixture("expected.json")).unwrap();
    let hex = expected.pointer(&["/certificates/", certificate, "/sha256"].concat());
    let hex = hex.and_then(Value::as_str).unwrap();
    Base64UrlUnpadded::encode_string(&base16ct::lower::decode_vec(hex).unwrap())
}

#[test]
fn an_assertion_says_what_entra_wants() {
    let world = World::of(isolate(&by_certificate()));
    world.issue("one", 3600);
    assert_eq!(text(&world.obtain().0.unwrap()), "one");
    let [header, claims] = assertion(&world, 0);
    let thumbprint = fingerprint("cert.pem");
    assert_eq!(header, json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint}));
    let endpoint = "https://login.microsoftonline.com/t/oauth2/v2.0/token";
    let secs = START / 1000;
    assert_eq!(claims["aud"], endpoint);
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!("app"), &json!("app")));
    assert_eq!((&claims["iat"], &claims["nbf"]), (&json!(secs - 60), &json!(secs - 60)));
    assert_eq!(claims["exp"], secs + 300);
    assert_eq!(claims["jti"].as_str().unwrap().len(), 36);
    assert_eq!(parameter(&world, 0, "client_secret"), None);
    assert_eq!(
        parameter(&world, 0, "client_assertion_type").unwrap(),
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
}

#[test]
fn a_miss_costs_one_signature_and_a_hit_none() {
    let world = World::of(isolate(&by_certificate()));
    let signatures = || world.broker.servers.signer.signatures.get();
    world.issue("one", 3600);
    for _ in 0..3 {
        assert_eq!(world.request().status, 200);
        assert_eq!(signatures(), 1);
    }
}

#[test]
fn a_retry_has_an_assertion_of_its_own() {
    let world = World::of(isolate(&by_certificate()));
    world.broker.servers.endpoint.answer(503, "");
    world.issue("one", 3600);
    world.obtain().0.unwrap();
    let [first, second] = [0, 1].map(|at| assertion(&world, at)[1]["jti"].clone());
    assert_ne!(first, second);
}

#[test]
fn a_refused_certificate_makes_way_for_the_next_one_and_then_for_the_secret() {
    let vars = by_certificate()
        .with("AZ_CLIENT_CERTIFICATE_SECONDARY", &pair("cert-other.pem", "other.pem"))
        .with("AZ_CLIENT_SECRET", "first");
    let world = World::of(isolate(&vars));
    world.refuse(401, "invalid_client", 700_027);
    world.refuse(401, "invalid_client", 7_000_214);
    world.issue("one", 3600);
    assert_eq!(text(&world.obtain().0.unwrap()), "one");
    let [first, second] = [0, 1].map(|at| assertion(&world, at)[0]["x5t#S256"].clone());
    assert_ne!(first, second);
    assert_eq!(parameter(&world, 2, "client_secret").unwrap(), "first");
}

#[test]
fn a_certificate_that_expires_while_the_isolate_lives_is_passed_over() {
    let expired = pair("cert-expired.pem", "rsa2048.pem");
    let vars = by_certificate()
        .with("AZ_CLIENT_CERTIFICATE", &expired)
        .with("AZ_CLIENT_CERTIFICATE_SECONDARY", &pair("cert-other.pem", "other.pem"));
    assert!(Config::parse_at(&vars, UnixMillis(START)).is_ok());
    let world = World::of(isolate(&vars));
    world.issue("one", 3600);
    world.obtain().0.unwrap();
    assert_eq!(world.upstream_requests(), 1);
    let thumbprint = fingerprint("cert-other.pem");
    assert_eq!(assertion(&world, 0)[0]["x5t#S256"], thumbprint);
}

#[test]
fn a_credential_whose_only_certificate_has_expired_is_a_fault_that_says_what_to_do() {
    let expired = pair("cert-expired.pem", "rsa2048.pem");
    let vars = by_certificate().with("AZ_CLIENT_CERTIFICATE", &expired);
    let before = UnixMillis(1_583_020_799_000);
    assert!(Config::parse_at(&vars, before).is_ok());
    let faults = Config::parse_at(&vars, UnixMillis(START)).unwrap_err();
    assert_eq!(
        faults.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "AZ_CLIENT_CERTIFICATE: has expired: make a new certificate, upload it to the application, and \
          set it here with its private key"
        ]
    );
}

#[test]
fn the_log_says_when_a_certificate_expires_soon() {
    let day = 24 * 60 * 60 * 1000;
    for (days_before, expected) in [(29, true), (31, false)] {
        let clock =
            crate::support::clock::SimulatedClock::at(2_524_607_999_000 - days_before * day);
        let isolate = crate::support::world::isolate_at(&by_certificate(), &clock);
        let world = World::of(isolate);
        world.issue("one", 3600);
        let (_, line) = world.obtain();
        let logged: Value = serde_json::from_str(&line.to_json()).unwrap();
        let not_after = logged.get("certificate_not_after").cloned();
        assert_eq!(not_after, expected.then(|| json!("Fri, 31 Dec 2049 23:59:59 GMT")));
    }
}

#[test]
fn a_signer_that_fails_or_hangs_is_a_passing_fault() {
    for hangs in [false, true] {
        let world = World::of(isolate(&by_certificate()));
        let signer = &world.broker.servers.signer;
        signer.fails.set(!hangs);
        signer.hangs.set(hangs);
        let reply = world.request();
        assert_eq!(reply.status, 503);
        let description = &reply.body["error_description"];
        assert_eq!(description, "the broker cannot sign its assertion; retry later");
        assert_eq!(world.upstream_requests(), 0);
    }
}

#[test]
fn what_is_no_certificate_with_its_key_is_a_fault() {
    let (cert, key) = (fixture("cert.pem"), fixture("rsa2048.pem"));
    let cases = [
        (key.as_str(), "has no certificate: "),
        (cert.as_str(), "has no private key: "),
        (&pair("cert.pem", "other.pem"), "has a certificate of another private key: "),
        (&pair("cert.pem", "encrypted.pem"), "has an encrypted private key: openssl pkey "),
        (&pair("cert-p256.pem", "p256.pem"), "must have an RSA key: "),
        (&pair("cert1024.pem", "rsa1024.pem"), "has an RSA key under 2048 bits: "),
    ];
    for (certificate, expected) in cases {
        let vars = by_certificate().with("AZ_CLIENT_CERTIFICATE", certificate);
        let faults = Config::parse(&vars).unwrap_err();
        let [fault] = &faults[..] else { panic!("{faults:?}") };
        assert!(
            fault.to_string().starts_with(&["AZ_CLIENT_CERTIFICATE: ", expected].concat()),
            "{fault}"
        );
    }
    assert_faults(
        &vars().with("AZ_CLIENT_CERTIFICATE_SECONDARY", &pair("cert.pem", "rsa2048.pem")),
        &["AZ_CLIENT_CERTIFICATE: is missing"],
    );
}

#[test]
fn the_token_key_depends_on_the_key_and_not_on_how_it_is_written() {
    let key_of = |certificate: &str| {
        let vars = by_certificate().with("AZ_CLIENT_CERTIFICATE", certificate);
        Config::parse(&vars).unwrap().grants().next().unwrap().token_key
    };
    let (cert, key) = (fixture("cert.pem"), fixture("rsa2048.pem"));
    let usual = key_of(&[cert.as_str(), &key].concat());
    assert_eq!(usual, key_of(&[key.as_str(), &cert].concat()));
    assert_eq!(usual, key_of(&pair("cert.pem", "rsa2048-pkcs1.pem")));
    assert_eq!(
        usual,
        key_of(&["Bag Attributes\n    localKeyID: 01\n", &key, "text\n", &cert].concat())
    );
    assert_ne!(usual, key_of(&pair("cert-other.pem", "other.pem")));
}

#[test]
fn a_credential_of_the_table_has_its_certificates_by_name() {
    let credentials = r#"{"x":{"tenant":"t","client_id":"c","certificate":["OLD","NEW"]}}"#;
    let clients = r#"{"c":{"service_binding":true,"allow":[{"credential":"x","scope":"s"}]}}"#;
    let vars = Vars::of(&[
        ("CREDENTIALS", credentials),
        ("CLIENTS", clients),
        ("OLD", &pair("cert.pem", "rsa2048.pem")),
        ("NEW", &pair("cert-other.pem", "other.pem")),
    ]);
    let config = Config::parse(&vars).unwrap();
    assert_eq!(config.credential("x").unwrap().proofs().count(), 2);
    let both = credentials.replace(r#""certificate""#, r#""client_secret":"OLD","certificate""#);
    assert_faults(
        &vars.with("CREDENTIALS", &both),
        &[
            "CREDENTIALS.x.certificate: stands beside client_secret: a credential has one kind of proof",
        ],
    );
}
