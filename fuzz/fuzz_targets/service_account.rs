//! Key files of Google's service accounts.

#![no_main]

use edge_token_broker::base::json::Json;
use edge_token_broker::base::limits::NAME_MAX_BYTES;
use edge_token_broker::base::origin::is_trustworthy;
use edge_token_broker::jwt::algorithm::Algorithm;
use edge_token_broker::upstream::google::key_file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let file = match key_file::parse(text) {
        Ok(file) => file,
        Err(reason) => {
            let words = reason.to_string();
            assert!(words.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{words}");
            return;
        }
    };
    assert!(is_trustworthy(&file.token_uri));
    assert!((1..=NAME_MAX_BYTES).contains(&file.client_email.len()));
    assert!(file.key.algorithm == Algorithm::Rs256 && file.key.certificate.is_none());
    assert!(file.key.material(|_| ()).is_some());
    let Some(("kid", key_id)) = &file.key.header else { panic!("the key has its id") };
    assert!(format!("{file:?}").ends_with("key: SigningKey(REDACTED) }"), "a key is not printed");
    // Each of them is a member of the file, once.
    let Ok(Json::Object(members)) = Json::parse(bytes) else { panic!("a key from no object") };
    let is_once = |name: &str, value: &str| {
        let mut found = members.iter().filter(|(other, _)| other == name);
        matches!((found.next(), found.next()), (Some((_, Json::Text(text))), None) if text == value)
    };
    assert!(is_once("type", "service_account") && is_once("client_email", &file.client_email));
    assert!(is_once("private_key_id", key_id));
    let absent = members.iter().all(|(name, value)| name != "token_uri" || value.is_absent());
    assert!(absent || is_once("token_uri", &file.token_uri));
});
