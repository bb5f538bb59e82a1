// Certificates (RFC 5280). Node.js makes none, and packages that do bring twenty others along.

/** @import { KeyObject } from "node:crypto" */

import { createPublicKey, randomBytes, sign } from "node:crypto";

import { bits, commonName, der, pem, sequence, serialNumber, time } from "./der.mjs";

/** The signature algorithms: ecdsa-with-SHA256, and sha256WithRSAEncryption with its NULL. */
const ALGORITHMS = {
  ec: Buffer.from("300a06082a8648ce3d040302", "hex"),
  rsa: Buffer.from("300d06092a864886f70d01010b0500", "hex"),
};
const DAY_MS = 86_400_000;

/**
 * @typedef {object} Certified
 * @property {KeyObject} signer The private key of the issuer.
 * @property {string} issuer
 * @property {string} subject
 * @property {KeyObject} publicKey Of the subject.
 * @property {Date} notBefore
 * @property {Date} notAfter
 * @property {Buffer[]} [extensions]
 */

/**
 * The PEM of a certificate.
 * @param {Certified} certified
 */
export function certify({ signer, issuer, subject, publicKey, notBefore, notAfter, extensions = [] }) {
  const algorithm = signer.asymmetricKeyType === "ec" ? ALGORITHMS.ec : ALGORITHMS.rsa;
  const certified = sequence(
    der(0xa0, der(0x02, Buffer.of(2))), // version 3
    serialNumber(randomBytes(15)),
    algorithm,
    commonName(issuer),
    sequence(time(notBefore), time(notAfter)),
    commonName(subject),
    publicKey.export({ type: "spki", format: "der" }),
    ...(extensions.length > 0 ? [der(0xa3, sequence(...extensions))] : []),
  );
  return pem(sequence(certified, algorithm, bits(sign("sha256", certified, signer))));
}

/**
 * The PEM of a certificate for the public half of `privateKey`, signed with it. It is valid now for a year, if nothing
 * else is said.
 * @param {KeyObject} privateKey
 * @param {{ name?: string, notBefore?: Date, notAfter?: Date }} options
 */
export function selfSigned(privateKey, { name = "stand-in", notBefore = days(-1), notAfter = days(365) } = {}) {
  const publicKey = createPublicKey(privateKey);
  return certify({ signer: privateKey, issuer: name, subject: name, publicKey, notBefore, notAfter });
}

/** @param {number} count */
export const days = (count, now = Date.now()) => new Date(now + count * DAY_MS);
