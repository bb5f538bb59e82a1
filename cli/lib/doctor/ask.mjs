// One request to the broker, with a time limit, and what went wrong in words.

import { performance } from "node:perf_hooks";

import { stopping } from "../run.mjs";

const MAX_BYTES = 256 * 1024;

/**
 * @typedef {object} Reply
 * @property {number} status
 * @property {Headers} headers
 * @property {string} text
 * @property {unknown} json Undefined, if it is none.
 * @property {number} sentAt Milliseconds since 1970, by this machine.
 * @property {number} tookMs From there to the answer's headers.
 */

/** There is no answer. */
export class NoAnswer extends Error {
  /**
   * @param {string} message
   * @param {string} toDo
   */
  constructor(message, toDo) {
    super(message);
    this.toDo = toDo;
  }
}

/**
 * `GET`, without following a redirect: another server must not get the key.
 * @param {string} url
 * @param {number} timeoutMs
 * @param {Record<string, string>} headers
 * @returns {Promise<Reply>}
 */
export async function ask(url, timeoutMs, headers) {
  const limit = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([stopping.signal, limit]);
  try {
    const [sentAt, began] = [Date.now(), performance.now()];
    const response = await fetch(url, { headers, redirect: "manual", signal });
    const tookMs = performance.now() - began;
    const text = await limited(response);
    return { status: response.status, headers: response.headers, text, json: parsed(text), sentAt, tookMs };
  } catch (error) {
    stopping.signal.throwIfAborted();
    if (limit.aborted) throw new NoAnswer(`no answer within ${timeoutMs / 1000} s`, `Is it there? curl -v '${url}'`);
    throw noAnswer(error, new URL(url));
  }
}

/** @param {Response} response */
async function limited({ body }) {
  const parts = [];
  let bytes = 0;
  for await (const part of body ?? []) {
    parts.push(part);
    bytes += part.length;
    if (bytes > MAX_BYTES) break;
  }
  return Buffer.concat(parts).toString();
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * @param {unknown} error
 * @param {URL} url
 */
function noAnswer(error, { hostname, host }) {
  const { cause } = /** @type {{ cause?: { code?: string } }} */ (error);
  const code = cause?.code ?? "the connection failed";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN")
    return new NoAnswer(
      `the name ${hostname} is not found (${code})`,
      "Check the URL, and the network: it is the URL that `npx wrangler deploy` printed.",
    );
  if (code === "ECONNREFUSED")
    return new NoAnswer(
      `nothing listens at ${host}`,
      "Check the port. On this machine, `npx edge-token-broker start` has to run meanwhile.",
    );
  if (certificateFaults[code] !== undefined)
    return new NoAnswer(`the certificate of ${host} ${certificateFaults[code]} (${code})`, certificateToDo);
  if (/SSL|TLS|EPROTO/.test(code))
    return new NoAnswer(`${host} does not speak TLS (${code})`, "Check scheme and port of the URL.");
  return new NoAnswer(`no connection to ${host} (${code})`, "Check the network, a firewall, and the URL.");
}

/** @type {Record<string, string>} */
const certificateFaults = {
  CERT_HAS_EXPIRED: "has expired",
  CERT_NOT_YET_VALID: "is not valid yet: this machine's clock may be wrong",
  ERR_TLS_CERT_ALTNAME_INVALID: "is for another name",
  DEPTH_ZERO_SELF_SIGNED_CERT: "is signed by itself",
  SELF_SIGNED_CERT_IN_CHAIN: "is of an authority that this machine does not trust",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "is of an authority that this machine does not trust",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "is of an authority that this machine does not trust",
};
const certificateToDo =
  "Of `npx edge-token-broker start --https`: set NODE_EXTRA_CA_CERTS as it prints it. Else correct the server's certificate.";
