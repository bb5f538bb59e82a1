//! What every room stands on.

mod base_url;
mod cbor;
mod confinement;
mod http_date;
mod json;
mod origin;
mod path_pattern;
mod percent;
mod request_id;
mod secret;
mod sorted_map;
