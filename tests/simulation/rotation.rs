//! An operator replaces the secret of one credential: each location gets the new configuration at
//! its own time, and the authorization server refuses the old secret from some time on.

use super::random::{Random, mixed};

/// Time from the first location with the new configuration to the last one.
const ROLLOUT_MS: u64 = 60_000;
/// How long an isolate with the old configuration still takes requests.
const OLD_ISOLATE_MS: u64 = 30_000;
/// No request takes longer, with any faults.
const REQUEST_MS: u64 = 90_000;

/// One rotation: the secret and the times.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rotation {
    /// The secret is that of the grants with this number modulo 2.
    credential: usize,
    /// When the first location gets the new configuration.
    rollout: u64,
    /// From then on the old secret is refused. Until then both are good.
    refused_from: u64,
}

impl Rotation {
    pub(crate) const NEVER: Self =
        Self { credential: 0, rollout: u64::MAX / 2, refused_from: u64::MAX };

    pub(crate) fn random(random: &Random) -> Self {
        let rollout = random.range(0, 3_600_000);
        let refused_from = match random.below(3) {
            // The old secret was wrong from the start, and the operator corrects it.
            0 => 0,
            // The operator is late, or in time for some locations only.
            1 => (rollout + ROLLOUT_MS).saturating_sub(random.range(0, 1_200_000)),
            _ => rollout + ROLLOUT_MS + OLD_ISOLATE_MS + REQUEST_MS + random.range(0, 600_000),
        };
        Self { credential: random.below(2), rollout, refused_from }
    }

    /// The configuration of a location: 0 is the old one, 1 the new one.
    pub(crate) fn configuration(&self, location: usize, now: u64) -> usize {
        usize::from(now >= self.rollout + mixed(location as u64 + 1) % ROLLOUT_MS)
    }

    /// Whether an isolate that still has the old configuration takes no more requests.
    pub(crate) fn has_ended(&self, location: usize, isolate: u64, now: u64) -> bool {
        let lives = mixed(isolate) % OLD_ISOLATE_MS;
        self.configuration(location, now.saturating_sub(lives)) == 1
    }

    /// Whether the old secret is out of use.
    pub(crate) fn is_complete(&self, now: u64) -> bool {
        now > self.rollout + ROLLOUT_MS + OLD_ISOLATE_MS + REQUEST_MS
    }

    /// Whether tokens of `grant` come from the new secret in this configuration.
    pub(crate) fn is_new(&self, grant: usize, configuration: usize) -> bool {
        configuration == 1 && grant % 2 == self.credential
    }

    /// Whether the authorization server refuses the secret.
    pub(crate) fn refuses(&self, grant: usize, new: bool, now: u64) -> bool {
        !new && grant % 2 == self.credential && now >= self.refused_from
    }

    /// The secrets of both credentials in a configuration.
    pub(crate) fn secrets(&self, configuration: usize) -> [String; 2] {
        let age = |credential| if self.is_new(credential, configuration) { "new" } else { "old" };
        [0, 1].map(|credential| format!("secret {credential} {}", age(credential)))
    }
}
