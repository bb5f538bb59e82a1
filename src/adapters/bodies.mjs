// The bodies of proxied requests and of their answers.

import { REPEATED_BODY_MAX } from "./limits.mjs";

/**
 * The body of a request on its way to an API.
 *
 * @typedef {object} OutgoingBody
 * @property {ReadableStream | null} stream
 * @property {boolean} isOfGet
 * @property {() => boolean} hold Whether it can be sent again. If so, `stream` reads no further, so that this stays true.
 * @property {() => void} release It is not sent again: `stream` goes on.
 * @property {() => ReadableStream | null} again The body for a second request, after `hold`.
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
    return { stream: null, isOfGet: false, hold: () => true, release, again: () => null, bytes: () => 0 };
  const isOfGet = method === "GET" || method === "HEAD";
  if (isOfGet || (declared ?? 0) > REPEATED_BODY_MAX)
    return { stream: body, isOfGet, hold: () => false, release, again: () => null, bytes: () => declared };
  if (declared === undefined) return new KeptBody(body);
  // Both branches have the length.
  const [stream, second] = body.tee();
  return { stream, isOfGet, hold: () => true, release, again: () => second, bytes: () => declared };
}

const release = () => {};

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
  /** What has been read, or is being read. @type {Promise<Uint8Array | undefined>[]} */
  #reads = [];
  #count = 0;
  #held = Promise.resolve();
  release = () => {};

  /** @param {ReadableStream<Uint8Array>} body */
  constructor(body) {
    this.#reader = body.getReader();
    this.stream = this.#from((at) => this.#held.then(() => this.#read(at)));
  }

  hold() {
    if (this.#count > REPEATED_BODY_MAX) return false;
    this.#held = new Promise((resolve) => (this.release = resolve));
    return true;
  }

  again() {
    return this.#from((at) => this.#read(at));
  }

  bytes() {
    return this.#count;
  }

  /**
   * A stream of the chunks from the first one on.
   *
   * @param {(at: number) => Promise<Uint8Array | undefined>} chunkAt
   * @returns {ReadableStream<Uint8Array>}
   */
  #from(chunkAt) {
    let at = 0;
    return new ReadableStream({
      async pull(controller) {
        const chunk = await chunkAt(at++);
        if (chunk === undefined) controller.close();
        else controller.enqueue(chunk);
      },
    });
  }

  /**
   * The chunk at this place. The streams have passed all that is kept when there is too much of it.
   *
   * @param {number} at
   */
  #read(at) {
    const known = this.#reads[at];
    if (known !== undefined) return known;
    const read = this.#reader.read().then(({ value }) => {
      this.#count += value?.byteLength ?? 0;
      return value;
    });
    if (this.#count > REPEATED_BODY_MAX) this.#reads = [];
    else this.#reads[at] = read;
    return read;
  }
}
