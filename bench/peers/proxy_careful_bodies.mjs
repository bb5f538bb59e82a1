// The bodies that pass the careful proxy. They stay in the runtime, but for those that have to be counted or may be sent twice.

/** @typedef {{ stream: BodyInit | null, again?: BodyInit | null }} Body `again` is there if it can be sent twice. */

const REPEATED_BODY_MAX = 64 * 1024;
const READ_BYTES = 4096;

/**
 * The body as it is sent. A short one is read, so that it can be sent twice.
 * @param {Request} request
 * @param {(bytes: number) => void} count
 * @returns {Promise<Body>}
 */
export async function bodyOf(request, count) {
  const { body, headers, method } = request;
  if (body === null || method === "GET" || method === "HEAD") return { stream: null, again: null };
  const declared = headers.get("content-length");
  if (declared !== null && Number(declared) <= REPEATED_BODY_MAX) {
    const bytes = await request.arrayBuffer();
    count(bytes.byteLength);
    return { stream: bytes, again: bytes };
  }
  if (declared !== null) {
    count(Number(declared));
    return { stream: body };
  }
  return { stream: body.pipeThrough(counting(count)) };
}

/**
 * A body that is counted as it passes. `ended` is called once.
 * @param {ReadableStream<Uint8Array>} body
 * @param {(bytes: number, isWhole: boolean) => void} ended
 */
export function countedBody(body, ended) {
  const reader = body.getReader({ mode: "byob" });
  let bytes = 0;
  /** @type {UnderlyingSource<Uint8Array>} */
  const source = {
    async pull(controller) {
      try {
        const { done, value } = await reader.read(new Uint8Array(READ_BYTES));
        if (done) {
          controller.close();
          return ended(bytes, true);
        }
        bytes += value.byteLength;
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
  };
  return new ReadableStream(source, { highWaterMark: 0 });
}

/** @param {(bytes: number) => void} count */
const counting = (count) =>
  new TransformStream({
    /** @type {(chunk: Uint8Array, controller: TransformStreamDefaultController) => void} */
    transform(chunk, controller) {
      count(chunk.byteLength);
      controller.enqueue(chunk);
    },
  });
