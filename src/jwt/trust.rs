//! Which JWTs of which issuer prove a client's identity: `jwt` in its configuration.

use super::{Jwt, JwtFault, OneOf};
use crate::base::json::Json;
use crate::base::limits::{
    ASSERTION_LIFETIME_MAX, JWT_ID_MAX_BYTES, JWT_SKEW, JWT_SUBJECT_MAX_BYTES,
    NUMERIC_DATE_MAX_SECS,
};
use crate::base::time::{Millis, UnixMillis};

/// An issuer, and what its JWTs must contain.
#[derive(Debug)]
pub struct Trust {
    /// `iss` must be this text. Either spelling of Google is both.
    pub issuer: String,
    /// `aud` must name one of these.
    pub audience: OneOf,
    /// What `sub` must be, if it is pinned.
    pub subject: Option<OneOf>,
    /// Other pinned claims, and what they must be.
    pub claims: Vec<(String, OneOf)>,
    /// The URL of the issuer's key set. Without it, the issuer's metadata says.
    pub jwks_uri: Option<String>,
}

/// The use for which a JWT is presented. A JWT for another use is refused (RFC 8725 §3.11).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Profile {
    /// An issuer's statement about the caller: a bearer token, or a `client_assertion` whose `iss` is
    /// not its `sub`.
    Bearer,
    /// The caller's own statement: a `client_assertion` whose `iss` is its `sub` (RFC 7523 §2.2).
    ClientAssertion,
}

/// Whom a JWT names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct JwtSubject {
    /// `iss`.
    pub issuer: String,
    /// `sub`, not empty and short enough for the log.
    pub subject: Option<String>,
    /// `exp`, without the skew.
    pub expires_at: UnixMillis,
    /// `jti`, if it is text of a usable length. A client assertion always has one.
    pub jti: Option<String>,
}

impl Trust {
    /// Whether the client issues its JWTs itself. Such JWTs are good only as client assertions.
    #[must_use]
    pub fn is_self_issued(&self, client_id: &str) -> bool {
        self.issuer == client_id
    }

    /// Whether `iss` of `jwt` is this issuer.
    #[must_use]
    pub fn names_issuer_of(&self, jwt: &Jwt) -> bool {
        jwt.text("iss")
            .is_some_and(|iss| iss == self.issuer || (is_google(iss) && is_google(&self.issuer)))
    }

    /// Whether `iss` of `jwt` is this issuer but for one slash at the end.
    #[must_use]
    pub fn nearly_names_issuer_of(&self, jwt: &Jwt) -> bool {
        let has_one_more = |long: &str, short: &str| long.strip_suffix('/') == Some(short);
        jwt.text("iss")
            .is_some_and(|iss| has_one_more(iss, &self.issuer) || has_one_more(&self.issuer, iss))
    }

    /// Checks everything about `jwt` but its signature.
    ///
    /// # Errors
    /// A [`JwtFault`]. One that [tells the configuration](JwtFault::tells_configuration) comes only if
    /// there is no other.
    pub fn check(
        &self,
        jwt: &Jwt,
        profile: Profile,
        now: UnixMillis,
    ) -> Result<JwtSubject, JwtFault> {
        if !self.names_issuer_of(jwt) {
            return Err(JwtFault::Issuer);
        }
        let subject = profile.examine(jwt, now)?;
        self.check_pins(jwt)?;
        Ok(subject)
    }

    /// Checks the claims that the configuration pins. A pinned claim must not be missing.
    fn check_pins(&self, jwt: &Jwt) -> Result<(), JwtFault> {
        let has_text =
            |name, one_of: &OneOf| jwt.claim(name).is_some_and(|it| one_of.permits_text(it));
        if !has_text("aud", &self.audience) {
            return Err(JwtFault::Audience);
        }
        if !self.subject.as_ref().is_none_or(|one_of| has_text("sub", one_of)) {
            return Err(JwtFault::Subject);
        }
        let has =
            |(name, one_of): &(String, OneOf)| jwt.claim(name).is_some_and(|it| one_of.permits(it));
        let all = self.claims.iter().all(has);
        if all { Ok(()) } else { Err(JwtFault::Claim) }
    }
}

/// Whether `issuer` is Google, which sends either spelling (developers.google.com, "`OpenID` Connect").
fn is_google(issuer: &str) -> bool {
    issuer.strip_prefix("https://").unwrap_or(issuer) == "accounts.google.com"
}

impl Profile {
    /// Checks what needs no configuration. The result does not tell whether a client trusts the issuer,
    /// so every caller may learn it.
    ///
    /// # Errors
    /// A [`JwtFault`] of the JWT itself.
    pub fn examine(self, jwt: &Jwt, now: UnixMillis) -> Result<JwtSubject, JwtFault> {
        let issuer = jwt.text("iss").ok_or(JwtFault::Issuer)?;
        if !self.permits_type(jwt.header().typ.as_deref()) {
            return Err(JwtFault::Type);
        }
        let expires_at = in_time(jwt, now)?;
        let jti = jwt.text("jti").filter(|id| id.len() <= JWT_ID_MAX_BYTES);
        let subject = subject_of(jwt)?;
        let self_issued = subject == Some(issuer);
        match self {
            Self::Bearer if self_issued => return Err(JwtFault::SelfIssued),
            Self::Bearer => {}
            Self::ClientAssertion if !self_issued => return Err(JwtFault::Subject),
            Self::ClientAssertion => check_assertion(jti, expires_at, now)?,
        }
        Ok(JwtSubject {
            issuer: issuer.to_owned(),
            subject: subject.map(str::to_owned),
            expires_at,
            jti: jti.map(str::to_owned),
        })
    }

    /// Whether `typ` fits. It is a media type: `application/` may be left out, and case does not count
    /// (RFC 7515 §4.1.9).
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

/// `sub`, if there is one: text, short enough for the log.
fn subject_of(jwt: &Jwt) -> Result<Option<&str>, JwtFault> {
    match jwt.claim("sub") {
        // Also an empty one: Cloudflare Access sends it for a service token. It names nobody.
        None => Ok(None),
        Some(Json::Text(subject)) if subject.len() <= JWT_SUBJECT_MAX_BYTES => Ok(Some(subject)),
        Some(_) => Err(JwtFault::Subject),
    }
}

/// Checks what RFC 7523 §3 requires of a client assertion, and bounds how long its `jti` must be
/// remembered.
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

/// The instant in `exp`, if `now` is between `nbf`, `iat` and `exp`.
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

/// The instant of a `NumericDate` (RFC 7519 §2): seconds, with or without a fraction.
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
    reason = "the number is positive, the cast saturates, and a limit follows"
)]
fn whole_millis(secs: f64) -> u64 {
    (secs * 1000.0) as u64
}
