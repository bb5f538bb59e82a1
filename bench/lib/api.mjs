// An API on loopback, and requests for it through a proxy.

/** @import { Request } from "autocannon" */
/** @import { Client } from "./backends.mjs" */

import { fork } from "node:child_process";
import { once } from "node:events";

import { CLIENT } from "./backends.mjs";

/** @typedef {Awaited<ReturnType<typeof startApi>>} Api */

/** What a program sends beside its key. */
const FIELDS = {
  accept: "application/json",
  "accept-encoding": "gzip, deflate, br",
  "accept-language": "en-US",
  "client-request-id": "5b2f1c9e-6b1b-4a3c-8f7f-0d9d7a1d5e55",
  "user-agent": "contoso-reports/1.4",
};

/** With its frame, 1 KiB. */
const MESSAGE = JSON.stringify({ body: "y".repeat(1_013) });

/** Starts it in a process of its own. Its CPU time does not count, and it does not wait for the load generator. */
export async function startApi() {
  const child = fork(new URL("api_server.mjs", import.meta.url));
  const [port] = await once(child, "message");
  const base = `http://127.0.0.1:${port}/v1.0`;
  return {
    base,
    bindings: (/** @type {Client} */ client = CLIENT) => bindings(base, client),
    stop: () => child.kill(),
  };
}

/**
 * What a proxy needs on top of the usual bindings. The client has two entries, as one with rights to write may have.
 * @param {string} base
 * @param {Client} client
 */
function bindings(base, { id, digest, scope }) {
  const allow = [
    { api: "graph", paths: ["users/*", "users/*/chunked"] },
    { api: "graph", methods: ["POST"], paths: ["users/*/sendMail"] },
  ];
  return {
    APIS: JSON.stringify({ graph: { base, credential: "default", scope } }),
    CLIENTS: JSON.stringify({ [id]: { key_sha256: [digest], allow } }),
    API_BASE: base,
  };
}

/**
 * A read, in the form of autocannon. `chunked` is a last segment for an answer without a declared length.
 * @param {string} last
 * @returns {Request}
 */
export function getUser(last = "") {
  return { method: "GET", path: `/api/graph/users/adele${last}?$select=id,displayName,mail`, headers: ownFields() };
}

/** The same with an answer that comes in chunks. */
export const getChunked = () => getUser("/chunked");

/** 1 KiB of JSON both ways. */
export function postMail() {
  const headers = { ...ownFields(), "content-type": "application/json" };
  return { method: "POST", path: "/api/graph/users/adele/sendMail", headers, body: MESSAGE };
}

const ownFields = () => ({ authorization: `Bearer ${CLIENT.key}`, ...FIELDS });
