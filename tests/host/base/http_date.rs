use std::time::{Duration, UNIX_EPOCH};

use edge_token_broker::base::http_date;
use edge_token_broker::base::time::UnixMillis;
use proptest::prelude::*;

/// The last second of the year 9999.
const LAST_SECS: u64 = 253_402_300_799;

#[test]
fn the_three_forms_are_one_instant() {
    let forms = [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    ];
    for form in forms {
        assert_eq!(http_date::parse(form), Some(UnixMillis(784_111_777_000)), "{form}");
    }
}

#[test]
fn two_digits_of_a_year_are_those_since_1970() {
    let seventy = http_date::parse("Thursday, 01-Jan-70 00:00:01 GMT");
    assert_eq!(seventy, Some(UnixMillis(1000)));
    let year = |text| http_date::parse(text).map(|at| at.date().0);
    assert_eq!(year("Sunday, 01-Mar-69 00:00:01 GMT"), Some(2069));
}

#[test]
fn anything_else_is_no_date() {
    let malformed = [
        "",
        "soon",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 06 November 1994 08:49:37 GMT",
        "Sun, 32 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 06 Nov 1969 08:49:37 GMT",
        "Sun, 06 Nov 199 08:49:37 GMT",
        "Sun, -6 Nov 1994 08:49:37 GMT",
        "Xyz, 06 Nov 1994 08:49:37 GMT",
        "é, 06 Nov 1994 08:49:37 GMT",
    ];
    for text in malformed {
        assert_eq!(http_date::parse(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn a_date_is_that_of_the_crate_httpdate(secs in 0..=LAST_SECS) {
        let text = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(secs));
        let at = UnixMillis(secs * 1000);
        prop_assert_eq!(&http_date::text_of(at), &text);
        prop_assert_eq!(http_date::parse(&text), Some(at));
    }
}
