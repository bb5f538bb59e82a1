//! Whether the pins of a client's `jwt` say whose token it has to be, and whether its issuer can send
//! what they say.

use super::issuers::{ISSUERS, Issuer, KEYS, form, has_form, is_identifier};
use super::trust::is_metadata;
use crate::base::origin;
use crate::jwt::{OneOf, Trust};
use crate::settings::field::printable;
use crate::settings::{Faults, Reason};

/// Adds the faults of `trust`, which is the entry `path`. Of an unknown issuer nothing is known.
pub(super) fn check(trust: &Trust, path: &str, faults: &mut Faults) {
    let sent = |issuer: &'static Issuer| Some((issuer, issuer.sent(&trust.issuer)?));
    let known = ISSUERS.iter().find_map(sent);
    let never = meant(trust).filter(|_| known.is_none()).map(Reason::NeverSent);
    let fault = match known {
        Some((issuer, sends)) => {
            check_pins(issuer, trust, path, faults);
            issuer.open_to(trust, sends)
        }
        None => never.or(is_metadata(&trust.issuer).then_some(Reason::Metadata)),
    };
    if let Some(fault) = fault {
        faults.add([path, ".issuer"].concat(), fault);
    }
}

fn check_pins(issuer: &Issuer, trust: &Trust, path: &str, faults: &mut Faults) {
    let mut check = |field: &str, name: &str, one_of: &OneOf| {
        if let Some(sends) = issuer.instead(name, one_of) {
            faults.add([path, field].concat(), Reason::NeverSent(sends));
        }
    };
    check(".audience", "aud", &trust.audience);
    if let Some(subject) = &trust.subject {
        check(".subject", "sub", subject);
    }
    for (name, one_of) in &trust.claims {
        check(&[".claims.", &printable(name)].concat(), name, one_of);
    }
}

fn words(list: &'static str) -> impl Iterator<Item = &'static str> + Clone {
    list.split(' ').filter(|word| !word.is_empty())
}

/// A word and what stands behind its `=`.
fn pair(word: &'static str) -> (&'static str, &'static str) {
    word.split_once('=').unwrap_or((word, ""))
}

/// What the issuer sends that is meant by a name that no issuer sends: the keys are its keys, or the name
/// is another spelling of its URL.
fn meant(trust: &Trust) -> Option<&'static str> {
    let url = plain(&trust.issuer);
    let keys = trust.jwks_uri.as_deref().and_then(plain);
    let mut meant = None;
    for issuer in &ISSUERS {
        let is_meant = |sends: &&'static str| {
            let has_keys = keys.as_ref().is_some_and(|keys| issuer.has_keys_at(sends, keys));
            let is_spelling = |url: &String| fits(sends, url) || host(url) == host(sends);
            has_keys || url.as_ref().is_some_and(is_spelling)
        };
        // The last issuer: the tenants of Entra stand behind the one that is special.
        meant = words(issuer.sends).find(is_meant).or(meant);
    }
    meant
}

/// `https://host` of a URL.
fn host(url: &str) -> &str {
    let path = url.bytes().skip("https://".len()).position(|b| b == b'/');
    path.and_then(|at| url.get(..at.saturating_add("https://".len()))).unwrap_or(url)
}

/// A URL with everything in one spelling that clients of HTTP see no difference in.
fn plain(url: &str) -> Option<String> {
    let (_, rest) = origin::scheme_and_rest(url)?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.to_ascii_lowercase();
    let host = host.strip_suffix(":443").or(host.strip_suffix(":80")).unwrap_or(&host);
    let url = ["https://", host.trim_end_matches('.'), "/", path].concat();
    Some(url.trim_end_matches('/').to_owned())
}

/// Whether `text` is `pattern`, which may have one name in `<>`.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((before, rest)) = pattern.split_once('<') else { return pattern == text };
    let (name, after) = rest.split_once('>').unwrap_or((rest, ""));
    let found = text.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    found.is_some_and(|found| has_form(name, found))
}

