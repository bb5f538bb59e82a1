//! Which JWTs of which issuer prove who a client is: `jwt` in its configuration.

use super::{Jwt, JwtFault, OneOf};
use crate::base::json::Json;
use crate::base::limits::{
    ASSERTION_LIFETIME_MAX, JWT_ID_MAX_BYTES, JWT_SKEW, JWT_SUBJECT_MAX_BYTES,
    NUMERIC_DATE_MAX_SECS,
};
use crate::base::time::{Millis, UnixMillis};

/// An issuer, and what its JWTs must say.
#[derive(Debug)]
pub struct Trust {
    /// `iss`, exactly.
    pub issuer: String,
    /// `aud` must name one of these.
    pub audience: OneOf,
    /// `sub`, where it is pinned.
    pub subject: Option<OneOf>,
    /// Other claims that are pinned.
    pub claims: Vec<(String, OneOf)>,
    /// Where the issuer's keys are, where its metadata does not say.
    pub jwks_uri: Option<String>,
}

/// As what a JWT is presented. One made for another use must not be accepted (RFC 8725 §3.11).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Profile {
    /// As a bearer token: an issuer's word about the caller.
    Bearer,
    /// As `client_assertion` (RFC 7523 §2.2): the caller's own word.
    ClientAssertion,
}

/// Whom a JWT names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct JwtSubject {
    /// `iss`.
    pub issuer: String,
    /// `sub`; not empty, short enough for the log.
    pub subject: Option<String>,
    /// `exp`, without skew.
    pub expires_at: UnixMillis,
    /// `jti`, where it is text of a usable length; a client assertion has one.
    pub jti: Option<String>,
}

impl Trust {
    /// Whether the client issues its JWTs itself, so that they are client assertions only.
    #[must_use]
    pub fn is_self_issued(&self, client_id: &str) -> bool {
        self.issuer == client_id
    }

    /// Whether `jwt` says that it is from this issuer.
    #[must_use]
    pub fn names_issuer_of(&self, jwt: &Jwt) -> bool {
        jwt.text("iss") == Some(&self.issuer)
    }

    /// Holds everything but the signature of `jwt` against this trust.
    ///
    /// # Errors
    /// First what anybody may know, then what
    /// [tells the configuration](JwtFault::tells_configuration).
    pub fn check(
        &self,
        jwt: &Jwt,
        profile: Profile,
        now: UnixMillis,
    ) -> Result<JwtSubject, JwtFault> {
        if !self.names_issuer_of(jwt) {
            return Err(JwtFault::Issuer);
        }
        if !profile.permits_type(jwt.header().typ.as_deref()) {
            return Err(JwtFault::Type);
        }
        let expires_at = in_time(jwt, now)?;
        let jti = jwt.text("jti").filter(|id| id.len() <= JWT_ID_MAX_BYTES);
        let subject = subject_of(jwt)?;
        let self_issued = subject == Some(&self.issuer);
        match profile {
            Profile::Bearer if self_issued => return Err(JwtFault::SelfIssued),
            Profile::Bearer => {}
            Profile::ClientAssertion if !self_issued => return Err(JwtFault::Subject),
            Profile::ClientAssertion => check_assertion(jti, expires_at, now)?,
        }
        self.check_pins(jwt)?;
        Ok(JwtSubject {
            issuer: self.issuer.clone(),
            subject: subject.map(str::to_owned),
            expires_at,
            jti: jti.map(str::to_owned),
        })
    }

    /// What the configuration pins; a claim that is missing is not permitted.
    fn check_pins(&self, jwt: &Jwt) -> Result<(), JwtFault> {
        let has = |name, permitted: &OneOf| jwt.claim(name).is_some_and(|it| permitted.permits(it));
        if !has("aud", &self.audience) {
            return Err(JwtFault::Audience);
        }
        if !self.subject.as_ref().is_none_or(|one_of| has("sub", one_of)) {
            return Err(JwtFault::Subject);
        }
        let all = self.claims.iter().all(|(name, permitted)| has(name, permitted));
        if all { Ok(()) } else { Err(JwtFault::Claim) }
    }
}

impl Profile {
    /// `typ` is a media type; `application/` may be left out, and case does not count (RFC 7515
    /// §4.1.9).
    fn permits_type(self, typ: Option<&str>) -> bool {
        let Some(typ) = typ else { return true };
        let own = match self {
            Self::Bearer => "at+jwt",
            Self::ClientAssertion => "client-authentication+jwt",
        };
        let subtype = match typ.split_once('/') {
            Some((kind, subtype)) if kind.eq_ignore_ascii_case("application") => subtype,
            _ => typ,
        };
        subtype.eq_ignore_ascii_case("JWT") || subtype.eq_ignore_ascii_case(own)
    }
}

/// `sub`, where there is one: text, short enough for the log.
fn subject_of(jwt: &Jwt) -> Result<Option<&str>, JwtFault> {
    match jwt.claim("sub") {
        None => Ok(None),
        // Of a service token of Cloudflare Access: it is nobody's, and no pin permits it.
        Some(Json::Text(subject)) if subject.is_empty() => Ok(None),
        Some(Json::Text(subject)) if subject.len() <= JWT_SUBJECT_MAX_BYTES => Ok(Some(subject)),
        Some(_) => Err(JwtFault::Subject),
    }
}

/// RFC 7523 §3, and a bound on how long its `jti` has to be remembered.
fn check_assertion(
    jti: Option<&str>,
    expires_at: UnixMillis,
    now: UnixMillis,
) -> Result<(), JwtFault> {
    if jti.is_none() {
        return Err(JwtFault::AssertionId);
    }
    if expires_at > now.plus(ASSERTION_LIFETIME_MAX).plus(JWT_SKEW) {
        return Err(JwtFault::Lifetime);
    }
    Ok(())
}

/// Whether it is `now` between `nbf`, `iat` and `exp`, which is returned.
fn in_time(jwt: &Jwt, now: UnixMillis) -> Result<UnixMillis, JwtFault> {
    let instant = |name| jwt.claim(name).map(|claim| instant(claim).ok_or(JwtFault::Time));
    let expires_at = instant("exp").ok_or(JwtFault::Time)??;
    if now >= expires_at.plus(JWT_SKEW) {
        return Err(JwtFault::Expired);
    }
    for name in ["nbf", "iat"] {
        if instant(name).transpose()?.is_some_and(|begin| begin > now.plus(JWT_SKEW)) {
            return Err(JwtFault::NotYetValid);
        }
    }
    Ok(expires_at)
}

/// A `NumericDate` (RFC 7519 §2): seconds, perhaps with a fraction.
fn instant(claim: &Json) -> Option<UnixMillis> {
    let millis = match claim {
        Json::Whole(secs) => Millis::from_secs(*secs),
        Json::Fraction(secs) if secs.is_sign_positive() => Millis(whole_millis(*secs)),
        _ => return None,
    };
    (millis <= Millis::from_secs(NUMERIC_DATE_MAX_SECS)).then_some(UnixMillis(millis.0))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is positive, saturates, and is held against a limit"
)]
fn whole_millis(secs: f64) -> u64 {
    (secs * 1000.0) as u64
}
