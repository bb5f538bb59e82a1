//! Signs JWTs, and verifies their signatures, by `WebCrypto`.

use std::cell::RefCell;

use js_sys::{Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::base::limits::IMPORTED_KEYS_MAX;
use crate::callers::ports::SignatureVerifier;
use crate::jwt::jwk::VerificationKey;
use crate::jwt::signing::Material;
use crate::upstream::ports::{Signer, SigningFailed};
use crate::upstream::proof::SigningKey;

#[wasm_bindgen(raw_module = "adapters/signature.mjs")]
extern "C" {
    fn verify(
        algorithm: &str,
        key: &Object,
        signed: &Uint8Array,
        signature: &Uint8Array,
    ) -> Promise;

    #[wasm_bindgen(js_name = importKey)]
    fn import_key(algorithm: &str, material: &JsValue) -> Promise;

    fn sign(algorithm: &str, key: &JsValue, input: &Uint8Array) -> Promise;
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
        // Copies, because the wasm's memory may grow while JavaScript still reads.
        let (signed, signature) = (Uint8Array::from(signed), Uint8Array::from(signature));
        let good = JsFuture::from(verify(key.algorithm().name(), &jwk, &signed, &signature)).await;
        good.unwrap_or_default() == JsValue::TRUE
    }
}

/// The broker's own private keys: each is imported once, so that it can sign and nobody can read it.
#[derive(Default)]
pub(super) struct PrivateKeys(RefCell<Vec<([u8; 32], JsValue)>>);

impl Signer for PrivateKeys {
    async fn sign(&self, key: &SigningKey, input: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        let algorithm = key.algorithm.name();
        let imported = match self.imported(key) {
            Some(imported) => {
                // Another configuration, or another credential, may have the same key.
                key.forget();
                imported
            }
            None => self.import(key).await?,
        };
        let signature = sign(algorithm, &imported, &Uint8Array::from(input));
        let signature = JsFuture::from(signature).await.map_err(|_| SigningFailed)?;
        Ok(signature.dyn_into::<Uint8Array>().map_err(|_| SigningFailed)?.to_vec())
    }
}

impl PrivateKeys {
    fn imported(&self, key: &SigningKey) -> Option<JsValue> {
        let keys = self.0.borrow();
        keys.iter().find(|(id, _)| *id == key.id).map(|(_, imported)| imported.clone())
    }

    async fn import(&self, key: &SigningKey) -> Result<JsValue, SigningFailed> {
        let material = key.material(|material| match material {
            Material::Pkcs8(der) => Uint8Array::from(der).into(),
            Material::Jwk(jwk) => JsValue::from_str(jwk),
        });
        let material = material.ok_or(SigningFailed)?;
        let imported = JsFuture::from(import_key(key.algorithm.name(), &material)).await;
        let imported = imported.map_err(|_| SigningFailed)?;
        key.forget();
        if self.imported(key).is_none() {
            let mut keys = self.0.borrow_mut();
            if keys.len() >= IMPORTED_KEYS_MAX {
                keys.remove(0);
            }
            keys.push((key.id, imported.clone()));
        }
        Ok(imported)
    }
}
