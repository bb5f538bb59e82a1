//! What every room stands on.

mod http_date;
mod json;
mod request_id;
mod secret;
mod sorted_map;
