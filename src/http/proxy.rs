//! `/api/{name}` and everything below it: a request that the broker sends on to an API, with the token.

use std::rc::Rc;

use crate::base::base_url::{Target, TargetFault};
use crate::base::origin::public_origin;
use crate::callers::presented::{self, Presented};
use crate::callers::proofs::Caller;
use crate::config::{Api, Config};
use crate::error::BrokerError;
use crate::grants::{self, AllPaths};
use crate::http::fields;
use crate::http::ports::PlatformRequest;
use crate::http::token::log_caller;
use crate::log::Line;

/// A parsed request for an API.
#[derive(Debug)]
pub struct ApiRequest {
    /// Not verified yet.
    pub presented: Presented,
    /// The origin of a page that lets its browser add the proof, and is not the broker's own.
    foreign_page: Option<String>,
    /// Whether a browser has added the proof by itself.
    is_ambient: bool,
    /// `None` if there is no such API. The caller learns it, and a fault, only after authentication.
    wanted: Option<Wanted>,
}

#[derive(Debug)]
struct Wanted {
    api: Rc<Api>,
    target: Result<Target, TargetFault>,
    /// Whether the API is the broker itself, under the name by which this request has reached it.
    is_broker: bool,
}

/// A request that may be sent on.
#[derive(Debug)]
pub struct Permitted {
    /// Where to.
    pub api: Rc<Api>,
    /// The URL.
    pub target: Target,
    /// The names of the request's headers, one a line.
    pub names: String,
    /// Whether a browser has added the proof by itself.
    pub is_ambient: bool,
}

impl ApiRequest {
    /// Parses the request for the API `name`, whose `url` has this path and query behind the name.
    ///
    /// # Errors
    /// The request has no proof.
    pub fn parse(
        config: &Config,
        (name, path, query): (&str, &str, &str),
        url: &str,
        authorization: Option<&str>,
        request: &impl PlatformRequest,
    ) -> Result<Self, BrokerError> {
        let api = config.api(name);
        let prefix = api.map_or("", |api| &api.prefix);
        // A cookie is no proof: a browser adds it by itself.
        let field = api.map(|api| api.header.as_str()).filter(|field| *field != "cookie");
        let in_field = || request.header(field?);
        let (presented, is_ambient) =
            presented::at_api(authorization, in_field, prefix, || request.identity())?;
        let own = public_origin(url);
        let page = if is_ambient { page_of(request, &own) } else { None };
        let wanted = api.map(|api| Wanted {
            api: Rc::clone(api),
            target: api.base.resolve(path, query),
            is_broker: api.base.origin().is_that_of(&own)
                && config.base_path.overlaps(api.base.path()),
        });
        Ok(Self { presented, foreign_page: page, is_ambient, wanted })
    }

    /// What is sent on, if `caller` may have that sent by `method` with headers of these `names`.
    ///
    /// # Errors
    /// The client has no such grant, the request has a fault, or the API is the broker itself.
    pub fn permitted(
        self,
        caller: &Caller,
        method: &str,
        names: String,
        line: &mut Line,
    ) -> Result<Permitted, BrokerError> {
        log_caller(line, caller);
        let Wanted { api, target, is_broker } = self.wanted.ok_or(BrokerError::ApiNotGranted)?;
        line.api.name = Some(api.name.clone());
        if api.log_path {
            line.api.path = target.as_ref().ok().map(|target| target.path().to_owned());
        }
        let all_paths = grants::permit(&caller.client, &api, method, &target)?;
        if all_paths == AllPaths(false) && fields::name_another_path(&names) {
            return Err(BrokerError::PathNotGranted);
        }
        let target = target?;
        if self.foreign_page.is_some_and(|page| !caller.client.has_origin(&page)) {
            return Err(BrokerError::OriginNotListed);
        }
        if is_broker {
            line.found_faults(vec![format!("APIS.{}.base: is the broker itself", api.name)]);
            return Err(BrokerError::Misconfigured);
        }
        line.credential = Some(api.grant.credential.name.clone());
        line.scope = Some(api.grant.scope.shown().to_owned());
        Ok(Permitted { api, target, names, is_ambient: self.is_ambient })
    }
}

/// The page whose browser has added the proof, unless it is one of the broker's `own` origin. A browser says of
/// a request without `Origin`, which a link or an image makes, whether another site has caused it (Fetch
/// Metadata).
fn page_of(request: &impl PlatformRequest, own: &str) -> Option<String> {
    if let Some(origin) = request.origin() {
        return (origin != own).then_some(origin);
    }
    request
        .header("sec-fetch-site")
        .filter(|site| matches!(site.as_str(), "cross-site" | "same-site"))
}
