//! When a server whose rate limit is used up wants the next request.

use edge_token_broker::base::time::UnixMillis;
use edge_token_broker::upstream::exchange::EndpointResponse;
use edge_token_broker::upstream::retry::{rate_limit_secs, reset_of_used_up, told_secs};

use crate::support::endpoint::response;

const NOW: UnixMillis = UnixMillis(1_700_000_000_500);

#[test]
fn a_reset_is_a_time_or_the_seconds_until_then() {
    for (value, secs) in [
        ("1700000042", 42),
        ("1700000042.9", 42),
        (" 1700000001 ", 1),
        ("1699999999", 1),
        ("1700009999", 3600),
        // A time in milliseconds is far away.
        ("1700000042000", 3600),
        ("0", 1),
        ("30", 30),
        ("30.5", 30),
        ("3600", 3600),
        ("999999999", 3600),
        ("18446744073709551615", 3600),
    ] {
        assert_eq!(rate_limit_secs(value, NOW), Some(secs), "{value}");
    }
    for value in
        ["", "soon", "-1", "1e3", ".5", "99999999999999999999", "Thu, 26 Nov 2026 00:00:00 GMT"]
    {
        assert_eq!(rate_limit_secs(value, NOW), None, "{value}");
    }
}

fn told(status: u16, retry_after: Option<&str>, reset: Option<&str>) -> Option<u64> {
    let rate_limit_reset = reset.map(str::to_owned);
    let response = EndpointResponse { rate_limit_reset, ..response(status, retry_after, "") };
    told_secs(&response, NOW)
}

#[test]
fn retry_after_comes_first_and_the_reset_counts_for_403_and_429_only() {
    for status in [403, 429] {
        assert_eq!(told(status, Some("7"), Some("1700000042")), Some(7));
        assert_eq!(told(status, Some("soon"), Some("1700000042")), Some(42));
        assert_eq!(told(status, None, Some("1700000042")), Some(42));
        assert_eq!(told(status, None, None), None);
    }
    for status in [200, 400, 401, 500, 503] {
        assert_eq!(told(status, None, Some("1700000042")), None, "{status}");
        assert_eq!(told(status, Some("7"), Some("1700000042")), Some(7), "{status}");
    }
}

#[test]
fn a_reset_says_nothing_while_requests_are_left() {
    let text = |value: &str| (!value.is_empty()).then(|| value.to_owned());
    for (headers, counts) in [
        (["", "1700000042", ""], "1700000042"),
        (["0", "1700000042", ""], "1700000042"),
        (["0", "", "1700000042"], "1700000042"),
        (["0", "1", "2"], "1"),
        (["4999", "1700000042", "1700000042"], ""),
        (["0", "", ""], ""),
    ] {
        assert_eq!(reset_of_used_up(headers.map(text)), text(counts), "{headers:?}");
    }
}
