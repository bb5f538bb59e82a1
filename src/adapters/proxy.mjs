// Sends a request on to an API, and passes the answer on. What decides is in the wasm; the bodies stay in the runtime.
//
// Each call here has its price, a hundredth of the whole for some of them: `docs/performance.md`.

/** @import { Onward } from "edge-token-broker" */

import { countedBody, lengthOf, outgoingBody } from "./bodies.mjs";
import { awaitUnlessLost, currentMemory, enter, isCurrent } from "./recovery.mjs";
import { headerNames } from "./request.mjs";

const UNAUTHORIZED = 401;
const TIMED_OUT = Symbol("timed out");

/** The fields of an answer that are passed on if a panic has lost what else to do with it. */
const PLAIN = ["content-type", "content-encoding", "content-length", "location", "retry-after"];

/**
 * What the core has decided about a request. `worker.mjs` has it sent.
 *
 * @param {Request} request
 * @param {Onward} onward
 * @param {string} url
 * @param {string} withheld
 * @param {string} field
 * @param {string} value
 * @param {number} timeoutMs
 * @param {boolean} hasWorkBehind
 */
export function sendOn(request, onward, url, withheld, field, value, timeoutMs, hasWorkBehind) {
  return new OnwardRequest(request, onward, { url, withheld, field, value, timeoutMs, hasWorkBehind });
}

/**
 * @typedef {object} Plan
 * @property {string} url
 * @property {string} withheld The names of fields that are not sent on, one a line.
 * @property {string} field
 * @property {string} value
 * @property {number} timeoutMs
 * @property {boolean} hasWorkBehind
 */

/** A request for an API. */
export class OnwardRequest {
  #memory = currentMemory();
  #request;
  #onward;
  #plan;
  #body;
  #headers;
  /** The work behind the response would keep the onward request alive, after its caller has gone. */
  #controller;
  #isOver = false;

  /**
   * @param {Request} request
   * @param {Onward} onward
   * @param {Plan} plan
   */
  constructor(request, onward, plan) {
    this.#request = request;
    this.#onward = onward;
    this.#plan = plan;
    this.#body = outgoingBody(request);
    this.#headers = new Headers(request.headers);
    for (const name of plan.withheld.split("\n")) if (name !== "") this.#headers.delete(name);
    this.#headers.set(plan.field, plan.value);
    this.#controller = plan.hasWorkBehind ? new AbortController() : undefined;
  }

  /**
   * Sends it, and once more with another token if the API has rejected the first one.
   *
   * @param {() => Response} lost
   * @returns {Promise<Response>}
   */
  async answer(lost) {
    this.#request.signal.addEventListener("abort", () => this.#abandoned());
    try {
      const answer = await this.#send(this.#body.stream);
      if (answer.status !== UNAUTHORIZED) return this.#passedOn(answer);
      const value = await this.#replaced(answer.headers.get("www-authenticate") ?? undefined);
      if (value === undefined) return this.#passedOn(answer);
      await answer.body?.cancel();
      this.#headers.set(this.#plan.field, value);
      return this.#passedOn(await this.#send(this.#body.again()));
    } catch (reason) {
      return this.#last((onward) => onward.failed(reason === TIMED_OUT)) ?? lost();
    }
  }

  /**
   * The timer is not cleared, because that costs more than all of this: it ends with the request.
   *
   * @param {ReadableStream | null} body
   * @returns {Promise<Response>}
   */
  #send(body) {
    const { url, timeoutMs } = this.#plan;
    return new Promise((resolve, reject) => {
      // The platform's parser has the last word about where the request goes.
      if (new URL(url).href !== url) throw new Error("the URL is not in its normal form");
      setTimeout(reject, timeoutMs, TIMED_OUT);
      this.#fetch(url, body).then(resolve, reject);
    });
  }

  /**
   * @param {string} url
   * @param {ReadableStream | null} body
   */
  #fetch(url, body) {
    const { method } = this.#request;
    const signal = this.#controller?.signal;
    const init = { headers: this.#headers, signal, ...PASS_THROUGH };
    // `fetch` takes no body for a GET; a `Request` that has one is passed on.
    return this.#body.isOfGet ? fetch(new Request(url, this.#request), init) : fetch(url, { method, body, ...init });
  }

  /** @param {string | undefined} challenge */
  async #replaced(challenge) {
    const promise = this.#told((onward) => onward.rejected(challenge, this.#body.hold()));
    const value = promise && (await awaitUnlessLost(promise));
    if (typeof value === "string") return value;
    this.#body.release();
    return undefined;
  }

  /** @param {Response} answer */
  #passedOn(answer) {
    const { status, statusText, webSocket, body } = answer;
    /** @type {ResponseInit} */
    const init = { status, statusText, headers: this.#headersOf(answer), webSocket, encodeBody: "manual" };
    const length = body === null ? 0 : lengthOf(answer.headers);
    if (body === null || length !== undefined) {
      // It throws for a status that no answer can have. So the end comes behind it.
      const response = new Response(body, init);
      this.#ended(length, false);
      return response;
    }
    return new Response(
      countedBody(body, (bytes, isWhole) => this.#ended(bytes, !isWhole)),
      init,
    );
  }

  /** @param {Response} answer */
  #headersOf({ status, headers: all }) {
    const connection = all.get("connection") ?? undefined;
    const plan = this.#told((onward) => onward.answered(status, headerNames({ headers: all }), connection));
    if (plan === undefined) return plain(all);
    const headers = new Headers(all);
    for (const line of plan.split("\n")) {
      const [name, value] = line.split("\t");
      if (name && value === undefined) headers.delete(name);
      else if (name && value) headers.append(name, value);
    }
    return headers;
  }

  /**
   * @param {number | undefined} bytes
   * @param {boolean} isCutOff
   */
  #ended(bytes, isCutOff) {
    this.#last((onward) => onward.ended(this.#body.bytes(), bytes, isCutOff));
  }

  /** The caller has gone away. */
  #abandoned() {
    this.#controller?.abort();
    this.#last((onward) => onward.abandoned());
  }

  /**
   * Tells the core the last thing: it then forgets the request.
   *
   * @template T
   * @param {(onward: Onward) => T} call
   */
  #last(call) {
    if (this.#isOver) return undefined;
    this.#isOver = true;
    return this.#told(call);
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

/** No redirect is followed, nothing is cached, and no answer is decompressed. */
const PASS_THROUGH = /** @type {const} */ ({ redirect: "manual", cache: "no-store", encodeResponseBody: "manual" });

/**
 * Nobody knows any more whether a browser has added the proof: no page runs.
 *
 * @param {Headers} headers
 */
function plain(headers) {
  const passed = new Headers({ "Content-Security-Policy": "sandbox" });
  for (const name of PLAIN) {
    const value = headers.get(name);
    if (value !== null) passed.set(name, value);
  }
  return passed;
}
