// One call of a function with `fetch`'s signature.

import { isConfidential } from "./endpoint.mjs";

/** @typedef {string | URL | Request} Input Of `fetch`. */

export class Call {
  input;
  init;
  url;
  method;
  headers;
  body;
  signal;
  /** The settings of a `Request` that are to hold for a redirect, too. */
  settings;
  /** Whether redirects are to be followed, which is the default of `fetch`. */
  follows;

  /**
   * @param {Input} input
   * @param {RequestInit} [init]
   */
  constructor(input, init = {}) {
    const request = typeof input === "object" && "headers" in input ? input : undefined;
    this.input = input;
    this.init = init;
    this.url = urlOf(request ? request.url : String(input));
    this.method = init.method ?? request?.method ?? "GET";
    this.headers = new Headers(init.headers ?? request?.headers);
    this.body = init.body ?? bodyOf(request);
    this.signal = (init.signal === undefined ? request?.signal : init.signal) ?? undefined;
    this.settings = request ? settingsOf(request) : {};
    this.follows = (init.redirect ?? request?.redirect ?? "follow") === "follow";
  }

  /** Whether the caller has said what `Authorization` is. */
  get isAuthorized() {
    return this.headers.has("authorization");
  }

  get isConfidential() {
    return isConfidential(this.url);
  }

  /** Whether it can be sent once more. */
  get canRepeat() {
    return isWhole(this.body);
  }
}

/** @param {string} text In a browser it may be relative. */
const urlOf = (text) => (URL.canParse(text) ? new URL(text) : new URL(text, globalThis.location?.href));

/**
 * Some runtimes refuse even the default of a setting that they do not have.
 * @param {Request} request
 * @returns {RequestInit}
 */
const settingsOf = ({ integrity, cache, keepalive }) => ({
  ...(integrity && { integrity }),
  ...(cache && cache !== "default" && { cache }),
  ...(keepalive && { keepalive }),
});

/**
 * The body of a request, which is always a stream. Some runtimes do not show it.
 * @param {Request | undefined} request
 */
const bodyOf = (request) =>
  request && request.body === undefined && !/^(?:get|head)$/i.test(request.method)
    ? new ReadableStream()
    : request?.body;

/**
 * Whether sending a body leaves it as it is. A stream it does not, and a `Request` has its body as a stream.
 * @param {unknown} body
 */
export const isWhole = (body) =>
  body === undefined ||
  body === null ||
  typeof body === "string" ||
  ArrayBuffer.isView(body) ||
  [ArrayBuffer, Blob, FormData, URLSearchParams].some((kind) => body instanceof kind);
