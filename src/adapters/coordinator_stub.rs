//! The way to a token's coordinator. Every call is raced with a timer: an object that panics
//! leaves its caller waiting.

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use worker::Env;

use super::bindings::bound;
use super::js;
use crate::base::limits::{COORDINATOR_ASKS_MAX, COORDINATOR_TIMEOUT};
use crate::base::request_id::RequestId;
use crate::base::time::UnixMillis;
use crate::callers::ports::AssertionLedger;
use crate::config::Grant;
use crate::oauth::claims::Claims;
use crate::tokens::coordinator::Want;
use crate::tokens::coordinator::message::{
    AcquireMessage, ReplyMessage, Seal, SealedReply, Subject,
};
use crate::tokens::ports::{Coordinated, Coordination, CoordinationError};

#[wasm_bindgen(raw_module = "adapters/coordinator.mjs")]
extern "C" {
    fn ask(namespace: &JsValue, name: &str, message: &Uint8Array, ms: f64) -> Promise;
}

#[wasm_bindgen(raw_module = "adapters/assertions.mjs")]
extern "C" {
    #[wasm_bindgen(js_name = useOnce)]
    fn use_once(namespace: &JsValue, client_id: &str, id: &str, until: f64, ms: f64) -> Promise;
}

/// The Durable Object namespace `COORDINATOR`, where it is bound.
#[derive(Clone, Debug)]
pub(super) struct CoordinatorStub(Option<JsValue>);

impl CoordinatorStub {
    pub(super) fn new(env: &Env) -> Self {
        Self(bound(env, "COORDINATOR"))
    }
}

impl Coordination for CoordinatorStub {
    fn is_bound(&self) -> bool {
        self.0.is_some()
    }

    async fn acquire(
        &self,
        grant: &Grant,
        want: Want,
        request_id: &RequestId,
    ) -> Result<Coordinated, CoordinationError> {
        self.replace(grant, want, None, request_id).await
    }

    async fn replace(
        &self,
        grant: &Grant,
        want: Want,
        claims: Option<Claims>,
        request_id: &RequestId,
    ) -> Result<Coordinated, CoordinationError> {
        let namespace = self.0.as_ref().ok_or(CoordinationError::Unbound)?;
        let subject = Subject::of(grant);
        let name = subject.token.clone();
        let message = AcquireMessage { subject, want, request_id: request_id.clone(), claims };
        let message = js::cbor(&message);
        for _ in 0..COORDINATOR_ASKS_MAX {
            let answer = ask(namespace, &name, &message, js::number(COORDINATOR_TIMEOUT.0));
            let answer = JsFuture::from(answer).await.map_err(fault)?;
            let answer: ReplyMessage = answer
                .dyn_into::<Uint8Array>()
                .ok()
                .and_then(|bytes| minicbor::decode(&bytes.to_vec()).ok())
                .ok_or(CoordinationError::Failed)?;
            if matches!(answer.reply, SealedReply::Flying) {
                continue;
            }
            let seal = Seal { key: &grant.token_key, credential: &grant.credential };
            let reply = answer.reply.open(seal).ok_or(CoordinationError::Failed)?;
            let failing_for = answer.failing_for.unwrap_or_default();
            return Ok(Coordinated { reply, trail: answer.trail, failing_for });
        }
        Err(CoordinationError::TimedOut)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn fault(why: JsValue) -> CoordinationError {
    if why.as_string().as_deref() == Some("timeout") {
        CoordinationError::TimedOut
    } else {
        CoordinationError::Failed
    }
}

impl AssertionLedger for CoordinatorStub {
    async fn use_once(
        &self,
        client_id: &str,
        id: &[u8; 32],
        until: UnixMillis,
    ) -> Result<bool, CoordinationError> {
        let namespace = self.0.as_ref().ok_or(CoordinationError::Unbound)?;
        let id = base16ct::lower::encode_string(id);
        let (until, ms) = (js::number(until.0), js::number(COORDINATOR_TIMEOUT.0));
        match JsFuture::from(use_once(namespace, client_id, &id, until, ms)).await {
            Ok(first) => Ok(first == JsValue::TRUE),
            Err(why) if why.as_string().as_deref() == Some("timeout") => {
                Err(CoordinationError::TimedOut)
            }
            Err(_) => Err(CoordinationError::Failed),
        }
    }
}
