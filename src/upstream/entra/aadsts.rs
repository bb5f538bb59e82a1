//! What an error response of Entra means, and what to do after it.
//!
//! The first AADSTS number that is in [`NUMBERS`] decides, because it is narrower than `error`: Entra
//! says `invalid_client` also where the client secret is good. Microsoft asks programs not to depend on
//! the numbers, so without a known one `error` decides.
//!
//! Sources: Microsoft's "Microsoft Entra authentication and authorization error codes"; for numbers that
//! it does not have, the texts of Entra's own responses, and the lists of Microsoft.Identity.Web.

use std::borrow::Cow;

use Meaning::{NotYet, ProofRefused, Refused, ScopeRefused, Throttled, Transient};

use crate::oauth::error_response::ErrorResponse;
use crate::upstream::answer::Meaning;

/// Numbers with one meaning, and what an operator must do. Of a scope, the caller gets Entra's words.
pub type Row = (Meaning, &'static str, &'static [u32]);

/// The numbers that a client credentials request can meet.
pub const NUMBERS: [Row; 41] = [
    (Throttled, "", &[50196, 90055]),
    // The last: a claims transformation did not answer Entra.
    (Transient, "", &[50000, 50033, 90006, 90012, 90024, 90033, 90090, 90091, 501_621]),
    (
        ScopeRefused,
        "",
        &[
            28002, 28003, 50001, 65005, 70011, 90009, 500_011, 500_014, 501_461, 650_052, 650_054,
            650_056, 650_057, 700_022, 700_023, 1_002_012,
        ],
    ),
    (
        ProofRefused,
        "the client secret is wrong; set the secret to the value of a client secret of this \
         application (the value, not the secret id)",
        &[70002, 7_000_215],
    ),
    (ProofRefused, "the client secret has expired; create a new one and set it", &[7_000_222]),
    (
        ProofRefused,
        "the application does not have this certificate; upload the certificate, without its private \
         key, to the application",
        &[700_027],
    ),
    (
        ProofRefused,
        "Entra cannot verify the signature with the certificate or key that it has; upload the \
         certificate of the private key in use",
        &[7_000_274],
    ),
    (
        ProofRefused,
        "the certificate has expired or is not valid yet; make one that is valid, upload it to the \
         application, and set it here",
        &[1_000_502],
    ),
    (
        ProofRefused,
        "the certificate was revoked; make another one, upload it to the application, and set it here",
        &[7_000_214, 7_000_277],
    ),
    (
        ProofRefused,
        "the application takes no certificate of this issuer or subject; upload the certificate itself \
         to the application",
        &[50012, 700_030],
    ),
    (
        ProofRefused,
        "Entra cannot read the client assertion; check that client id and certificate are those of \
         one application",
        &[50013, 50027, 50048, 700_021, 900_384],
    ),
    (
        NotYet,
        "the client assertion is outside its lifetime, and so is a new one; check the clock where the \
         broker runs",
        &[500_133, 700_024],
    ),
    (
        NotYet,
        "no federated credential of the application fits; wait some minutes after a change, then \
         compare issuer, subject and audience with npm run explain",
        &[70021],
    ),
    (
        ProofRefused,
        "no federated credential of the application has this issuer to the letter; compare it with \
         npm run explain",
        &[700_211],
    ),
    (
        ProofRefused,
        "no federated credential of the application has this audience to the letter; compare it with \
         npm run explain",
        &[700_212],
    ),
    (
        ProofRefused,
        "no federated credential of the application has this subject to the letter; compare it with \
         npm run explain",
        &[700_213, 7_002_131, 7_002_137],
    ),
    (
        ProofRefused,
        "the federated credential of the application differs in upper and lower case; compare issuer, \
         subject and audience with npm run explain",
        &[7_002_138],
    ),
    (
        NotYet,
        "Entra has a copy of the broker's public keys without the one that signs; wait until it reads \
         them again, and publish the next key as ISSUER_KEY_NEXT before it signs",
        &[7_000_272],
    ),
    (
        NotYet,
        "Entra cannot read the documents at ISSUER; /.well-known/openid-configuration must open \
         there for everybody, without Cloudflare Access, bot challenge or port number",
        &[50166, 90061, 501_661],
    ),
    (
        ProofRefused,
        "Entra takes no token of its own as a federated credential; set ISSUER to the origin of the \
         broker",
        &[700_222, 700_229],
    ),
    (
        Refused,
        "the tenant does not know the application; check the client id and the tenant",
        &[700_011, 700_016],
    ),
    (
        Refused,
        "the tenant has no service principal of the application; an administrator of the tenant has \
         to create it (az ad sp create --id CLIENT_ID) or to consent to the application",
        &[7_000_229],
    ),
    (
        Refused,
        "the application is disabled in the tenant; enable it",
        &[70001, 1_000_031, 7_000_112],
    ),
    (
        Refused,
        "the application is registered for its own tenant only; check the tenant, or register it for \
         several tenants",
        &[50194, 650_059],
    ),
    (
        Refused,
        "the application is registered as a public client, which has no secret; register it as a \
         confidential one",
        &[700_025],
    ),
    (
        Refused,
        "the client id is that of an application of Microsoft; use one of your own",
        &[65002],
    ),
    (Refused, "the client id is not a GUID; set the application (client) id", &[90112]),
    (
        Refused,
        "the API requires an assignment; give the application an app role of the API, or turn off \
         Assignment required there",
        &[50105, 501_051],
    ),
    (
        Refused,
        "an administrator of the tenant has to consent to the application",
        &[65001, 90008, 90094, 90095, 90099],
    ),
    (
        Refused,
        "the API has no valid signing key of its own; its owner has to add one",
        &[50003, 50146],
    ),
    (
        Refused,
        "a Conditional Access policy blocks the application; change the policy",
        &[50131, 53003],
    ),
    (
        Refused,
        "a security policy of the tenant blocks the application; change the policy",
        &[530_032],
    ),
    (Refused, "the security defaults of the tenant block the application", &[530_035]),
    (
        Refused,
        "a cross-tenant access policy blocks the application; change the policy",
        &[500_212, 500_213],
    ),
    (
        Refused,
        "a tenant restriction on the network blocks the tenant; permit the tenant there",
        &[50002, 500_021, 500_022],
    ),
    (
        Refused,
        "the tenant does not exist at this authority; check the tenant and authority host",
        &[90002],
    ),
    (
        Refused,
        "this is no tenant for Entra; set the tenant to its id (a GUID) or one of its domains",
        &[50029, 50049, 50059, 50128, 90019, 90124, 90130, 900_023, 9_001_023],
    ),
    (
        Refused,
        "Microsoft has blocked the tenant; open a support ticket with Microsoft",
        &[5_000_224],
    ),
    (
        Refused,
        "the tenant belongs to another cloud; set the authority host of that cloud",
        &[51005, 90038, 90051, 900_382, 900_432],
    ),
    (
        Refused,
        "the authority host is that of a region, which serves only applications of Microsoft; set \
         the one without a region",
        &[100_007],
    ),
    (
        Refused,
        "Entra does not accept the form of the request; check the authority host, and what is between \
         it and the broker",
        &[
            70003, 90004, 90013, 90014, 90015, 90023, 90100, 90102, 90117, 90121, 900_144, 900_561,
            901_002, 7_000_218, 9_002_313,
        ],
    ),
];

