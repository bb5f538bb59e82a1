// Sends a request on to an API, and passes the answer on. The bodies stay in the runtime: they are streams that nobody here
// reads, but for those whose length nobody has declared, which are counted.

/** @import { Onward } from "edge-token-broker" */

import { countedBody, lengthOf, outgoingBody } from "./bodies.mjs";
import { MEMORY_LOST, awaitUnlessLost, currentMemory, enter, isCurrent } from "./recovery.mjs";

const TIMED_OUT = Symbol("timed out");

/** The fields of an answer that are passed on if a panic has lost what else to do with it. */
const PLAIN = ["content-type", "content-encoding", "content-length", "location", "retry-after"];

/**
 * What the core has decided about a request. `worker.mjs` has it sent.
 *
 * @param {Request} request
 * @param {ExecutionContext} context
 * @param {Onward} onward
 * @param {string} url
 * @param {string} withheld
 * @param {string} field
 * @param {string} value
 * @param {number} timeoutMs
 */
export function sendOn(request, context, onward, url, withheld, field, value, timeoutMs) {
  return new OnwardRequest(request, context, onward, { url, withheld, field, value, timeoutMs });
}

/** @typedef {{ url: string, withheld: string, field: string, value: string, timeoutMs: number }} Plan */

/** A request for an API. */
export class OnwardRequest {
  #memory = currentMemory();
  #request;
  #context;
  #onward;
  #plan;
  #body;
  #headers;

  /**
   * @param {Request} request
   * @param {ExecutionContext} context
   * @param {Onward} onward
   * @param {Plan} plan
   */
  constructor(request, context, onward, plan) {
    this.#request = request;
    this.#context = context;
    this.#onward = onward;
    this.#plan = plan;
    this.#body = outgoingBody(request);
    this.#headers = new Headers(request.headers);
    for (const name of plan.withheld.split("\n")) if (name !== "") this.#headers.delete(name);
    this.#headers.set(plan.field, plan.value);
  }

  /** Sends it, and once more with another token if the API has rejected the first one. */
  async answer() {
    try {
      const answer = await this.#send(this.#body.stream);
      if (answer.status !== 401) return this.#passedOn(answer);
      const value = await this.#replaced(answer.headers.get("www-authenticate") ?? undefined);
      if (value === undefined) return this.#passedOn(answer);
      await answer.body?.cancel();
      this.#headers.set(this.#plan.field, value);
      return this.#passedOn(await this.#send(this.#body.again()));
    } catch (reason) {
      return this.#failed(reason);
    }
  }

  /** @param {ReadableStream | null} body */
  async #send(body) {
    const { url, timeoutMs } = this.#plan;
    // The platform's parser has the last word about where the request goes.
    if (new URL(url).href !== url) throw new Error("The URL is not in its normal form.");
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(TIMED_OUT), timeoutMs);
    try {
      return await fetch(this.#carrier(url, body), {
        headers: this.#headers,
        redirect: "manual",
        cache: "no-store",
        encodeResponseBody: "manual",
        signal: controller.signal,
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * `Request` takes no body for a GET, but one of a caller is passed on.
   *
   * @param {string} url
   * @param {ReadableStream | null} body
   */
  #carrier(url, body) {
    const { method } = this.#request;
    return body === this.#request.body ? new Request(url, this.#request) : new Request(url, { method, body });
  }

  /** @param {string | undefined} challenge */
  async #replaced(challenge) {
    const promise = this.#told((onward) => onward.rejected(challenge, this.#body.isRepeatable()));
    const value = promise && (await awaitUnlessLost(promise));
    return value === MEMORY_LOST ? undefined : value;
  }

  /** @param {Response} answer */
  #passedOn(answer) {
    const { status, statusText, webSocket } = answer;
    const headers = this.#headersOf(answer);
    const init = { status, statusText, headers, webSocket, encodeBody: /** @type {const} */ ("manual") };
    const declared = this.#request.method === "HEAD" || answer.body === null ? 0 : lengthOf(answer.headers);
    if (declared !== undefined) {
      this.#ended(declared, false);
      return new Response(answer.body, init);
    }
    const { stream, ended, bytes } = countedBody(/** @type {ReadableStream<Uint8Array>} */ (answer.body));
    this.#context.waitUntil(ended.then((isWhole) => this.#ended(bytes(), !isWhole)));
    return new Response(stream, init);
  }

  /** @param {Response} answer */
  #headersOf(answer) {
    const names = [...answer.headers.keys()].join("\n");
    const connection = answer.headers.get("connection") ?? undefined;
    const plan = this.#told((onward) => onward.answered(answer.status, names, connection));
    if (plan === undefined) return plain(answer.headers);
    const headers = new Headers(answer.headers);
    const [withheld = "", more = ""] = plan.split("\n\n");
    for (const name of withheld.split("\n")) if (name !== "") headers.delete(name);
    const parts = more === "" ? [] : more.split("\n");
    for (let n = 0; n < parts.length; n += 2) headers.append(String(parts[n]), String(parts[n + 1]));
    return headers;
  }

  /**
   * @param {number} bytes
   * @param {boolean} isCutOff
   */
  #ended(bytes, isCutOff) {
    this.#told((onward) => onward.ended(this.#body.bytes(), bytes, isCutOff));
  }

  /** @param {unknown} reason */
  #failed(reason) {
    const answer = this.#told((onward) => onward.failed(reason === TIMED_OUT));
    return answer ?? new Response(null, { status: 502 });
  }

  /**
   * Tells the core, unless a panic has lost what it knew.
   *
   * @template T
   * @param {(onward: Onward) => T} call
   */
  #told(call) {
    if (!isCurrent(this.#memory)) return undefined;
    try {
      return enter(() => call(this.#onward));
    } catch {
      return undefined;
    }
  }
}

/** @param {Headers} headers */
function plain(headers) {
  const passed = new Headers();
  for (const name of PLAIN) {
    const value = headers.get(name);
    if (value !== null) passed.set(name, value);
  }
  return passed;
}
