//! Failure memory: a broken secret, or a tenant that is down, costs one upstream request now and then,
//! and not one for each caller.

use super::TRANSIENT_RETRY_AFTER_SECS;
use crate::base::time::Millis;

/// After the first of several transient failures in a row. Each further one doubles it.
pub const TRANSIENT_MEMORY_MIN: Millis = Millis::from_secs(1);
const _: () = assert!(
    TRANSIENT_RETRY_AFTER_SECS * 1000 <= TRANSIENT_MEMORY_MIN.0,
    "the default must not prolong the first failure"
);
/// After the first of several refusals in a row. Each further one doubles it. A new secret, service
/// principal or role reaches all servers of Entra within seconds.
pub const REFUSAL_MEMORY_MIN: Millis = Millis::from_secs(2);
const _: () = assert!(
    TRANSIENT_MEMORY_MIN.0 <= REFUSAL_MEMORY_MIN.0,
    "a refusal is less likely to pass than a transient failure"
);
/// After any number of failures in a row. A failure that was over for this long is not in a row with
/// the next one.
pub const FAILURE_MEMORY_MAX: Millis = Millis::from_secs(60);
const _: () = assert!(REFUSAL_MEMORY_MIN.0 < FAILURE_MEMORY_MAX.0, "the memory must grow");
/// Answers in a row that are not understood, from which on the description is about the authority host
/// and the tenant. One or two are more likely the fault of a load balancer.
pub const NOT_UNDERSTOOD_ADVICE_FROM: u32 = 3;
const _: () =
    assert!(NOT_UNDERSTOOD_ADVICE_FROM > 1, "one such answer must count as a passing fault");
