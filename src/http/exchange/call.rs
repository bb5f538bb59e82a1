//! The exchange of a call by RPC: the same steps as over HTTP, without a route to find.

use std::rc::Rc;

use super::{Exchange, Progress};
use crate::base::ports::Entropy;
use crate::base::request_id::RequestId;
use crate::http::call::{Call, Method};
use crate::http::error::Dialect;
use crate::http::isolate::Isolate;
use crate::http::ports::HttpPorts;
use crate::http::{revoke, token};
use crate::log::Line;

/// Answers one call. `request` stands for it, and has no headers.
pub fn call<P: HttpPorts>(
    isolate: &Rc<Isolate<P>>,
    request: &Rc<P::Request>,
    call: &Call<'_>,
) -> Progress<P> {
    let (argument, request_id) = call.parse();
    let request_id =
        request_id.unwrap_or_else(|| RequestId::from_random(isolate.broker.entropy.bytes()));
    let exchange = Exchange {
        isolate: Rc::clone(isolate),
        request: Rc::clone(request),
        line: Line::new(request_id, String::new(), call.method.route()),
        dialect: Dialect::Call,
        client: None,
        assertion: None,
    };
    let presented = call.presented();
    match call.method {
        Method::GetToken => {
            exchange.token(presented.map(|presented| token::of_call(presented, argument)))
        }
        Method::Revoke => {
            exchange.revoke(presented.map(|presented| revoke::of_call(presented, argument)))
        }
    }
}
