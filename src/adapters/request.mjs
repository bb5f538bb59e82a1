// Reads a request. Each read costs, so a property is read only if it is needed.
//
// Bodies are read here and not in Rust, because waiting costs less in JavaScript.

import { BODY_BUFFER_BYTES } from "./limits.mjs";

/**
 * What the platform says of the caller: the client id of the service binding, the JWT of Cloudflare Access, and of the
 * client certificate whether it was presented, verified, revoked, and its fingerprint.
 *
 * @param {Request<unknown, { tlsClientAuth?: Record<string, unknown> }>} request
 * @param {ExecutionContext<{ client_id?: unknown }>} context
 */
export function identity(request, context) {
  /** @type {Record<string, unknown> | undefined} */
  const tls = request.cf?.tlsClientAuth;
  const access = request.headers.get("cf-access-jwt-assertion") ?? undefined;
  const certificate = [tls?.certPresented, tls?.certVerified, tls?.certRevoked, tls?.certFingerprintSHA256];
  return [context.props?.client_id, access, ...certificate].map((part) =>
    typeof part === "string" ? part : undefined,
  );
}

// These are read on the way of a hit, where a text that crosses costs: so they have the name of their header, and `azureSdk`
// looks at its value here.

/**
 * The client key of `GET /msi/token`.
 *
 * @param {Request} request
 */
export function identityHeader(request) {
  return request.headers.get("x-identity-header") ?? undefined;
}

/**
 * Which MSAL the caller says that it is.
 *
 * @param {Request} request
 */
export function msalSku(request) {
  return request.headers.get("x-client-sku") || undefined;
}

/**
 * A text if the caller says that it is an Azure SDK.
 *
 * @param {Request} request
 */
export function azureSdk(request) {
  return request.headers.get("user-agent")?.startsWith("azsdk-") ? "azsdk" : undefined;
}

/**
 * The caller's address, as Cloudflare saw it.
 *
 * @param {Request} request
 */
export function address(request) {
  return request.headers.get("cf-connecting-ip") ?? undefined;
}

/**
 * Where in `url` the path of a route begins: behind the origin, and behind `base`, the binding BASE_PATH.
 *
 * @param {string} url
 * @param {unknown} base
 */
export function startOfRoute(url, base) {
  const at = url.indexOf("/", "https://".length);
  return typeof base === "string" && url.startsWith(base, at) ? at + base.length : at;
}

/**
 * Whether the request for `url` is for an API. Its body is not read here. A credential may be called `api`.
 *
 * @param {string} url
 * @param {unknown} base
 */
export function isForApi(url, base) {
  const at = startOfRoute(url, base);
  return url.startsWith("/api/", at) && !/^\/api\/oauth2\/v2\.0\/token(?:[?#]|$)/.test(url.slice(at));
}

/**
 * A header, or nothing.
 *
 * @param {Request} request
 * @param {string} name
 */
export function header(request, name) {
  return request.headers.get(name) ?? undefined;
}

/**
 * The names of all headers, in lower case, one a line.
 *
 * @param {{ headers: Headers }} message
 */
export function headerNames({ headers }) {
  let names = "";
  for (const name of headers.keys()) names += `${name}\n`;
  return names;
}

/** @type {WeakMap<Request, string>} */
const nonces = new WeakMap();

/**
 * A random text for a request. It is drawn once, and it is kept here: a panic does not change it, and no caller chooses
 * it.
 *
 * @param {Request} request
 */
export function nonce(request) {
  const known = nonces.get(request) ?? crypto.randomUUID();
  nonces.set(request, known);
  return known;
}

/**
 * The body of a request, or `max + 1` characters of a longer one; nothing where it could not be read.
 *
 * @param {Request} request
 * @param {number} max
 */
export async function requestText(request, max) {
  const header = request.headers.get("content-length");
  const declared = header === null ? undefined : Number(header);
  try {
    // Over a service binding the declared length can be a lie.
    if (declared !== undefined && declared <= max) return (await request.text()).slice(0, max + 1);
    const isTooLong = declared !== undefined && declared > max;
    const bytes = isTooLong ? undefined : await bytesUpTo(request.body, max);
    return bytes ? new TextDecoder().decode(bytes) : "x".repeat(max + 1);
  } catch {
    return undefined;
  }
}

/**
 * The bytes of a stream, or nothing where it has more than `max`: then the rest is not read. Chunks are copied together
 * as they come: the runtime gives each chunk some kilobytes of memory, and a caller may send one byte in each.
 *
 * @param {ReadableStream<Uint8Array> | null} stream
 * @param {number} max
 */
export async function bytesUpTo(stream, max) {
  let bytes = new Uint8Array(Math.min(max, BODY_BUFFER_BYTES));
  let length = 0;
  for await (const chunk of stream ?? []) {
    const end = length + chunk.byteLength;
    if (end > max) return undefined;
    if (end > bytes.byteLength) {
      const longer = new Uint8Array(Math.min(max, 2 * end));
      longer.set(bytes);
      bytes = longer;
    }
    bytes.set(chunk, length);
    length = end;
  }
  return bytes.subarray(0, length);
}
