//! The answer with an installation token.

use crate::base::json::Json;
use crate::base::limits::EXPIRES_IN_MAX_SECS;
use crate::base::secret::AccessToken;
use crate::base::time::{Millis, UnixMillis};
use crate::oauth::response_fields::ResponseFields;
use crate::oauth::token_response::{AnswerFault, IssuedToken};

/// The token in `body`, with the members that `response_fields` names. `now` is the time of the answer: the lifetime counts from the request, which was
/// earlier, so no token is believed to live longer than it does.
///
/// # Errors
/// The first [`AnswerFault`] found.
pub fn parse(
    body: &[u8],
    response_fields: &[String],
    now: UnixMillis,
) -> Result<IssuedToken, AnswerFault> {
    let json = Json::parse(body).map_err(|_| AnswerFault::NotATokenResponse)?;
    let fields = ResponseFields::select(body, &json, response_fields);
    let members =
        json.into_members(["token", "expires_at"]).ok_or(AnswerFault::NotATokenResponse)?;
    let [token, expires_at] = members.map(|member| member.and_then(Json::into_text));
    let access_token = token.and_then(AccessToken::parse).ok_or(AnswerFault::AccessToken)?;
    let seconds = expires_at
        .and_then(|text| instant(text.as_bytes()))
        .map(|end| now.until(end).whole_secs().min(EXPIRES_IN_MAX_SECS))
        .filter(|seconds| *seconds > 0)
        .ok_or(AnswerFault::ExpiresAt)?;
    Ok(IssuedToken {
        access_token,
        expires_in: Millis::from_secs(seconds),
        ext_expires_in: None,
        refresh_in: None,
        scope: None,
        fields,
    })
}

/// A timestamp (RFC 3339), rounded down to seconds.
fn instant(text: &[u8]) -> Option<UnixMillis> {
    let (date_and_time, mut rest) = text.split_at_checked(19)?;
    let mut digits = Vec::with_capacity(14);
    for (byte, sign) in date_and_time.iter().zip(b"0000-00-00T00:00:00") {
        match sign {
            b'0' => digits.push(*byte),
            sign if byte.eq_ignore_ascii_case(sign) => {}
            _ => return None,
        }
    }
    let local = UnixMillis::of_digits(&digits)?;
    if let [b'.', b'0'..=b'9', fraction @ ..] = rest {
        rest = fraction;
        while let [b'0'..=b'9', behind @ ..] = rest {
            rest = behind;
        }
    }
    match rest {
        b"Z" | b"z" => Some(local),
        [sign @ (b'+' | b'-'), hour @ .., b':', ten, one] if hour.len() == 2 => {
            let offset = [b"19700101", hour, &[*ten, *one], b"00"].concat();
            let offset = Millis(UnixMillis::of_digits(&offset)?.0);
            Some(if *sign == b'+' { local.minus(offset) } else { local.plus(offset) })
        }
        _ => None,
    }
}
