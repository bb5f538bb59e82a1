//! A request to an isolate, and what its caller gets.

use std::collections::BTreeMap;
use std::rc::Rc;

use edge_token_broker::base::ports::Store;
use edge_token_broker::http::exchange::{Answered, Incoming, Onward, Progress, begin};
use edge_token_broker::http::isolate::Isolate;
use edge_token_broker::http::ports::HttpPorts;
use serde_json::Value;

use super::clock::run;
use super::platform::SimulatedRequest;
use super::ports::SimulatedPorts;
use super::world::SimulatedIsolate;

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// A request: `GET /token` with the client's key, unless it says otherwise.
#[derive(Clone)]
pub(crate) struct Sent {
    pub(crate) method: &'static str,
    /// Scheme and host.
    pub(crate) origin: &'static str,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) authorization: Option<String>,
    /// `client-request-id`.
    pub(crate) request_id: Option<&'static str>,
    /// A form, where there is one.
    pub(crate) body: Option<String>,
    pub(crate) platform: SimulatedRequest,
}

impl Default for Sent {
    fn default() -> Self {
        Self {
            method: "GET",
            origin: "https://broker.example",
            target: "/token".to_owned(),
            authorization: Some("Bearer key".to_owned()),
            request_id: Some("id"),
            body: None,
            platform: SimulatedRequest::default(),
        }
    }
}

/// What a caller gets.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Value,
}

impl Sent {
    pub(crate) fn get(target: &str) -> Self {
        Self { target: target.to_owned(), ..Self::default() }
    }

    pub(crate) fn post(target: &str, form: &str) -> Self {
        let (method, body) = ("POST", Some(form.to_owned()));
        Self { method, body, ..Self::get(target) }
    }

    pub(crate) fn by(self, authorization: &str) -> Self {
        Self { authorization: Some(authorization.to_owned()), ..self }
    }

    pub(crate) fn at_address(mut self, address: &'static str) -> Self {
        self.platform.address = Some(address);
        self
    }

    /// `GET /msi/token` with the client's key.
    pub(crate) fn managed_identity(query: &str) -> Self {
        let sent = Self::get(&format!("/msi/token?api-version=2019-08-01&{query}")).by_nobody();
        Self {
            platform: SimulatedRequest { identity_header: Some("key"), ..sent.platform },
            ..sent
        }
    }

    /// Without a proof.
    pub(crate) fn by_nobody(self) -> Self {
        Self { authorization: None, ..self }
    }

    pub(crate) fn bound_as(mut self, client_id: &'static str) -> Self {
        self.platform.service_binding = Some(client_id);
        self
    }

    pub(crate) fn on_page(mut self, origin: &'static str) -> Self {
        self.platform.origin = Some(origin);
        self
    }

    /// The first step of the exchange.
    pub(crate) fn begin<P: HttpPorts<Request = SimulatedRequest>>(
        &self,
        isolate: &Rc<Isolate<P>>,
    ) -> Progress<P> {
        let incoming = Incoming {
            method: self.method.to_owned(),
            url: &[self.origin, &self.target].concat(),
            authorization: self.authorization.as_deref(),
            request_ids: [self.request_id, None],
            content_type: self.body.as_ref().map(|_| FORM),
            body: self.body.as_deref().map(str::as_bytes),
        };
        begin(isolate, &Rc::new(self.platform.clone()), incoming)
    }

    /// What is sent on to an API.
    #[track_caller]
    pub(crate) fn onward(&self, isolate: &Rc<SimulatedIsolate>) -> Box<Onward<SimulatedPorts>> {
        let sent_on = match self.begin(isolate) {
            Progress::Onward(onward) => Ok(onward),
            Progress::OnwardLater(later) => run(later),
            _ => panic!("it is not sent on"),
        };
        sent_on.unwrap_or_else(|answered| panic!("it is answered: {}", answered.reply.body))
    }

    /// What the caller gets. The work behind the response is lost.
    pub(crate) fn answer_of(&self, isolate: &Rc<SimulatedIsolate>) -> Response {
        Response::of(&run(settled(self.begin(isolate))))
    }

    /// What the caller gets, when all is done, the work behind the response too.
    pub(crate) fn to(&self, isolate: &Rc<SimulatedIsolate>) -> Response {
        run(async {
            let answered = settled(self.begin(isolate)).await;
            let response = Response::of(&answered);
            if let Some(work) = answered.follow_up {
                work.await;
            }
            response
        })
    }
}

/// Waits as the platform does: for KV, or for the exchange.
pub(crate) async fn settled<P: HttpPorts>(mut progress: Progress<P>) -> Answered {
    loop {
        progress = match progress {
            Progress::Done(answered) => return answered,
            Progress::Later(answered) => return answered.await,
            Progress::ReadStore(pending) => {
                let loaded = pending.store().load(&pending.token_key().kv_name()).await;
                pending.resume(loaded)
            }
            Progress::Onward(_) => panic!("it is sent on"),
            Progress::OnwardLater(later) => match later.await {
                Err(answered) => return answered,
                Ok(_) => panic!("it is sent on"),
            },
        };
    }
}

impl Response {
    pub(crate) fn of(answered: &Answered) -> Self {
        let reply = &answered.reply;
        let mut parts = reply.headers();
        let headers = std::iter::from_fn(|| parts.next().zip(parts.next()));
        Self {
            status: reply.status,
            headers: headers.collect(),
            body: serde_json::from_str(&reply.body).unwrap(),
        }
    }

    /// The token.
    #[track_caller]
    pub(crate) fn token(&self) -> &str {
        assert_eq!(self.status, 200, "{}", self.body);
        self.text("access_token")
    }

    pub(crate) fn expires_in(&self) -> u64 {
        self.body.get("expires_in").and_then(Value::as_u64).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// `Cache-Status`, without the name of the cache.
    pub(crate) fn cache_status(&self) -> &str {
        self.header("Cache-Status").unwrap().strip_prefix("edge-token-broker; ").unwrap()
    }

    pub(crate) fn error(&self) -> &str {
        self.text("error")
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.body.get(name).and_then(Value::as_str).unwrap()
    }
}
