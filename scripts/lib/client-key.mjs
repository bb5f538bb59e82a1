// A client's key, its checksum and its digest. Keys are made here, never chosen by a person.

import { createHash, randomBytes } from "node:crypto";
// Not by its name: a Node.js that is too old has no such export, and could then not say that it is too old.
import zlib from "node:zlib";

/** By which secret scanners find a leaked key. */
const prefix = "etb_";
/** 32 bytes in base64url. */
const randomLength = 43;
/** Enough for 32 bits in base62, as in GitHub's tokens. */
const checksumLength = 6;
const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** What a text that claims to be a key looks like, whoever's key it is. */
export const Form = {
  good: "good",
  /** Made before keys had a checksum, or cut off. */
  noChecksum: "no checksum",
  mistyped: "mistyped",
  malformed: "malformed",
};

/** 32 random bytes between the prefix and a checksum, which tells a mistyped key from a wrong one without a request. */
export function newClientKey() {
  const body = `${prefix}${randomBytes(32).toString("base64url")}`;
  return body + checksum(body);
}

/**
 * What the configuration holds in the key's place: the SHA-256 of its whole text, in hex.
 * @param {string} key
 */
export function keyDigest(key) {
  return createHash("sha256").update(key).digest("hex");
}

/**
 * The `Form` of a text, and where it is malformed the reason: never a part of the text.
 * @param {string} text
 * @returns {{ form: string, reason?: string }}
 */
export function keyForm(text) {
  const reason = malformation(text);
  if (reason) return { form: Form.malformed, reason };
  const body = text.slice(0, prefix.length + randomLength);
  if (text === body) return { form: Form.noChecksum };
  return { form: text === body + checksum(body) ? Form.good : Form.mistyped };
}

/** @param {string} text */
function malformation(text) {
  if (text === "") return "it is empty";
  if (/\s/.test(text)) return "there is white space in it or around it";
  if (!text.startsWith(prefix)) return `it does not begin with ${prefix}`;
  if (!/^[A-Za-z0-9_-]+$/.test(text)) return "it has a character that no key has";
  const shortest = prefix.length + randomLength;
  const whole = shortest + checksumLength;
  if (text.length !== whole && text.length !== shortest) return `it has ${text.length} characters instead of ${whole}`;
  return null;
}

/**
 * The CRC-32 of what stands in front of it, in base62 and always six characters.
 * @param {string} text
 */
function checksum(text) {
  let rest = zlib.crc32(text);
  let base62 = "";
  for (let place = 0; place < checksumLength; place += 1) {
    base62 = digits[rest % digits.length] + base62;
    rest = Math.floor(rest / digits.length);
  }
  return base62;
}
