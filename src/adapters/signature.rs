//! Verifies signatures of JWTs by `WebCrypto`.

use js_sys::{Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;

use crate::callers::ports::SignatureVerifier;
use crate::jwt::algorithm::Algorithm;
use crate::jwt::jwk::VerificationKey;

#[wasm_bindgen(raw_module = "adapters/signature.mjs")]
extern "C" {
    fn verify(
        algorithm: &str,
        key: &Object,
        signed: &Uint8Array,
        signature: &Uint8Array,
    ) -> Promise;
}

/// The runtime's implementation.
#[derive(Debug)]
pub(super) struct WebCrypto;

impl SignatureVerifier for WebCrypto {
    async fn verify(&self, key: &VerificationKey, signed: &[u8], signature: &[u8]) -> bool {
        let jwk = Object::new();
        for (name, value) in key.jwk() {
            // Setting a property of a plain object does not fail.
            let _ = Reflect::set(&jwk, &name.into(), &value.into());
        }
        let algorithm = match key.algorithm() {
            Algorithm::Rs256 => "RS256",
            Algorithm::Ps256 => "PS256",
            Algorithm::Es256 => "ES256",
            Algorithm::EdDsa => "EdDSA",
        };
        // Copies, because the wasm's memory may grow while JavaScript still reads.
        let (signed, signature) = (Uint8Array::from(signed), Uint8Array::from(signature));
        let good = JsFuture::from(verify(algorithm, &jwk, &signed, &signature)).await;
        good.unwrap_or_default() == JsValue::TRUE
    }
}
