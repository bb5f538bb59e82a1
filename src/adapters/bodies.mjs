// The bodies of proxied requests and of their answers.

import { REPEATED_BODY_MAX } from "./limits.mjs";

/**
 * The body of a request on its way to an API.
 *
 * @typedef {object} OutgoingBody
 * @property {ReadableStream | null} stream
 * @property {() => boolean} isRepeatable
 * @property {boolean} isOfGet
 * @property {() => ReadableStream | null} again The body for a second request, if it is repeatable.
 * @property {() => number | undefined} bytes Its length, as far as it is known.
 */

/**
 * The body of `request`. One of up to 64 KiB can be sent twice. A longer one whose length is declared stays in the runtime, and
 * nobody here reads it.
 *
 * @param {Request} request
 * @returns {OutgoingBody}
 */
export function outgoingBody(request) {
  const { body, method } = request;
  const declared = lengthOf(request.headers);
  if (body === null || declared === 0)
    return { stream: null, isOfGet: false, isRepeatable: () => true, again: () => null, bytes: () => 0 };
  const isOfGet = method === "GET" || method === "HEAD";
  if (isOfGet || (declared ?? 0) > REPEATED_BODY_MAX)
    return { stream: body, isOfGet, isRepeatable: () => false, again: () => null, bytes: () => declared };
  if (declared === undefined) return new KeptBody(body);
  // Both branches have the length.
  const [stream, second] = body.tee();
  return { stream, isOfGet, isRepeatable: () => true, again: () => second, bytes: () => declared };
}

/**
 * The length that `headers` declare.
 *
 * @param {Headers} headers
 */
export function lengthOf(headers) {
  const length = headers.get("content-length");
  return length === null ? undefined : Number(length);
}

/**
 * The body of an answer, which is counted as it passes. `ended` is called once, with the length, and whether it has passed as
 * a whole.
 *
 * @param {ReadableStream<Uint8Array>} body
 * @param {(bytes: number, isWhole: boolean) => void} ended
 */
export function countedBody(body, ended) {
  let bytes = 0;
  return body.pipeThrough(
    new TransformStream({
      transform(/** @type {Uint8Array} */ chunk, controller) {
        bytes += chunk.byteLength;
        controller.enqueue(chunk);
      },
      flush: () => ended(bytes, true),
      cancel: () => ended(bytes, false),
    }),
  );
}

/** A body of unknown length. What was read of it is kept, so that it can be sent again, until that is too much. */
class KeptBody {
  isOfGet = false;
  #reader;
  /** @type {Uint8Array[]} */
  #kept = [];
  #count = 0;
  /** @type {Promise<Uint8Array | undefined>} */
  #reading = Promise.resolve(undefined);

  /** @param {ReadableStream<Uint8Array>} body */
  constructor(body) {
    this.#reader = body.getReader();
    this.stream = this.again();
  }

  isRepeatable() {
    return this.#count <= REPEATED_BODY_MAX;
  }

  /** @returns {ReadableStream<Uint8Array>} */
  again() {
    let at = 0;
    return new ReadableStream({
      pull: async (controller) => {
        const chunk = await this.#chunk(at++);
        if (chunk === undefined) controller.close();
        else controller.enqueue(chunk);
      },
    });
  }

  bytes() {
    return this.#count;
  }

  /**
   * The chunk at this place. One read at a time: the read that an abandoned stream has begun is not lost.
   *
   * @param {number} at
   */
  #chunk(at) {
    this.#reading = this.#reading.then(() => this.#kept[at] ?? this.#read());
    return this.#reading;
  }

  async #read() {
    const { done, value } = await this.#reader.read();
    if (done) return undefined;
    this.#count += value.byteLength;
    if (this.isRepeatable()) this.#kept.push(value);
    else this.#kept = [];
    return value;
  }
}
