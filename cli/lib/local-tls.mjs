// TLS for `npm start`: a certificate authority that stays, so that trust in it lasts over the next starts.

/** @import { Pair } from "../../stand-in/ca.mjs" */

import { X509Certificate } from "node:crypto";

import { SERVER_DAYS, issue, newCa } from "../../stand-in/ca.mjs";
import { days } from "../../stand-in/certificate.mjs";
import { readJson, writeJson, writePrivate } from "./local-files.mjs";

/** @typedef {ReturnType<typeof localTls>} LocalTls */

/**
 * A new certificate for a start on `port`: `file` is the path of its authority's certificate.
 * @param {number} port
 */
export function localTls(port, now = Date.now()) {
  const kept = lasting(readJson("ca.json"), now);
  const ca = kept ?? newCa(now);
  if (!kept) writeJson("ca.json", ca);
  const { key, certificate } = issue(ca, { now });
  const keyPath = writePrivate(`${port}.key.pem`, key);
  const certificatePath = writePrivate(`${port}.certificate.pem`, certificate);
  return {
    certificate: ca.certificate,
    file: writePrivate("ca.pem", ca.certificate),
    wranglerArgs: ["--https-key-path", keyPath, "--https-cert-path", certificatePath],
  };
}

/**
 * A kept authority, if it outlives the certificates that it makes.
 * @param {Partial<Pair> | undefined} kept
 * @param {number} now
 * @returns {Pair | undefined}
 */
export function lasting({ key, certificate } = {}, now) {
  if (!key || !certificate) return undefined;
  return new Date(new X509Certificate(certificate).validTo) > days(SERVER_DAYS, now) ? { key, certificate } : undefined;
}
