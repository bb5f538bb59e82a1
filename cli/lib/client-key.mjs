// A client key, its checksum and its digest. This file makes keys; no person chooses one.

import { createHash, randomBytes } from "node:crypto";
// Not imported by name: in a Node.js that is too old the import fails, and the message about its version does not come.
import zlib from "node:zlib";

/** Secret scanners find a leaked key by it. */
const prefix = "etb_";
/** 32 bytes in base64url. */
const randomLength = 43;
/** Enough for 32 bits in base62, as in GitHub's tokens. */
const checksumLength = 6;
const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** The form of a text that may be a key of any client. */
export const Form = {
  good: "good",
  /** From before keys had a checksum, or cut off. */
  noChecksum: "no checksum",
  mistyped: "mistyped",
  malformed: "malformed",
};

/**
 * 32 random bytes between the prefix and a checksum. The checksum tells a mistyped key from a wrong one without a
 * request.
 */
export function newClientKey() {
  const body = `${prefix}${randomBytes(32).toString("base64url")}`;
  return body + checksum(body);
}

/**
 * The digest that the configuration has: the SHA-256 of the whole text, in hex.
 * @param {string} key
 */
export function keyDigest(key) {
  return createHash("sha256").update(key).digest("hex");
}

/**
 * The `Form` of a text. If it is malformed, also the reason, without a part of the text.
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
 * The CRC-32 of the text before it, in base62, always six characters.
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
