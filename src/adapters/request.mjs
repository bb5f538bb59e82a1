// Reads a request. Each read costs, so a property is read only if it is needed.
//
// Bodies are read here and not in Rust, because waiting costs less in JavaScript.

import { BODY_BUFFER_BYTES } from "./limits.mjs";

/**
 * What the platform knows of the caller: the client id of the service binding, the JWT of Cloudflare Access, and four
 * facts of the client certificate (presented, verified, revoked, fingerprint).
 */
export function identity(request, context) {
  const tls = request.cf?.tlsClientAuth;
  const access = request.headers.get("cf-access-jwt-assertion") ?? undefined;
  const certificate = [tls?.certPresented, tls?.certVerified, tls?.certRevoked, tls?.certFingerprintSHA256];
  return [context.props?.client_id, access, ...certificate].map((part) =>
    typeof part === "string" ? part : undefined,
  );
}

/** A header, or `undefined`. */
export function header(request, name) {
  return request.headers.get(name) ?? undefined;
}

/** The body of a request, or `max + 1` characters of a longer one. `undefined` if it could not be read. */
export async function requestText(request, max) {
  const declared = request.headers.get("content-length");
  try {
    // The caller over a service binding can declare a false length.
    if (declared !== null && declared <= max) return (await request.text()).slice(0, max + 1);
    const bytes = declared > max ? undefined : await bytesUpTo(request.body ?? [], max);
    return bytes ? new TextDecoder().decode(bytes) : "x".repeat(max + 1);
  } catch {
    return undefined;
  }
}

/**
 * The bytes of a stream, or `undefined` if it has more than `max`. Each chunk is copied at once: the runtime holds some
 * kilobytes for each chunk, and a caller may send one byte in each.
 */
async function bytesUpTo(stream, max) {
  let bytes = new Uint8Array(Math.min(max, BODY_BUFFER_BYTES));
  let length = 0;
  for await (const chunk of stream) {
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
