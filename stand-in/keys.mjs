// The keys and secrets of the kinds of credentials (kinds.mjs), each in a form that users have.

import { generateKeyPairSync, randomBytes } from "node:crypto";

import { selfSigned } from "./certificate.mjs";

/**
 * @typedef {object} Keys As text, so that they can be kept in a file.
 * @property {string} secret A client secret, with characters that have to be encoded.
 * @property {string} certificate PEM.
 * @property {string} certificateKey PEM: PKCS#8.
 * @property {string} issuer The broker's own key: PKCS#8.
 * @property {string} okta JWK: P-256.
 * @property {string} github PEM: PKCS#1, as GitHub has it.
 * @property {string} google PEM: PKCS#8.
 * @property {string} salesforce PEM: PKCS#8.
 * @property {string} zitadel PEM: PKCS#1, as Zitadel has it.
 */

/** New ones. This takes about a second. @returns {Keys} */
export function newKeys() {
  const certified = rsa();
  return {
    secret: `${randomBytes(18).toString("base64url")}:%+/ é~`,
    certificate: selfSigned(certified),
    certificateKey: pkcs8(certified),
    issuer: pkcs8(rsa()),
    okta: JSON.stringify(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" })),
    github: pkcs1(rsa()),
    google: pkcs8(rsa()),
    salesforce: pkcs8(rsa()),
    zitadel: pkcs1(rsa()),
  };
}

const rsa = () => generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;

/** @param {import("node:crypto").KeyObject} key */
const pkcs8 = (key) => key.export({ type: "pkcs8", format: "pem" }).toString();

/** @param {import("node:crypto").KeyObject} key */
const pkcs1 = (key) => key.export({ type: "pkcs1", format: "pem" }).toString();
