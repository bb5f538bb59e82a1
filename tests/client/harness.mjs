// A network in the memory of a test: a broker, an API, and other servers. Time stands still until a test moves it.

import { mock } from "node:test";

import { BrokerCredential, brokerFetch } from "edge-token-broker/client";

export const ENDPOINT = "https://broker.example";
export const API = "https://api.example/things";
export const KEY = "etb_the-secret-of-the-client";
export const SCOPE = "https://api.example/.default";
/** When a test begins. */
export const START = Date.UTC(2026, 10, 27);

/** @typedef {{ url: URL, method: string, headers: Headers, body: string, redirect: string, signal: AbortSignal,
 *   integrity: string, cache: string, keepalive: boolean }} Received */

/** @typedef {(received: Received) => Response | Promise<Response>} Server */

/**
 * A `fetch`. Servers are asked by their host; a list of answers is given in turn, and the last one for ever.
 * @param {Record<string, Server | Response[]>} servers
 */
export function network(servers) {
  /** @type {Received[]} */
  const received = [];
  /** @type {typeof globalThis.fetch} */
  const fetch = async (input, init) => {
    const request = new Request(input, init);
    const { method, headers, redirect, signal, integrity, cache, keepalive } = request;
    const url = new URL(request.url);
    signal.throwIfAborted();
    const settings = { integrity, cache, keepalive };
    const one = { url, method, headers, redirect, signal, ...settings, body: await request.text() };
    received.push(one);
    const server = servers[url.hostname];
    if (!server) throw new TypeError("fetch failed", { cause: Object.assign(new Error("no"), { code: "ENOTFOUND" }) });
    if (typeof server === "function") return server(one);
    const [answer] = server.length > 1 ? server.splice(0, 1) : server;
    if (!answer) throw new Error("no answer is left");
    return answer.clone();
  };
  return { fetch, received, to: (/** @type {string} */ host) => received.filter(({ url }) => url.hostname === host) };
}

/**
 * @param {string} token
 * @param {object} more
 */
export const granted = (token, more = {}) =>
  Response.json({ token_type: "Bearer", expires_in: 3600, access_token: token, ...more });

/**
 * @param {number} status
 * @param {string} error
 * @param {{ description?: string, headers?: Record<string, string>, more?: object }} own
 */
export const refused = (status, error, { description = "what it is; what to do", headers = {}, more = {} } = {}) =>
  Response.json({ error, error_description: description, ...more }, { status, headers });

/** A broker whose token is another one after each report. */
export function rotatingBroker() {
  let reports = 0;
  /** @type {Server} */
  return ({ url }) => {
    if (url.pathname !== "/revoke") return granted(`token-${reports}`);
    reports += 1;
    return Response.json({});
  };
}

/**
 * An answer that never comes.
 * @type {Server}
 */
export const silent = ({ signal }) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

/**
 * @param {typeof globalThis.fetch} fetch
 * @param {object} more
 */
export const credentialAt = (fetch, more = {}) =>
  new BrokerCredential({ endpoint: ENDPOINT, key: KEY, fetch, ...more });

/**
 * @param {typeof globalThis.fetch} fetch
 * @param {object} more
 */
export const brokerFetchAt = (fetch, more = {}) =>
  brokerFetch({ endpoint: ENDPOINT, key: KEY, scope: SCOPE, fetch, ...more });

/** Stops the clock and the timers. */
export const stopTime = () => mock.timers.enable({ apis: ["setTimeout", "Date"], now: START });
export const startTime = () => mock.timers.reset();

/** Lets everything happen that needs no time. */
export async function settle() {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** @param {number} seconds */
export async function pass(seconds) {
  await settle();
  mock.timers.tick(seconds * 1000);
  await settle();
}

/**
 * What a promise has come to, without waiting for it.
 * @param {Promise<unknown>} promise
 */
export async function stateOf(promise) {
  /** @type {{ value?: unknown, error?: any } | "pending"} */
  let state = "pending";
  promise.then(
    (value) => (state = { value }),
    (error) => (state = { error }),
  );
  await settle();
  return state;
}

/**
 * Makes this runtime look like Workers until the test ends.
 * @param {import("node:test").TestContext} t
 */
export function inWorkers(t) {
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  t.after(() => {
    if (before) Object.defineProperty(globalThis, "navigator", before);
    else Reflect.deleteProperty(globalThis, "navigator");
  });
  Object.defineProperty(globalThis, "navigator", { configurable: true, value: { userAgent: "Cloudflare-Workers" } });
}
