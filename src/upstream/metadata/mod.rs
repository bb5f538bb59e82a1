//! Token endpoints from the metadata of servers: found, remembered, and refreshed.

pub mod document;
mod memory;

use document::ServerMetadata;
use memory::Step;

pub use memory::MetadataMemory;

use super::attempt::AttemptFailure;
use super::error::Outage;
use super::ports::{Documents, UpstreamPorts};
use super::retry::Remedy;
use super::server::Endpoint;
use super::servers::Servers;
use super::trail::UpstreamTrail;
use crate::base::digest;
use crate::base::limits::METADATA_TIMEOUT;
use crate::base::ports::Clock;
use crate::base::time::UnixMillis;
use crate::jwt::{DocumentFault, IssuerUnreachable};
use crate::oauth::error_response::ErrorResponse;

impl<P: UpstreamPorts> Servers<P> {
    /// The metadata of an issuer or of a resource's authorization server, within [`METADATA_TIMEOUT`].
    pub(super) async fn metadata(
        &self,
        endpoint: Endpoint<'_>,
        clock: &P::Clock,
        trail: &mut UpstreamTrail,
    ) -> Result<ServerMetadata, AttemptFailure> {
        let (label, url) = match endpoint {
            Endpoint::OfResource(url) => ("resource", url),
            Endpoint::OfIssuer(url) | Endpoint::Url(url) => ("issuer", url),
        };
        let name = digest::of_fields(&[label.as_bytes(), url.as_bytes()]);
        let now = clock.now();
        match self.metadata.next(name, now) {
            Step::Use(metadata) => return Ok(metadata),
            Step::Fail(why) => return Err(no_metadata(why)),
            Step::Ask => {}
        }
        let until = now.plus(METADATA_TIMEOUT);
        match self.discover(endpoint, until, clock).await {
            Ok(metadata) => {
                self.metadata.keep(name, metadata.clone(), now);
                Ok(metadata)
            }
            Err((document, fault)) => {
                let why = [document, &fault.to_string()].concat();
                trail.metadata_fault = Some(why.clone());
                let held = self.metadata.fail(name, why.clone(), clock.now());
                held.ok_or_else(|| no_metadata(why))
            }
        }
    }

    /// Metadata from their server, or which document is at fault.
    async fn discover(
        &self,
        endpoint: Endpoint<'_>,
        until: UnixMillis,
        clock: &P::Clock,
    ) -> Result<ServerMetadata, (&'static str, DocumentFault)> {
        let issuer = match endpoint {
            Endpoint::OfResource(resource) => {
                let of_resource = |fault| ("metadata of the resource: ", fault);
                let urls = document::resource_urls(resource);
                let found = self.document(urls, until, clock).await.map_err(of_resource)?;
                document::server_of_resource(&found, resource).map_err(of_resource)?
            }
            Endpoint::OfIssuer(url) | Endpoint::Url(url) => url.to_owned(),
        };
        let of_server = |fault| ("metadata of the issuer: ", fault);
        let urls = document::server_urls(&issuer);
        let found = self.document(urls, until, clock).await.map_err(of_server)?;
        document::server(&found, &issuer).map_err(of_server)
    }

    /// The first document that is there. A server that has none says so with a status such as 404, or
    /// has the same page everywhere.
    async fn document(
        &self,
        urls: Vec<String>,
        until: UnixMillis,
        clock: &P::Clock,
    ) -> Result<Vec<u8>, DocumentFault> {
        let mut first_fault = None;
        for url in urls {
            let fault = match self.documents.get(&url, clock.now().until(until)).await {
                Ok(body) if body.trim_ascii_start().starts_with(b"<") => DocumentFault::NotJson,
                Ok(body) => return Ok(body),
                Err(fault @ IssuerUnreachable::Status(400..=499)) => fault.into(),
                Err(fault) => return Err(fault.into()),
            };
            first_fault.get_or_insert(fault);
        }
        Err(first_fault.unwrap_or(DocumentFault::Url))
    }
}

/// An outage with its reason in fixed words. A retry would meet the same, because it is remembered.
fn no_metadata(why: String) -> AttemptFailure {
    let response = ErrorResponse { advice: Some(why), ..ErrorResponse::default() };
    let failure = AttemptFailure::transient(Outage::NoMetadata, None, Some(Box::new(response)));
    AttemptFailure { remedy: Remedy::Nothing, ..failure }
}
