//! What every room uses: numbers, time, secrets, encodings, bounded memory.

pub mod base_path;
pub mod base_url;
pub mod cbor;
pub mod deadline;
pub mod digest;
pub mod http_date;
pub mod json;
pub mod json_object;
pub mod keys;
pub mod keyspace;
pub mod limits;
pub mod lru;
pub mod origin;
pub mod outgoing;
pub mod path_pattern;
pub mod percent;
pub mod ports;
pub mod request_id;
pub mod sealed;
pub mod secret;
pub mod silence;
pub mod sorted_map;
pub mod time;
pub mod together;