/// The row of the first known number.
fn row(response: &ErrorResponse) -> Option<&'static Row> {
    let codes = &response.trace.error_codes;
    codes.iter().find_map(|code| NUMBERS.iter().find(|(_, _, numbers)| numbers.contains(code)))
}

/// What the number of an error response means. `None` without a known one.
#[must_use]
pub fn meaning_of_number(response: &ErrorResponse) -> Option<Meaning> {
    row(response).map(|(meaning, ..)| *meaning)
}

/// Classifies an error response. Any server that fails may say so in any words, but a number is
/// Entra's own.
#[must_use]
pub fn meaning(status: u16, response: &ErrorResponse) -> Option<Meaning> {
    let by_number = meaning_of_number(response);
    if matches!(status, 408 | 500..) || !response.is_error() {
        return by_number;
    }
    by_number.or_else(|| Some(meaning_of_word(response)))
}

fn meaning_of_word(response: &ErrorResponse) -> Meaning {
    match response.error.as_str() {
        "temporarily_unavailable" | "server_error" => Transient,
        "slow_down" => Throttled,
        "invalid_client" => ProofRefused,
        "invalid_scope" | "invalid_resource" | "invalid_target" => ScopeRefused,
        _ => Refused,
    }
}

/// What an operator must do after a refusal, in the characters of RFC 6749 §5.2. Of a number that is
/// not known: what Entra says, and where to look it up.
#[must_use]
pub fn advice(response: &ErrorResponse) -> Cow<'static, str> {
    if let Some((_, advice, _)) = row(response).filter(|(_, advice, _)| !advice.is_empty()) {
        return (*advice).into();
    }
    match (&response.description, response.aadsts()) {
        (Some(words), Some(number)) => format!("Entra says: {words} ({})", look_up(number)).into(),
        (Some(words), None) => format!("Entra says: {words}").into(),
        (None, Some(number)) => look_up(number).into(),
        (None, None) => match meaning_of_word(response) {
            ProofRefused => "check the client id and the proof of this credential".into(),
            _ => "check the application and tenant of this credential".into(),
        },
    }
}

/// A number, and where Microsoft explains it.
#[must_use]
pub fn look_up(number: u32) -> String {
    format!("AADSTS{number}, see https://login.microsoftonline.com/error?code={number}")
}
