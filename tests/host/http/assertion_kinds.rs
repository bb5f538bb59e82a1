//! A `client_assertion` is of an issuer or the client's own, and neither is ever taken for the other
//! (RFC 8725 §3.11, §3.12).

use super::foreign_assertions::{LATE, of, outcome, post, refused, world};
use crate::support::jwt::{ISSUER, NOW, base64url, sign, signed_text, x_of};
use crate::support::sent::Sent;

/// The client's own, which is good once.
fn of_own() -> String {
    let claims =
        format!(r#"{{"iss":"own","sub":"own","aud":"broker","exp":{},"jti":"j"}}"#, NOW + 600);
    signed_text("k1", 1, &claims)
}

fn typed(typ: &str, iss: &str, sub: &str) -> String {
    let header = format!(r#"{{"alg":"EdDSA","kid":"k1","typ":"{typ}"}}"#);
    let claims =
        format!(r#"{{"iss":"{iss}","sub":"{sub}","aud":"broker","exp":{},"jti":"t"}}"#, NOW + 600);
    let signed = [base64url(header), base64url(claims)].join(".");
    let signature = sign(&x_of(1), signed.as_bytes());
    [signed, base64url(signature)].join(".")
}

#[test]
fn a_subject_that_is_the_client_id_makes_no_jwt_the_clients_own() {
    let world = world();
    for _ in 0..2 {
        // Neither `jti` nor an end within the hour.
        assert_eq!(post(&world, Some("robot"), &of(ISSUER, "robot", "")).token(), "one");
        assert_eq!(post(&world, Some("any"), &of(ISSUER, "own", "")).token(), "one");
    }
    refused(&world, "own", &of(ISSUER, "own", r#","jti":"j""#), "jwt_issuer");
}

#[test]
fn an_own_assertion_is_never_one_of_an_issuer() {
    let world = world();
    // `friend` trusts the issuer `own`, but not what `own` says to the broker about itself.
    refused(&world, "friend", &of_own(), "jwt_issuer");
    assert_eq!(post(&world, Some("friend"), &of("own", "job", "")).token(), "one");
    // Nor is it ever remembered: it is good once, with and without a name.
    assert_eq!(post(&world, Some("own"), &of_own()).token(), "one");
    for client in [Some("own"), None] {
        assert_eq!(post(&world, client, &of_own()).status, 401);
        assert_eq!(outcome(&world), "jwt_replayed");
    }
    for target in ["/token", "/token?client_id=own", "/token?client_id=friend"] {
        let bearer = Sent::get(target).by(&format!("Bearer {}", of_own()));
        assert_eq!(bearer.to(&world.isolate).status, 401);
        assert_eq!(outcome(&world), "jwt_self_issued");
    }
}

#[test]
fn a_client_is_no_issuer_of_jwts_about_others_for_itself() {
    let world = world();
    // Otherwise an own assertion could do without `jti`, and be used again and again.
    for sub in ["other", "friend", "Own", "own ", ISSUER] {
        refused(&world, "own", &of("own", sub, r#","jti":"j""#), "jwt_subject");
    }
    for sub in ["", "null", r#"["own"]"#, "1"] {
        let sub = if sub.is_empty() { "\"\"" } else { sub };
        let claims =
            format!(r#"{{"iss":"own","sub":{sub},"aud":"broker","exp":{LATE},"jti":"j"}}"#);
        refused(&world, "own", &signed_text("k1", 1, &claims), "jwt_subject");
    }
    refused(&world, "own", &of("Own", "own", r#","jti":"j""#), "jwt_issuer");
}

#[test]
fn an_issuer_that_speaks_of_itself_speaks_for_no_client() {
    let world = world();
    for client in ["any", "pod", "own"] {
        let soon = format!(
            r#"{{"iss":"{ISSUER}","sub":"{ISSUER}","aud":"broker","exp":{},"jti":"j"}}"#,
            NOW + 600
        );
        refused(&world, client, &signed_text("k1", 1, &soon), "jwt_issuer");
    }
    refused(&world, "any", &of(ISSUER, ISSUER, ""), "jwt_id");
    refused(&world, "any", &of(ISSUER, ISSUER, r#","jti":"j""#), "jwt_lifetime");
}

#[test]
fn each_kind_has_its_own_typ() {
    let world = world();
    for typ in ["JWT", "application/jwt", "at+jwt"] {
        assert_eq!(post(&world, Some("robot"), &typed(typ, ISSUER, "robot")).token(), "one");
    }
    for typ in ["client-authentication+jwt", "dpop+jwt", "logout+jwt"] {
        refused(&world, "robot", &typed(typ, ISSUER, "robot"), "jwt_type");
    }
    for typ in ["at+jwt", "dpop+jwt"] {
        refused(&world, "own", &typed(typ, "own", "own"), "jwt_type");
    }
    assert_eq!(
        post(&world, Some("own"), &typed("client-authentication+jwt", "own", "own")).token(),
        "one"
    );
}
