//! What every room stands on.

mod request_id;
mod secret;
mod sorted_map;
