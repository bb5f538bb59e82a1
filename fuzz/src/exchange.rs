//! A request through the shipping exchange, and all that anybody sees of it.

use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use edge_token_broker::base::limits::SCOPE_MAX_BYTES;
use edge_token_broker::config::{Config, Fault};
use edge_token_broker::http::call::{Call, Method};
use edge_token_broker::http::exchange::{Answered, Incoming, Progress, begin, call};
use edge_token_broker::http::isolate::Isolate;
use serde_json::Value;

use crate::platform::{Nothing, Request, TOKEN, isolate};
use crate::{assert_has_no_secret, config};

/// The longest body of an error that is not relayed from upstream.
const OWN_ERROR_MAX_BYTES: usize = 512;

thread_local! {
    static CONFIG: Rc<Result<Config, Vec<Fault>>> = Rc::new(Ok(config()));
}

/// A request.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    /// HTTP method.
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// `Authorization`.
    pub authorization: Option<&'a str>,
    /// `X-IDENTITY-HEADER`.
    pub identity_header: Option<&'a str>,
    /// A form, where there is one.
    pub form: Option<&'a [u8]>,
}

/// What its caller and an operator see.
#[derive(Debug, Eq, PartialEq)]
pub struct Seen {
    /// HTTP status.
    pub status: u16,
    /// Names and values of the headers that not every response has.
    pub headers: Vec<String>,
    /// JSON.
    pub body: String,
    /// The log line.
    pub line: Value,
}

impl Sent<'_> {
    /// Sends it to a new isolate with a valid configuration.
    ///
    /// # Panics
    /// Where an answer is not fit to be seen: a secret is in it, or in the log a token, a client that
    /// does not exist, or a grant that is none; where it has no line in the log, or two; where an
    /// error is more than the broker's own fixed words.
    #[must_use]
    pub fn seen(&self) -> Seen {
        answered(|isolate| {
            let identity_header = self.identity_header.map(str::to_owned);
            let incoming = Incoming {
                method: self.method.to_owned(),
                url: &format!("https://broker.example{}", self.target),
                authorization: self.authorization,
                request_ids: [None; 2],
                content_type: self.form.map(|_| "application/x-www-form-urlencoded"),
                body: self.form,
            };
            begin(isolate, &Rc::new(Request(identity_header)), incoming)
        })
    }
}

/// Calls `getToken` with this argument, over a service binding of this client.
///
/// # Panics
/// As [`Sent::seen`].
#[must_use]
pub fn called(client_id: Option<&str>, argument: &str) -> Seen {
    let client_id = client_id.map(str::to_owned);
    let asked = Call { method: Method::GetToken, argument, client_id };
    answered(|isolate| call(isolate, &Rc::new(Request(None)), &asked))
}

/// What is seen of what `begin` begins, in a new isolate.
fn answered(begin: impl FnOnce(&Rc<Isolate<Nothing>>) -> Progress<Nothing>) -> Seen {
    CONFIG.with(|config| {
        let isolate = isolate(config);
        let answered = settled(begin(&isolate));
        let (reply, follow_up) = (answered.reply, answered.follow_up);
        if let Some(work) = follow_up {
            run(work);
        }
        let mut lines = isolate.log.sink.0.borrow_mut();
        assert_eq!(lines.len(), 1, "one line a request");
        let line = lines.pop().unwrap_or_default();
        let headers = reply.headers().collect();
        let seen = Seen { status: reply.status, headers, body: reply.body, line };
        seen.check(config.as_ref().as_ref().expect("it is valid"));
        seen
    })
}

impl Seen {
    /// A field of the log line, if it is a text.
    #[must_use]
    pub fn logged(&self, field: &str) -> Option<&str> {
        self.line.get(field)?.as_str()
    }

    /// Whether it was refused because a parameter came twice.
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        self.logged("reason").is_some_and(|reason| reason.ends_with("was sent more than once"))
    }

    /// Whether the caller is nobody who is known, or has a wrong key.
    #[must_use]
    pub fn is_wrong_client(&self) -> bool {
        self.logged("outcome") == Some("invalid_client")
    }

    fn check(&self, config: &Config) {
        assert_has_no_secret(&format!("{self:?}"));
        assert!(!self.line.to_string().contains(TOKEN), "a token is not logged");
        let client = self.logged("client_id").map(|id| config.client(id).expect("it exists"));
        assert!(self.logged("scope").is_none_or(|scope| scope.len() <= SCOPE_MAX_BYTES));
        if self.status == 200 {
            let grants = &client.expect("nobody unknown gets a token").grants;
            assert!(grants.iter().any(|grant| {
                self.logged("credential") == Some(&grant.credential.name)
                    && self.logged("scope") == Some(grant.scope.as_str())
            }));
            assert!(self.body.contains(TOKEN));
        } else {
            assert!(matches!(self.status, 400..=403 | 413 | 503), "{}", self.status);
            assert!(self.body.len() <= OWN_ERROR_MAX_BYTES && self.body.is_ascii());
            assert!(serde_json::from_str::<Value>(&self.body).is_ok());
            assert!(!self.body.contains(TOKEN));
        }
    }
}

fn settled(progress: Progress<Nothing>) -> Answered {
    match progress {
        Progress::Done(answered) => answered,
        Progress::Later(answered) => run(answered),
        Progress::ReadStore(_) => panic!("there is no KV"),
        Progress::Onward(_) | Progress::OnwardLater(_) => panic!("there is no API"),
    }
}

fn run<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("nothing here waits"),
    }
}
