// A certificate authority for servers on this machine. Its certificates are as strict verifiers want them: OpenSSL with
// -x509_strict, Python with VERIFY_X509_STRICT (its default since 3.13), Go, and Node.js.

/** @import { KeyObject } from "node:crypto" */

import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { isIP } from "node:net";

import { certify, days } from "./certificate.mjs";
import { address, bits, der, sequence } from "./der.mjs";

/** @typedef {{ key: string, certificate: string }} Pair PEM: a private key as PKCS#8, and its certificate. */

const NAME = "edge-token-broker local CA";
const CA_DAYS = 3650;
/** Apple's limit for a server's certificate is 398 days, of which one is before now. */
export const SERVER_DAYS = 396;
/** The names of this machine, and the networks that they are in. */
const LOCAL = ["localhost", "127.0.0.1", "::1"];
const LOCAL_NETWORKS = [
  der(0x82, Buffer.from("localhost")),
  der(0x87, address("127.0.0.0"), address("255.0.0.0")),
  der(0x87, address("::1"), Buffer.alloc(16, 0xff)),
];
const TRUE = der(0x01, Buffer.of(0xff));
/** The last byte of each extension's object identifier, 2.5.29.x. */
const ID = { subjectKey: 14, keyUsage: 15, altName: 17, basic: 19, names: 30, authorityKey: 35, extendedUsage: 37 };
/** Object identifier 1.3.6.1.5.5.7.3.1. */
const SERVER_AUTH = Buffer.from("06082b06010505070301", "hex");
/** pathLenConstraint: it certifies no other authority. */
const NO_MORE_AUTHORITIES = der(0x02, Buffer.of(0));

/**
 * Trust in it reaches no further than servers on this machine: its name constraints permit no other host name and no
 * other IP address, and its certificates are good for nothing but TLS servers.
 * @returns {Pair}
 */
export function newCa(now = Date.now()) {
  const { privateKey, publicKey } = newKey();
  const extensions = [
    critical(ID.basic, sequence(TRUE, NO_MORE_AUTHORITIES)),
    critical(ID.keyUsage, bits(Buffer.of(0b0000_0110), 1)), // keyCertSign, cRLSign
    extension(ID.extendedUsage, sequence(SERVER_AUTH)),
    critical(ID.names, sequence(der(0xa0, ...LOCAL_NETWORKS.map((network) => sequence(network))))),
    extension(ID.subjectKey, der(0x04, keyId(publicKey))),
  ];
  const validity = { notBefore: days(-1, now), notAfter: days(CA_DAYS, now) };
  return {
    key: pkcs8(privateKey),
    certificate: certify({ signer: privateKey, issuer: NAME, subject: NAME, publicKey, ...validity, extensions }),
  };
}

/**
 * A server's key and certificate. `names` are host names and IP addresses of this machine.
 * @param {Pair} ca
 * @param {{ names?: string[], now?: number }} options
 * @returns {Pair}
 */
export function issue(ca, { names = LOCAL, now = Date.now() } = {}) {
  const signer = createPrivateKey(ca.key);
  const { privateKey, publicKey } = newKey();
  const extensions = [
    critical(ID.basic, sequence()),
    critical(ID.keyUsage, bits(Buffer.of(0b1000_0000), 7)), // digitalSignature
    extension(ID.extendedUsage, sequence(SERVER_AUTH)),
    extension(ID.altName, sequence(...names.map(altName))),
    extension(ID.subjectKey, der(0x04, keyId(publicKey))),
    extension(ID.authorityKey, sequence(der(0x80, keyId(createPublicKey(signer))))),
  ];
  const subject = names[0] ?? NAME;
  const validity = { notBefore: days(-1, now), notAfter: days(SERVER_DAYS, now) };
  return {
    key: pkcs8(privateKey),
    certificate: certify({ signer, issuer: NAME, subject, publicKey, ...validity, extensions }),
  };
}

const newKey = () => generateKeyPairSync("ec", { namedCurve: "P-256" });

/** @param {KeyObject} key */
const pkcs8 = (key) => key.export({ type: "pkcs8", format: "pem" }).toString();

/** RFC 7093 §2. @param {KeyObject} publicKey */
const keyId = (publicKey) =>
  createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest()
    .subarray(0, 20);

/** @param {string} name */
const altName = (name) => (isIP(name) ? der(0x87, address(name)) : der(0x82, Buffer.from(name)));

/** @type {(id: number, value: Buffer, flag?: Buffer[]) => Buffer} */
const extension = (id, value, flag = []) => sequence(der(0x06, Buffer.of(0x55, 0x1d, id)), ...flag, der(0x04, value));

/** @type {(id: number, value: Buffer) => Buffer} */
const critical = (id, value) => extension(id, value, [TRUE]);
