// The digests of client keys in a configuration. The commands write the newest last.

/** @import { Client } from "./configured.mjs" */

import { Form, keyDigest, keyForm } from "./client-key.mjs";
import { Failure } from "./run.mjs";

/**
 * The digests of a client's keys, each one once.
 * @param {Record<string, Client>} clients
 * @param {string} name
 */
export function digestsOf(clients, name) {
  if (!Object.hasOwn(clients, name)) throw new Failure(`CLIENTS has no client ${name}.`);
  const list = clients[name]?.key_sha256 ?? [];
  if (!Array.isArray(list) || list.some((digest) => typeof digest !== "string")) {
    throw new Failure(`CLIENTS.${name}.key_sha256 must be a list of SHA-256 digests.`);
  }
  return [...new Set(list.map((digest) => digest.toLowerCase()))];
}

/**
 * The list during a rotation: the old key and the new one are good.
 * @param {string[]} digests
 * @param {string} newDigest
 * @param {string} name
 */
export function digestsDuringRotation(digests, newDigest, name) {
  if (digests.length === 0) throw new Failure(`Client ${name} has no key: make its first one without --rotate.`);
  if (digests.length > 1) {
    throw new Failure(
      `Client ${name} has ${digests.length} keys already: end that rotation first, with --rotate --finish.`,
    );
  }
  return [...digests, newDigest];
}

/**
 * The list after a rotation: only the newest key is good.
 * @param {string[]} digests
 * @param {string} name
 */
export function digestsAfterRotation(digests, name) {
  if (digests.length < 2)
    throw new Failure(`Client ${name} is not in a rotation: it has ${digests.length === 1 ? "one key" : "no key"}.`);
  return digests.slice(-1);
}

/**
 * Says in one sentence to which client a key belongs, without a part of the key, and whether it is a key of `name`.
 * @param {string} text
 * @param {Record<string, Client>} clients
 * @param {string} name
 */
export function verdict(text, clients, name) {
  const digest = keyDigest(text);
  const digests = digestsOf(clients, name);
  const index = digests.indexOf(digest);
  if (index !== -1)
    return { good: true, sentence: `good: it is a key of client ${name}${age(index, digests.length)}.` };
  const owner = Object.keys(clients).find((other) => digestsOf(clients, other).includes(digest));
  if (owner !== undefined) return { good: false, sentence: `wrong: it is a key of another client, ${owner}.` };
  return { good: false, sentence: sentenceOfForm(keyForm(text), name) };
}

/**
 * @param {number} index
 * @param {number} count
 */
function age(index, count) {
  if (count === 1) return "";
  return index === count - 1 ? `, the newest of ${count}` : `, an old one of ${count}`;
}

/**
 * @param {ReturnType<typeof keyForm>} form
 * @param {string} name
 */
function sentenceOfForm({ form, reason }, name) {
  switch (form) {
    case Form.malformed:
      return `malformed: ${reason}.`;
    case Form.mistyped:
      return "mistyped: its checksum is wrong, so some of its characters are not as they were made.";
    case Form.noChecksum:
      return "unknown: no client has this key. It has no checksum, so it is an old key or lacks its last six characters.";
    default:
      return `wrong: it is a whole key, but neither of client ${name} nor of any other (revoked, or of another deployment).`;
  }
}
