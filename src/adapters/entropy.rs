//! The only place that reads randomness.

use crate::base::ports::Entropy;

/// `crypto.getRandomValues` of the runtime.
#[derive(Debug)]
pub(super) struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        #[expect(clippy::disallowed_methods, reason = "this is the port's adapter")]
        #[expect(clippy::expect_used, reason = "no randomness, no safe nonce: better no answer")]
        getrandom::fill(&mut bytes).expect("getRandomValues works in every request");
        bytes
    }
}
