//! An error in a coordinator's state and answers: pinned byte for byte, and read as an older version
//! wrote it. The rest of the state is in `stored_format.rs`.

use edge_token_broker::base::cbor;
use edge_token_broker::oauth::error_response::ErrorResponse;
use edge_token_broker::oauth::token_response::AnswerFault;
use edge_token_broker::upstream::error::UpstreamError;

/// Variant 2 with its fields: variant 5 of the fault with its status, 1 second, 3 in a row, and the
/// error response.
const PINNED: &str = "82028482058119019401038360f68180";
/// The same before it had more than the fault.
const PINNED_BEFORE: &str = "820281820581190194";

fn not_understood(retry_after_secs: u64, in_a_row: u32, response: bool) -> UpstreamError {
    UpstreamError::NotATokenResponse {
        fault: AnswerFault::UnexpectedStatus(404),
        retry_after_secs,
        in_a_row,
        response: response.then(Box::<ErrorResponse>::default),
    }
}

/// As [`PINNED`], with variant 7 of the fault, which has no field.
const PINNED_CUT_OFF: &str = "82028482078001038360f68180";

fn read(pinned: &str) -> UpstreamError {
    cbor::of_slice(&base16ct::lower::decode_vec(pinned).unwrap()).unwrap()
}

#[test]
fn an_answer_that_was_not_understood_is_pinned() {
    let error = not_understood(1, 3, true);
    assert_eq!(base16ct::lower::encode_string(&cbor::to_vec(&error)), PINNED);
    assert_eq!(read(PINNED), error);
}

#[test]
fn an_answer_that_was_cut_off_is_pinned() {
    let mut error = not_understood(1, 3, true);
    if let UpstreamError::NotATokenResponse { fault, .. } = &mut error {
        *fault = AnswerFault::CutOff;
    }
    assert_eq!(base16ct::lower::encode_string(&cbor::to_vec(&error)), PINNED_CUT_OFF);
    assert_eq!(read(PINNED_CUT_OFF), error);
}

#[test]
fn an_older_version_of_it_is_read() {
    assert_eq!(read(PINNED_BEFORE), not_understood(0, 0, false));
}
