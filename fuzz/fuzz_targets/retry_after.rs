//! `Retry-After` from upstream: eight bytes of clock, then the header's value.

#![no_main]

use edge_token_broker::base::limits::RETRY_AFTER_MAX_SECS;
use edge_token_broker::base::time::UnixMillis;
use edge_token_broker::upstream::retry::retry_after_secs;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((clock, value)) = bytes.split_first_chunk() else { return };
    let (now, Ok(value)) = (UnixMillis(u64::from_le_bytes(*clock)), std::str::from_utf8(value))
    else {
        return;
    };
    let secs = retry_after_secs(value, now);
    let number = value.trim();
    if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
        // As long as it takes: more digits than any integer has are the cap.
        let digits = number.trim_start_matches('0');
        let expected = if digits.len() > 9 { u64::MAX } else { digits.parse().unwrap_or(0) };
        assert_eq!(secs, Some(expected.clamp(1, RETRY_AFTER_MAX_SECS)));
    }
    let Some(secs) = secs else { return };
    assert!((1..=RETRY_AFTER_MAX_SECS).contains(&secs));
    assert_eq!(retry_after_secs(&secs.to_string(), now), Some(secs), "printed, it reads the same");
    // Later means sooner: a date gets nearer, a number stays.
    let later = retry_after_secs(value, UnixMillis(now.0.saturating_add(1000)));
    assert!(later.is_some_and(|later| later <= secs));
});
