// The bodies of proxied requests and of their answers.

import { LONG_READ_BYTES, REPEATED_BODY_MAX, REPEATED_READS_MAX, SHORT_READ_BYTES } from "./limits.mjs";

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
 * a whole. A `TransformStream` costs half as much again for a short body, and twice as much for a long one.
 *
 * @param {ReadableStream<Uint8Array>} body
 * @param {(bytes: number, isWhole: boolean) => void} ended
 * @returns {ReadableStream<Uint8Array>}
 */
export function countedBody(body, ended) {
  const reader = body.getReader({ mode: "byob" });
  let size = SHORT_READ_BYTES;
  let bytes = 0;
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read(new Uint8Array(size));
          if (done) {
            controller.close();
            return ended(bytes, true);
          }
          bytes += value.byteLength;
          if (value.byteLength === size) size = LONG_READ_BYTES;
          controller.enqueue(value);
        } catch (error) {
          controller.error(error);
          ended(bytes, false);
        }
      },
      cancel(reason) {
        ended(bytes, false);
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/** A body of unknown length. What was read of it is kept, so that it can be sent again, until that is too much. */
class KeptBody {
  isOfGet = false;
  #reader;
  /** What has been read, or is being read. @type {Promise<Uint8Array | undefined>[]} */
  #reads = [];
  #isTooMuch = false;
  #count = 0;
  #held = Promise.resolve();
  release = () => {};

  /** @param {ReadableStream<Uint8Array>} body */
  constructor(body) {
    this.#reader = body.getReader({ mode: "byob" });
    this.stream = this.#from((at) => this.#held.then(() => this.#read(at)));
  }

  hold() {
    if (this.#isTooMuch || this.#count > REPEATED_BODY_MAX) return false;
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
    this.#isTooMuch ||= this.#count > REPEATED_BODY_MAX || this.#reads.length >= REPEATED_READS_MAX;
    if (this.#isTooMuch) this.#reads = [];
    const read = this.#next(this.#isTooMuch ? LONG_READ_BYTES : SHORT_READ_BYTES);
    if (!this.#isTooMuch) this.#reads[at] = read;
    return read;
  }

  /** @param {number} size */
  async #next(size) {
    const { done, value } = await this.#reader.read(new Uint8Array(size));
    if (done) return undefined;
    this.#count += value.byteLength;
    return value;
  }
}