impl Issuer {
    /// What it sends as `iss` that `name` is.
    fn sent(&self, name: &str) -> Option<&'static str> {
        words(self.sends).find(|sends| fits(sends, name))
    }

    /// Whether keys at `url` are its keys and nobody else's.
    fn has_keys_at(&self, sends: &str, url: &str) -> bool {
        let elsewhere = KEYS.iter().find(|(issuer, _)| *issuer == sends).map(|(_, keys)| *keys);
        let own = sends.split_once('<').map_or(sends, |(before, _)| before.trim_end_matches('/'));
        let rest = url.strip_prefix(elsewhere.unwrap_or(own));
        !self.who.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// What it sends instead, if it never sends one of these values as the claim `name`.
    fn instead(&self, name: &str, one_of: &OneOf) -> Option<&'static str> {
        let no_wildcard = "no wildcard: name each value";
        let wildcard = self.has_wildcard(one_of).then_some(no_wildcard);
        let claim = || self.meant_claim(name);
        wildcard.or_else(claim).or_else(|| self.other_form(name, one_of))
    }

    /// Whether a value is meant as a pattern. The comparison is literal.
    fn has_wildcard(&self, one_of: &OneOf) -> bool {
        !self.who.is_empty() && one_of.texts().any(|text| text.bytes().any(|b| b == b'*'))
    }

    /// The claims that are known, each with the form of its values.
    fn claims(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        words(self.forms).chain(words(self.who)).map(pair)
    }

    /// The claim that is meant by `name`, which stands in `sub` only or is misspelt.
    fn meant_claim(&self, name: &str) -> Option<&'static str> {
        if self.claims().any(|(claim, _)| claim == name) {
            return None;
        }
        let mut in_sub = words(self.in_sub).map(pair);
        let same = in_sub.find(|(word, _)| *word == name).map(|(_, claim)| claim);
        let near = || self.claims().map(|(claim, _)| claim).find(|claim| is_misspelt(name, claim));
        same.or_else(near)
    }

    /// The form of the claim `name`, if no value has it.
    fn other_form(&self, name: &str, one_of: &OneOf) -> Option<&'static str> {
        let (_, form_name) = self.claims().find(|(claim, _)| *claim == name)?;
        let is_sent = one_of.texts().any(|text| has_form(form_name, text));
        (!is_sent).then(|| form(form_name))
    }

    /// The fault, if tokens of others than those whom the pins name are accepted.
    fn open_to(&self, trust: &Trust, sends: &str) -> Option<Reason> {
        let is_whose = |(name, one_of): &(String, OneOf)| match name.as_str() {
            "sub" => self.is_whose(one_of),
            _ => words(self.who).any(|who| who == name),
        };
        let is_pinned = trust.subject.as_ref().is_some_and(|subject| self.is_whose(subject))
            || trust.claims.iter().any(is_whose);
        let example = words(self.who).next().filter(|_| !is_pinned)?;
        let is_of_one = sends.bytes().any(|b| b == b'<');
        Some(if is_of_one {
            Reason::UnnamedProject(example)
        } else {
            Reason::PublicIssuer(example)
        })
    }

    /// Whether each of these subjects says whose token it is.
    fn is_whose(&self, subjects: &OneOf) -> bool {
        let begins = |subject: &str| {
            words(self.subjects).any(|begin| begin == "*" || subject.starts_with(begin))
        };
        subjects
            .texts()
            .all(|subject| is_identifier(subject) || begins(subject) || self.has_name_in(subject))
    }

    /// Whether `NAME:VALUE` stands in `subject`, with a name that says whose token it is.
    fn has_name_in(&self, subject: &str) -> bool {
        let names = words(self.who).chain(words(self.in_sub).map(|word| pair(word).0));
        let mut parts = subject.split(':').zip(subject.split(':').skip(1));
        let says_who = |name| names.clone().any(|who| who == name);
        parts.any(|(name, value)| !value.is_empty() && says_who(name))
    }
}

/// Whether `name` is `known` but for one character, or for case.
fn is_misspelt(name: &str, known: &str) -> bool {
    // In shorter names, one character makes too much of a difference.
    const SHORTEST: usize = 6;
    let same = |(a, b): &(u8, u8)| a.eq_ignore_ascii_case(b);
    let begin = name.bytes().zip(known.bytes()).take_while(same).count();
    let end = name.bytes().rev().zip(known.bytes().rev()).take_while(same).count();
    let is_near = begin.saturating_add(end).saturating_add(1) >= name.len().max(known.len());
    is_near && known.len() >= SHORTEST && name.len().abs_diff(known.len()) <= 1
}
