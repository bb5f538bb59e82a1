// DER, as much of it as a certificate needs (X.690; RFC 5280).

import { isIPv4 } from "node:net";

/**
 * @param {number} tag
 * @param {Buffer[]} parts
 */
export function der(tag, ...parts) {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  const size = Buffer.from(length.toString(16).padStart(length < 0x100 ? 2 : 4, "0"), "hex");
  return Buffer.concat([Buffer.of(tag, 0x80 + size.length), size, content]);
}

/** @param {Buffer[]} parts */
export const sequence = (...parts) => der(0x30, ...parts);

/** @param {Buffer} bytes */
export const bits = (bytes, unused = 0) => der(0x03, Buffer.of(unused), bytes);

/** A positive number of 16 bytes. @param {Buffer} random 15 bytes. */
export const serialNumber = (random) => der(0x02, Buffer.of(0x01), random);

/** A name that is a common name only. @param {string} text */
export const commonName = (text) =>
  sequence(der(0x31, sequence(Buffer.from("0603550403", "hex"), der(0x0c, Buffer.from(text)))));

/**
 * RFC 5280 §4.1.2.5: two digits of the year before 2050.
 * @param {Date} date
 */
export function time(date) {
  const digits = `${date.toISOString().replace(/\D/g, "").slice(0, 14)}Z`;
  const [tag, text] = date.getUTCFullYear() < 2050 ? [0x17, digits.slice(2)] : [0x18, digits];
  return der(tag, Buffer.from(text));
}

/**
 * The bytes of an IP address.
 * @param {string} text
 */
export function address(text) {
  if (isIPv4(text)) return Buffer.from(text.split(".").map(Number));
  const [before = [], after = []] = text.split("::").map((half) => half.split(":").filter(Boolean));
  const zeros = Array(8 - before.length - after.length).fill("0");
  return Buffer.from([...before, ...zeros, ...after].map((group) => group.padStart(4, "0")).join(""), "hex");
}

/** @param {Buffer} bytes */
export function pem(bytes) {
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
