// The bodies of proxied requests and of their answers.
//
// A body of a declared length stays in the runtime, where a kilobyte costs nothing. A short one of a request is read, so that it can
// be sent twice. One whose length nobody has declared is counted as it passes.

import {
  BODY_BUFFER_BYTES,
  SHORT_READ_BYTES,
  LONG_READ_BYTES,
  REPEATED_BODY_MAX,
  REST_OF_BODY_MAX_MS,
} from "./limits.mjs";

/**
 * The body of a request on its way to an API.
 *
 * @typedef {object} OutgoingBody
 * @property {BodyInit | Request | null} first What is sent. The request itself, if its method has no body as a rule.
 * @property {() => Promise<BodyInit | null | undefined>} again What is sent the second time. Nothing if it is too long.
 * @property {() => number | undefined} bytes Its length, as far as it is known.
 * @property {Promise<unknown> | undefined} sent When it has been sent, if that takes time.
 */

/**
 * @param {Request} request
 * @returns {OutgoingBody | Promise<OutgoingBody>}
 */
export function outgoingBody(request) {
  const { body, headers, method } = request;
  if (body === null) return NO_BODY;
  const declared = lengthOf(headers);
  if (declared === 0) return NO_BODY;
  if (method === "GET" || method === "HEAD")
    return { first: request, again: async () => undefined, bytes: () => declared, sent: undefined };
  if (declared === undefined) return new KeptBody(body);
  return declared > REPEATED_BODY_MAX ? longBody(body, declared) : shortBody(request, declared);
}

/** @type {OutgoingBody} */
const NO_BODY = { first: null, again: async () => null, bytes: () => 0, sent: undefined };

/**
 * The length that `headers` declare. Where it is none, the runtime decides what the message is.
 *
 * @param {Headers} headers
 */
export function lengthOf(headers) {
  const length = headers.get("content-length");
  return length !== null && /^\d+$/.test(length) ? Number(length) : undefined;
}

/**
 * @param {Request} request
 * @param {number} declared
 * @returns {Promise<OutgoingBody>}
 */
async function shortBody(request, declared) {
  const bytes = await request.arrayBuffer();
  // Over a service binding the declared length can be a lie.
  if (bytes.byteLength !== declared) throw new TypeError("the body has another length than it declares");
  return { first: bytes, again: async () => bytes, bytes: () => declared, sent: undefined };
}

/**
 * @param {ReadableStream<Uint8Array>} body
 * @param {number} declared
 * @returns {OutgoingBody}
 */
function longBody(body, declared) {
  const { stream, passed } = declaredBody(body, declared);
  return { first: stream, again: async () => undefined, bytes: () => declared, sent: passed };
}

/**
 * A body of a declared length, and a promise that it has passed as a whole. Nobody here reads it.
 *
 * @param {ReadableStream<Uint8Array>} body
 * @param {number} declared
 */
export function declaredBody(body, declared) {
  const { readable, writable } = new FixedLengthStream(declared);
  const passed = body.pipeTo(writable);
  // Who waits for it hears of a failure. It is none if nobody waits.
  passed.catch(() => {});
  return { stream: readable, passed };
}

/**
 * A body that is counted as it passes. `seen` gets each chunk, `ended` is called once: has it passed as a whole?
 *
 * @param {ReadableStream<Uint8Array>} body
 * @param {(chunk: Uint8Array) => void} seen
 * @param {(isWhole: boolean) => void} ended
 * @returns {ReadableStream<Uint8Array>}
 */
export function countedBody(body, seen, ended) {
  const reader = body.getReader({ mode: "byob" });
  let size = SHORT_READ_BYTES;
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read(new Uint8Array(size));
          if (done || value === undefined) {
            ended(true);
            return controller.close();
          }
          if (value.byteLength === size) size = LONG_READ_BYTES;
          seen(value);
          controller.enqueue(value);
        } catch (error) {
          ended(false);
          throw error;
        }
      },
      cancel(reason) {
        ended(false);
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/** A body of unknown length. Its beginning is kept, so that a short one can be sent again. */
class KeptBody {
  #reader;
  #count = 0;
  #kept = new Uint8Array(BODY_BUFFER_BYTES);
  #size = SHORT_READ_BYTES;
  #hasEnded = false;
  /** Whether the first request is over: what follows is for the second one. */
  #isReplaced = false;
  /** @type {Promise<Uint8Array | undefined>} One read at a time. */
  #reading = Promise.resolve(undefined);
  #end = () => {};
  /** @type {Promise<void>} */
  sent = new Promise((resolve) => {
    this.#end = resolve;
  });

  /** @param {ReadableStream<Uint8Array>} body */
  constructor(body) {
    this.#reader = body.getReader({ mode: "byob" });
    /** @type {ReadableStream<Uint8Array>} */
    this.first = new ReadableStream(
      {
        pull: async (controller) => {
          const chunk = await this.#next();
          if (this.#isReplaced) return controller.error(new TypeError("the API has answered"));
          if (chunk === undefined) controller.close();
          else controller.enqueue(chunk);
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** An API may answer before it has the whole body. The rest is then read here, if it comes soon. */
  async again() {
    this.#isReplaced = true;
    const late = new Promise((resolve) => setTimeout(resolve, REST_OF_BODY_MAX_MS));
    await Promise.race([late, this.#readRest()]);
    return this.#hasEnded && this.#isShort() ? this.#kept.subarray(0, this.#count) : undefined;
  }

  async #readRest() {
    while (!this.#hasEnded && this.#isShort()) await this.#next();
  }

  #isShort() {
    return this.#count <= REPEATED_BODY_MAX;
  }

  bytes() {
    return this.#count;
  }

  #next() {
    this.#reading = this.#reading.then(() => this.#read());
    return this.#reading;
  }

  async #read() {
    const { done, value } = await this.#reader.read(new Uint8Array(this.#size));
    if (done || value === undefined) {
      this.#hasEnded = true;
      return void this.#end();
    }
    if (value.byteLength === this.#size) this.#size = LONG_READ_BYTES;
    this.#keep(value);
    return value;
  }

  /** @param {Uint8Array} chunk */
  #keep(chunk) {
    const start = this.#count;
    this.#count += chunk.byteLength;
    if (!this.#isShort()) {
      this.#kept = new Uint8Array();
      return;
    }
    if (this.#count > this.#kept.byteLength) {
      const longer = new Uint8Array(Math.min(REPEATED_BODY_MAX, 2 * this.#count));
      longer.set(this.#kept);
      this.#kept = longer;
    }
    this.#kept.set(chunk, start);
  }
}
