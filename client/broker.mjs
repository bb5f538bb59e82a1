// Requests to the broker: `GET /token` and `POST /revoke`.

import { clean, goodBody, tokenOf } from "./answer.mjs";
import { Deadline, now, pause } from "./clock.mjs";
import { baseOf } from "./endpoint.mjs";
import { BrokerError, passes } from "./error.mjs";
import { keyOf } from "./key.mjs";
import { TIMEOUT_MS } from "./limits.mjs";
import { Patience, checkedNumber, retriesOf } from "./retry.mjs";
import { throwIfAborted, unlessAborted } from "./signals.mjs";

/** @import { Answer } from "./answer.mjs" */
/** @import { AbortSignalLike, BrokerOptions, RetryOptions } from "./index.d.ts" */

/** @typedef {{ scope?: string | undefined, credential?: string | undefined, claims?: string | undefined }} Asked */

/**
 * @typedef {object} Manner How a request is made.
 * @property {AbortSignalLike | undefined} [signal]
 * @property {number | undefined} [timeoutMs]
 * @property {number | undefined} [maxRetries]
 */

/**
 * @template T
 * @typedef {object} Exchange
 * @property {string} route
 * @property {Record<string, string | undefined>} parameters
 * @property {"GET" | "POST"} method
 * @property {string[]} secrets That are no part of an error, beside the key.
 * @property {(response: Response, secrets: string[], sentAt: number) => Promise<T>} read
 */

export class Broker {
  #base;
  #key;
  #fetch;
  #clientId;
  #minTtl;
  #timeoutMs;
  #retries;

  /** @param {BrokerOptions} options */
  constructor(options) {
    const { endpoint, key, fetch, clientId, minTtl, timeoutMs = TIMEOUT_MS } = options;
    this.#base = baseOf(endpoint);
    this.#key = keyOf(key);
    this.#fetch = fetch;
    this.#clientId = clientId;
    this.#minTtl = minTtl === undefined ? undefined : `${Math.ceil(checkedNumber(minTtl, "minTtl"))}`;
    this.#timeoutMs = checkedNumber(timeoutMs, "timeoutMs");
    this.#retries = retriesOf(options);
  }

  /**
   * A token, and when it was asked for.
   * @param {Asked} asked
   * @param {Manner} manner
   * @returns {Promise<Answer & { askedAt: number }>}
   */
  token({ scope, credential, claims }, manner) {
    const parameters = { scope, credential, claims, min_ttl: this.#minTtl };
    /** @type {Exchange<Answer & { askedAt: number }>["read"]} */
    const read = async (response, secrets, askedAt) => ({ ...(await tokenOf(response, secrets)), askedAt });
    return this.#exchange({ route: "token", method: "GET", parameters, secrets: [], read }, manner);
  }

  /**
   * Hands back a token that an API has rejected.
   * @param {Asked & { token: string }} reported
   * @param {Manner} manner
   */
  revoke({ token, ...parameters }, manner) {
    const revocation = { route: "revoke", parameters: { token, ...parameters }, secrets: [token], read: goodBody };
    return this.#exchange({ ...revocation, method: "POST" }, manner);
  }

  /**
   * Sends a request, and again when the broker says so.
   * @template T
   * @param {Exchange<T>} exchange
   * @param {Manner} manner
   */
  async #exchange(exchange, manner) {
    const { maxRetries = this.#retries.maxRetries, signal } = manner;
    const patience = new Patience({ ...this.#retries, maxRetries });
    for (;;) {
      try {
        return await this.#once(exchange, manner);
      } catch (error) {
        const ms = passes(error) ? patience.next(error.retryAfter) : undefined;
        if (ms === undefined) throw error;
        await pause(ms, signal);
      }
    }
  }

  /**
   * @template T
   * @param {Exchange<T>} exchange
   * @param {Manner} manner
   */
  async #once(exchange, { signal, timeoutMs = this.#timeoutMs }) {
    const deadline = new Deadline(timeoutMs, signal);
    let late = "the function key did not return a key";
    try {
      throwIfAborted(deadline.signal);
      const key = await unlessAborted(this.#key(), deadline.signal);
      late = "the broker did not answer";
      return await this.#send(exchange, key, deadline.signal);
    } catch (error) {
      if (deadline.isOver && !(error instanceof BrokerError)) throw timedOut(late, timeoutMs);
      throw error;
    } finally {
      deadline.end();
    }
  }

  /**
   * @template T
   * @param {Exchange<T>} exchange
   * @param {string} key
   * @param {AbortSignal} signal
   */
  async #send({ route, method, parameters, secrets, read }, key, signal) {
    const form = new URLSearchParams(defined({ ...parameters, client_id: this.#clientId }));
    const url = new URL(route, this.#base);
    if (method === "GET") url.search = `${form}`;
    const askedAt = now();
    const send = this.#fetch ?? globalThis.fetch;
    try {
      const response = await send(url.href, {
        method,
        // The broker gives such a client no token that it would have to renew at once.
        headers: { Authorization: `Bearer ${key}`, "x-client-SKU": "edge-token-broker" },
        // The key stays at the endpoint.
        redirect: "manual",
        signal,
        ...(method === "POST" && { body: form }),
      });
      return await read(response, [key, ...secrets], askedAt);
    } catch (error) {
      if (error instanceof BrokerError) throw error;
      throwIfAborted(signal);
      throw unreachable(error, [key, ...secrets]);
    }
  }
}

/** @param {Record<string, string | undefined>} parameters */
const defined = (parameters) =>
  /** @type {[string, string][]} */ (
    Object.entries(parameters).filter(([, value]) => value !== undefined && value !== "")
  );

/**
 * @param {string} what
 * @param {number} ms
 */
const timedOut = (what, ms) =>
  new BrokerError({
    name: "broker_timeout",
    message: `${what} within ${ms / 1000} s. Retry later, or check the option endpoint`,
  });

/**
 * The runtime's own words can have the headers of the request in them, so they are no `cause`.
 * @param {any} error
 * @param {string[]} secrets
 */
function unreachable(error, secrets) {
  const code = [error?.cause?.code, error?.code].find(
    (code) => typeof code === "string" && /^[A-Z0-9_]{3,64}$/.test(code),
  );
  const words = code ?? clean(String(error?.message ?? "no reason is known"), secrets);
  return new BrokerError({
    name: "broker_unreachable",
    message: `the broker cannot be reached: ${words}. Check the option endpoint, and the network`,
  });
}
