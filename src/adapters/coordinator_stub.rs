//! The way to a token's coordinator. Every call is raced with a timer: an object that panics
//! leaves its caller waiting.

use worker::{Env, Method, ObjectNamespace, Request, RequestInit};

use super::{cbor, timeout};
use crate::config::Grant;
use crate::coordinator::Want;
use crate::coordinator::message::{AcquireMessage, ReplyMessage, Seal, SealedReply, Subject};
use crate::limits::{COORDINATOR_ASKS_MAX, COORDINATOR_TIMEOUT};
use crate::ports::{Coordinated, Coordination, CoordinationError};
use crate::request_id::RequestId;

/// The Durable Object namespace `COORDINATOR`, where it is bound.
#[derive(Debug)]
pub(super) struct CoordinatorStub(Option<ObjectNamespace>);

impl CoordinatorStub {
    pub(super) fn new(env: &Env) -> Self {
        Self(env.durable_object("COORDINATOR").ok())
    }
}

impl Coordination for CoordinatorStub {
    async fn acquire(
        &self,
        grant: &Grant,
        want: Want,
        request_id: &RequestId,
    ) -> Result<Coordinated, CoordinationError> {
        let namespace = self.0.as_ref().ok_or(CoordinationError::Unbound)?;
        let message =
            AcquireMessage { subject: Subject::of(grant), want, request_id: request_id.clone() };
        let name = &message.subject.token;
        for _ in 0..COORDINATOR_ASKS_MAX {
            let answer = timeout::within(COORDINATOR_TIMEOUT, ask(namespace, name, &message));
            let answer = answer.await.ok_or(CoordinationError::TimedOut)?;
            let ReplyMessage { reply, trail } = answer.map_err(|_| CoordinationError::Failed)?;
            if matches!(reply, SealedReply::Flying) {
                continue;
            }
            let seal = Seal { key: &grant.token_key, credential: &grant.credential };
            let reply = reply.open(seal).ok_or(CoordinationError::Failed)?;
            return Ok(Coordinated { reply, trail });
        }
        Err(CoordinationError::TimedOut)
    }
}

async fn ask(
    namespace: &ObjectNamespace,
    name: &str,
    message: &AcquireMessage,
) -> worker::Result<ReplyMessage> {
    let mut init = RequestInit::new();
    init.with_method(Method::Post);
    init.with_body(Some(cbor::to_js(message).into()));
    let request = Request::new_with_init("https://coordinator/acquire", &init)?;
    let mut response = namespace.get_by_name(name)?.fetch_with_request(request).await?;
    minicbor::decode(&response.bytes().await?).map_err(|_| "not a reply".into())
}
