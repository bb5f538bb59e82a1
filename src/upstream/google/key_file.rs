//! The JSON key file of a service account, as Google's console downloads it.

use zeroize::Zeroizing;

use crate::base::json::Json;
use crate::base::limits::SIGNING_TEXT_MAX_BYTES;
use crate::base::origin::is_trustworthy;
use crate::jwt::algorithm::Algorithm;
use crate::jwt::signing::KeyFault;
use crate::settings::Reason;
use crate::settings::name::name_of;
use crate::upstream::proof::SigningKey;
use crate::upstream::proof_settings::rsa_key;

/// Where tokens come from if the file does not say it.
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";

/// What the broker takes of a key file.
#[derive(Debug)]
pub struct KeyFile {
    /// The service account.
    pub client_email: String,
    /// Where tokens come from.
    pub token_uri: String,
    /// A key of the service account.
    pub key: SigningKey,
}

/// The key file `text`.
///
/// # Errors
/// What is wrong with it.
pub fn parse(text: &str) -> Result<KeyFile, Reason> {
    if text.len() > SIGNING_TEXT_MAX_BYTES {
        return Err(KeyFault::TooLong.into());
    }
    let names = ["type", "client_email", "private_key_id", "token_uri", "private_key"];
    let members = Json::parse(text.as_bytes()).ok().and_then(|json| json.into_members(names));
    let [kind, email, key_id, token_uri, key] = members.ok_or(Reason::NotAKeyFile)?;
    let private_key = key.and_then(Json::into_text).map(Zeroizing::new);
    if kind.and_then(Json::into_text).as_deref() != Some("service_account") {
        return Err(Reason::NotAKeyFile);
    }
    let name = |member: Option<Json>, name| {
        let text = member.and_then(Json::into_text).and_then(|text| name_of(&text).ok());
        text.ok_or(Reason::KeyFileMember(name))
    };
    let client_email = name(email, "client_email")?;
    let key_id = name(key_id, "private_key_id")?;
    let token_uri = match token_uri {
        None => TOKEN_URI.to_owned(),
        Some(url) => url
            .into_text()
            .filter(|url| is_trustworthy(url))
            .ok_or(Reason::KeyFileMember("token_uri"))?,
    };
    let private_key = private_key.ok_or(Reason::KeyFileMember("private_key"))?;
    let key = rsa_key(&private_key)?;
    let key = SigningKey::new(key, Algorithm::Rs256, Some(("kid", key_id)), None);
    Ok(KeyFile { client_email, token_uri, key })
}
