// Sends a request on to an API, and passes the answer on. What decides is in the wasm.
//
// Each call here has its price, a hundredth of the whole for some of them: `docs/performance.md`.

/** @import { Onward } from "edge-token-broker" */
/** @import { OutgoingBody } from "./bodies.mjs" */

import { countedBody, declaredBody, lengthOf, outgoingBody } from "./bodies.mjs";
import { REPEATED_BODY_MAX, SENDING_MAX_MS, SLOW_MS } from "./limits.mjs";
import { MEMORY_LOST, awaitUnlessLost, currentMemory, enter, isCurrent } from "./recovery.mjs";
import { headerNames } from "./request.mjs";

const UNAUTHORIZED = 401;
const TIMED_OUT = "timed_out";
const NOT_A_URL = "not_a_url";

/** The fields of an answer that are passed on if a panic has lost what else to do with it. */
const PLAIN = ["content-type", "content-encoding", "content-length", "location", "retry-after"];

/**
 * What the core has decided about a request. `worker.mjs` has it sent.
 *
 * @param {Request} request
 * @param {Onward} onward
 * @param {string} url
 * @param {string} withheld The names of fields that are not sent on, one a line.
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
 * @property {string} withheld
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
  /** @type {OutgoingBody | undefined} */
  #body;
  /** @type {AbortController | undefined} */
  #controller;
  /** Whether the core has been told the last thing. */
  #isOver = false;
  #isAnswered = false;

  /**
   * @param {Request} request
   * @param {Onward} onward
   * @param {Plan} plan
   */
  constructor(request, onward, plan) {
    this.#request = request;
    this.#onward = onward;
    this.#plan = plan;
  }

  /**
   * Sends it, and once more with another token if the API has rejected the first one.
   *
   * @param {() => Response} lost
   * @returns {Promise<Response>}
   */
  async answer(lost) {
    try {
      const { url, withheld, field, value, hasWorkBehind } = this.#plan;
      // The platform's parser has the last word about where the request goes.
      if (URL.parse(url)?.href !== url) throw NOT_A_URL;
      const made = outgoingBody(this.#request);
      const body = made instanceof Promise ? await made : made;
      this.#body = body;
      const headers = new Headers(this.#request.headers);
      for (const name of withheld.split("\n")) if (name !== "") headers.delete(name);
      headers.set(field, value);
      // Work behind the response would keep the onward request alive, when its caller has gone.
      if (hasWorkBehind) {
        this.#controller = new AbortController();
        this.#watch(() => this.#abandoned());
      }
      const answer = await this.#send(body.first, headers, body.sent);
      return answer.status === UNAUTHORIZED ? await this.#rejected(answer, headers, body) : this.#passedOn(answer);
    } catch (reason) {
      if (this.#request.signal.aborted) this.#abandoned();
      this.#controller?.abort();
      return this.#last((onward) => onward.failed(String(reason))) ?? lost();
    }
  }

  /**
   * The API has rejected the token.
   *
   * @param {Response} answer
   * @param {Headers} headers
   * @param {OutgoingBody} body
   */
  async #rejected(answer, headers, body) {
    this.#watch(() => this.#abandoned());
    const again = await body.again();
    const challenge = answer.headers.get("www-authenticate") ?? undefined;
    const replaced = this.#told((onward) => onward.rejected(challenge, again !== undefined));
    const value = replaced && (await awaitUnlessLost(replaced));
    if (again === undefined || value === undefined || value === MEMORY_LOST || this.#request.signal.aborted)
      return this.#passedOn(answer);
    // The connection of the first answer is free again. It may have broken meanwhile.
    answer.body?.cancel().catch(() => {});
    headers.set(this.#plan.field, value);
    return this.#passedOn(await this.#send(again, headers, undefined));
  }

  /**
   * No timer is cleared, because that costs more than all of this: they end with the request.
   *
   * @param {BodyInit | Request | null} body
   * @param {Headers} headers
   * @param {Promise<unknown> | undefined} sent
   * @returns {Promise<Response>}
   */
  #send(body, headers, sent) {
    return new Promise((resolve, reject) => {
      this.#fetch(body, headers).then(resolve, reject);
      const limit = () => void setTimeout(() => this.#isAnswered || this.#slow(reject), SLOW_MS);
      if (sent === undefined) return limit();
      sent.then(limit, limit);
      setTimeout(limit, SENDING_MAX_MS);
    });
  }

  /** @param {(reason: string) => void} reject */
  #slow(reject) {
    setTimeout(reject, this.#plan.timeoutMs - SLOW_MS, TIMED_OUT);
    this.#watch(() => this.#abandoned());
  }

  /**
   * Calls `gone` if the caller goes away. Without it, the platform ends everything, and nothing is noted. It costs a twentieth
   * of a request, so it is there for slow ones.
   *
   * @param {() => void} gone
   */
  #watch(gone) {
    const { signal } = this.#request;
    if (signal.aborted) gone();
    else signal.addEventListener("abort", gone);
  }

  /**
   * No redirect is followed, nothing is cached, and no answer is decompressed.
   *
   * @param {BodyInit | Request | null} body
   * @param {Headers} headers
   */
  #fetch(body, headers) {
    const { url } = this.#plan;
    /** @type {RequestInit} */
    const init = { headers, redirect: "manual", cache: "no-store", encodeResponseBody: "manual" };
    if (this.#controller) init.signal = this.#controller.signal;
    // `fetch` takes no body for a GET, but a `Request` that has one is passed on.
    if (body instanceof Request) return fetch(new Request(url, body), init);
    init.method = this.#request.method;
    if (body !== null) init.body = body;
    return fetch(url, init);
  }

  /** @param {Response} answer */
  #passedOn(answer) {
    this.#isAnswered = true;
    const { status, statusText, headers, webSocket, body } = answer;
    const names = headerNames(answer);
    const length = body === null ? 0 : lengthOf(headers);
    const passing = body && this.#watched(body, length);
    // It throws if the API has answered with a status that is none.
    const passed = names.includes("content-encoding\n")
      ? new Response(passing, { status, statusText, headers, webSocket, encodeBody: "manual" })
      : new Response(passing, answer);
    this.#change(passed.headers, names, status, length);
    return passed;
  }

  /**
   * The body of an answer. A short one of a declared length is taken for passed as soon as it begins.
   *
   * @param {ReadableStream<Uint8Array>} body
   * @param {number | undefined} length
   */
  #watched(body, length) {
    if (length === undefined) {
      let bytes = 0;
      const seen = (/** @type {Uint8Array} */ chunk) => void (bytes += chunk.byteLength);
      return countedBody(body, seen, (isWhole) => this.#ended(bytes, !isWhole));
    }
    if (length <= REPEATED_BODY_MAX) return body;
    const { stream, passed } = declaredBody(body, length);
    const cutOff = () => this.#ended(undefined, true);
    passed.then(() => this.#ended(length, false), cutOff);
    this.#watch(cutOff);
    return stream;
  }

  /**
   * @param {Headers} headers
   * @param {string} names
   * @param {number} status
   * @param {number | undefined} length
   */
  #change(headers, names, status, length) {
    const connection = names.includes("connection\n") ? (headers.get("connection") ?? undefined) : undefined;
    const changes =
      length !== undefined && length <= REPEATED_BODY_MAX
        ? this.#last((onward) => onward.passed(status, names, connection, this.#body?.bytes(), length))
        : this.#told((onward) => onward.answered(status, names, connection));
    if (changes === undefined) return keepPlain(headers);
    for (const line of changes.split("\n")) {
      const tab = line.indexOf("\t");
      if (tab > 0) headers.append(line.slice(0, tab), line.slice(tab + 1));
      else if (line !== "") headers.delete(line);
    }
  }

  /**
   * @param {number | undefined} bytes
   * @param {boolean} isCutOff
   */
  #ended(bytes, isCutOff) {
    this.#last((onward) => onward.ended(this.#body?.bytes(), bytes, isCutOff));
  }

  /** The caller has gone away before the answer. */
  #abandoned() {
    if (this.#isAnswered) return;
    this.#controller?.abort();
    this.#last((onward) => onward.abandoned(this.#body?.bytes()));
  }

  /**
   * Tells the core the last thing: it then forgets the request, and `Onward` is gone.
   *
   * @template T
   * @param {(onward: Onward) => T} call
   */
  #last(call) {
    const told = this.#told(call);
    this.#isOver = true;
    return told;
  }

  /**
   * Tells the core, unless it has forgotten the request, or a panic has lost what it knew.
   *
   * @template T
   * @param {(onward: Onward) => T} call
   */
  #told(call) {
    if (this.#isOver || !isCurrent(this.#memory)) return undefined;
    try {
      return enter(() => call(this.#onward));
    } catch {
      return undefined;
    }
  }
}

/** @param {Headers} headers */
function keepPlain(headers) {
  for (const name of [...headers.keys()]) if (!PLAIN.includes(name)) headers.delete(name);
}
