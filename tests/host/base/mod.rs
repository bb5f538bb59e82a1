//! What every room stands on.

mod json;
mod request_id;
mod secret;
mod sorted_map;
