//! Whether the pins of a client's `jwt` say whose token it has to be, and whether its issuer can send
//! what they say.

use std::iter;

use super::fault::{Faults, Reason};
use super::issuers::{ISSUERS, Issuer, is_identifier, is_uuid};
use super::json::printable;
use super::trust::is_metadata;
use crate::jwt::{OneOf, Trust};

const CLAIMS: &str = "claims.";
const WILDCARD: &str = "no wildcard: name each value";

/// Adds the faults of `trust`, which is the entry `path`. Of an unknown issuer nothing is known.
pub(super) fn check(trust: &Trust, path: &str, faults: &mut Faults) {
    let Some(issuer) = ISSUERS.iter().find(|issuer| issuer.sent(&trust.issuer).is_some()) else {
        let field = format!("{path}.issuer");
        match meant(trust).and_then(|issuer| issuer.sends.first()) {
            Some(sends) => faults.add(field, Reason::NeverSent(sends)),
            None if is_metadata(&trust.issuer) => faults.add(field, Reason::Metadata),
            None => {}
        }
        return;
    };
    for (field, name, one_of) in pins(trust) {
        if let Some(sends) = issuer.never(name, one_of) {
            let claim = if field == CLAIMS { printable(name) } else { String::new() };
            faults.add(format!("{path}.{field}{claim}"), Reason::NeverSent(sends));
        }
    }
    if let Some(example) = issuer.who.first().filter(|_| !issuer.is_whose(trust)) {
        let is_shared = issuer.sent(&trust.issuer).is_some_and(|sent| !sent.contains('<'));
        let fault =
            if is_shared { Reason::PublicIssuer(example) } else { Reason::UnnamedProject(example) };
        faults.add(format!("{path}.issuer"), fault);
    }
}

/// Every pin: its field, the name of its claim, its values.
fn pins(trust: &Trust) -> impl Iterator<Item = (&'static str, &str, &OneOf)> {
    let subject = trust.subject.iter().map(|subject| ("subject", "sub", subject));
    let claims = trust.claims.iter().map(|(name, one_of)| (CLAIMS, name.as_str(), one_of));
    iter::once(("audience", "aud", &trust.audience)).chain(subject).chain(claims)
}

/// The issuer that is meant by a name that no issuer sends: the keys are its keys, or the name is another
/// spelling of its URL.
fn meant(trust: &Trust) -> Option<&'static Issuer> {
    let is_url = trust.issuer.contains("://");
    let (url, keys) = (plain(&trust.issuer), trust.jwks_uri.as_deref().map(plain));
    let host = url.split('/').nth(2);
    // From the end: the tenants of Entra are behind the one tenant that is special.
    ISSUERS.iter().rev().find(|issuer| {
        let is_at_host = |sends: &str| sends.contains("://") && sends.split('/').nth(2) == host;
        let is_spelling = issuer.sends.iter().any(|sends| fits(sends, &url) || is_at_host(sends));
        let has_its_keys = keys.as_ref().is_some_and(|keys| {
            let rest = keys.strip_prefix(issuer.keys).filter(|_| !issuer.keys.is_empty());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        has_its_keys || (is_url && is_spelling)
    })
}

/// A URL with everything in one spelling that clients of HTTP see no difference in.
fn plain(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.to_ascii_lowercase();
    let host = host.strip_suffix(":443").or(host.strip_suffix(":80")).unwrap_or(&host);
    let url = ["https://", host.trim_end_matches('.'), "/", path].concat();
    url.trim_end_matches('/').to_owned()
}

/// Whether `text` is `pattern`, which may have one name in `<>`.
fn fits(pattern: &str, text: &str) -> bool {
    let parts =
        pattern.split_once('<').and_then(|(before, rest)| Some((before, rest.split_once('>')?)));
    let Some((before, (name, after))) = parts else { return pattern == text };
    let found = text.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    let is_word = |text: &str| !text.is_empty() && !text.contains(['/', '.']);
    found.is_some_and(|found| if name.contains("UUID") { is_uuid(found) } else { is_word(found) })
}

impl Issuer {
    /// What it sends as `iss` that `name` is.
    fn sent(&self, name: &str) -> Option<&'static str> {
        self.sends.iter().find(|sends| fits(sends, name)).copied()
    }

    /// What it sends instead, if it never sends any of these values.
    fn never(&self, name: &str, one_of: &OneOf) -> Option<&'static str> {
        let is_wildcard = |text: &str| text.split([':', '/']).any(|part| part == "*");
        if !self.who.is_empty() && one_of.texts().all(is_wildcard) {
            return Some(WILDCARD);
        }
        if let Some((_, fits, words)) = self.looks.iter().find(|(claim, ..)| *claim == name) {
            return (!one_of.texts().any(fits)).then_some(words);
        }
        let known = self.who.iter().copied().chain(self.looks.iter().map(|(claim, ..)| *claim));
        let mut similar = known.filter(|known| is_misspelt(name, known));
        similar.next().filter(|_| !self.who.contains(&name))
    }

    /// Whether only tokens of somebody whom the pins name are accepted.
    fn is_whose(&self, trust: &Trust) -> bool {
        pins(trust).any(|(_, name, one_of)| match name {
            "sub" => one_of.texts().all(|subject| self.says_who(subject)),
            _ => self.who.contains(&name),
        })
    }

    fn says_who(&self, subject: &str) -> bool {
        let behind = |(at, _): (usize, &str)| subject.get(at.saturating_add(1)..);
        let mut parts = iter::once(subject).chain(subject.match_indices(':').filter_map(behind));
        let says_who = |part: &str, who: &str| {
            let Some(rest) = part.strip_prefix(who) else { return false };
            let rest = if who.ends_with(char::is_alphanumeric) {
                rest.strip_prefix(':')
            } else {
                Some(rest)
            };
            rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(':'))
        };
        is_identifier(subject) || parts.any(|part| self.who.iter().any(|who| says_who(part, who)))
    }
}

/// Whether `name` is `known` but for one character, or for case and the signs between words.
fn is_misspelt(name: &str, known: &str) -> bool {
    let letters = |text: &str| {
        let alphanumeric = text.chars().filter(char::is_ascii_alphanumeric);
        alphanumeric.map(|c| c.to_ascii_lowercase()).collect::<String>()
    };
    let (name, known) = (letters(name), letters(known));
    let longest = name.len().max(known.len());
    let same = |(a, b): &(u8, u8)| a == b;
    let begin = name.bytes().zip(known.bytes()).take_while(same).count();
    let end = name.bytes().rev().zip(known.bytes().rev()).take_while(same).count();
    let is_near = begin.saturating_add(end).saturating_add(1) >= longest;
    is_near && known.len() >= SHORTEST && name.len().abs_diff(known.len()) <= 1
}

/// In shorter names, one character makes too much of a difference.
const SHORTEST: usize = 6;
