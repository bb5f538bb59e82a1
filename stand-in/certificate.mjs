// A self-signed certificate (RFC 5280), of which Node.js has none and packages that make one bring twenty others along.

/** @import { KeyObject } from "node:crypto" */

import { createPublicKey, randomBytes, sign } from "node:crypto";

/** The signature algorithms in DER: ecdsa-with-SHA256, and sha256WithRSAEncryption with its NULL. */
const ALGORITHMS = {
  ec: Buffer.from("300a06082a8648ce3d040302", "hex"),
  rsa: Buffer.from("300d06092a864886f70d01010b0500", "hex"),
};
const COMMON_NAME = Buffer.from("0603550403", "hex");
const DAY_MS = 86_400_000;

/**
 * The PEM of a certificate for the public half of `privateKey`, signed with it. It is valid now for a year, if nothing
 * else is said.
 * @param {KeyObject} privateKey
 * @param {{ name?: string, notBefore?: Date, notAfter?: Date }} options
 */
export function selfSigned(privateKey, { name = "stand-in", notBefore = days(-1), notAfter = days(365) } = {}) {
  const algorithm = privateKey.asymmetricKeyType === "ec" ? ALGORITHMS.ec : ALGORITHMS.rsa;
  const subject = sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(name)))));
  const serial = der(0x02, Buffer.concat([Buffer.of(0x01), randomBytes(15)]));
  const validity = sequence(time(notBefore), time(notAfter));
  const publicKey = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  const version3 = der(0xa0, der(0x02, Buffer.of(2)));
  const certified = sequence(version3, serial, algorithm, subject, validity, subject, publicKey);
  const signature = der(0x03, Buffer.concat([Buffer.of(0), sign("sha256", certified, privateKey)]));
  return pem(sequence(certified, algorithm, signature));
}

/** @param {number} count */
const days = (count) => new Date(Date.now() + count * DAY_MS);

/** @param {Buffer[]} parts */
const sequence = (...parts) => der(0x30, Buffer.concat(parts));

/**
 * RFC 5280 §4.1.2.5: two digits of the year before 2050.
 * @param {Date} date
 */
function time(date) {
  const digits = `${date.toISOString().replace(/\D/g, "").slice(0, 14)}Z`;
  const [tag, text] = date.getUTCFullYear() < 2050 ? [0x17, digits.slice(2)] : [0x18, digits];
  return der(tag, Buffer.from(text));
}

/**
 * @param {number} tag
 * @param {Buffer} content
 */
function der(tag, content) {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  const size = Buffer.from(length.toString(16).padStart(length < 0x100 ? 2 : 4, "0"), "hex");
  return Buffer.concat([Buffer.of(tag, 0x80 + size.length), size, content]);
}

/** @param {Buffer} bytes */
function pem(bytes) {
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
