//! What every room stands on.

mod cbor;
mod http_date;
mod json;
mod request_id;
mod secret;
mod sorted_map;
