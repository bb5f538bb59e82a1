//! The broker's signatures: slow, failing, or missing. A world may have a certificate in place of one of
//! its secrets.

use std::fs;
use std::path::Path;
use std::rc::Rc;

use base64ct::{Base64UrlUnpadded, Encoding};
use edge_token_broker::upstream::ports::{Signer, SigningFailed};
use edge_token_broker::upstream::proof::SigningKey;
use serde_json::Value;

use super::random::Random;
use super::time::Time;

/// How the platform signs, as probabilities.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Signing {
    /// Whether the second credential has a certificate in place of a secret.
    pub(crate) by_certificate: bool,
    /// A signature takes up to four seconds.
    pub(crate) slow: f64,
    /// There is none.
    pub(crate) failing: f64,
}

/// The signer of one place.
#[derive(Clone)]
pub(crate) struct SimSigner {
    pub(crate) time: Rc<Time>,
    pub(crate) random: Rc<Random>,
    pub(crate) signing: Signing,
}

impl Signer for SimSigner {
    async fn sign(&self, key: &SigningKey, _: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        let slow = self.random.chance(self.signing.slow);
        self.time.sleep(if slow { self.random.range(100, 4000) } else { 2 }).await;
        if self.random.chance(self.signing.failing) {
            return Err(SigningFailed);
        }
        key.forget();
        Ok(vec![7; 256])
    }
}

fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/host/fixtures/keys");
    fs::read_to_string(folder.join(name)).unwrap()
}

/// The new certificate with its key, or the old one.
pub(crate) fn certificate(new: bool) -> String {
    let [certificate, key] =
        if new { ["cert-other.pem", "other.pem"] } else { ["cert.pem", "rsa2048.pem"] };
    [fixture(certificate), fixture(key)].concat()
}

/// Whether the new certificate has signed this assertion.
pub(crate) fn is_of_new(assertion: &str) -> bool {
    thread_local! {
        static NEW: String = {
            let expected: Value = serde_json::from_str(&fixture("expected.json")).unwrap();
            let hex = expected["certificates"]["cert-other.pem"]["sha256"].as_str().unwrap();
            Base64UrlUnpadded::encode_string(&base16ct::lower::decode_vec(hex).unwrap())
        };
    }
    let header = Base64UrlUnpadded::decode_vec(assertion.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    NEW.with(|new| header["x5t#S256"].as_str() == Some(new))
}
