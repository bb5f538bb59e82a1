// The entries of a client in the KV namespace REGISTRY; docs/storage.md has the format, src/registry.rs reads it.

/** @import { Client } from "./configured.mjs" */

import { createHmac, timingSafeEqual } from "node:crypto";

const PURPOSE = "edge-token-broker registry v1";

/**
 * What KV has to hold for the client `id`, as `{ key, value }`: its entry, and one for each key and certificate that says
 * whose it is. `client` has the fields of an entry of CLIENTS, `registryKey` is REGISTRY_KEY's 32 bytes.
 * @param {string} id
 * @param {Client} client
 * @param {Buffer} registryKey
 */
export function registryEntries(id, client, registryKey) {
  const key = `client:${id}`;
  const json = JSON.stringify(client);
  return [
    { key, value: `${mac(registryKey, key, json)}\n${json}` },
    ...ownersOf(client).map((owner) => ({ key: owner, value: id })),
  ];
}

/**
 * The names of the entries that say whose a key, certificate or origin is.
 * @param {Partial<Client>} client
 */
export function ownersOf(client) {
  return [
    ...(client.key_sha256 ?? []).map((digest) => `key:${digest.toLowerCase()}`),
    ...(client.mtls_sha256 ?? []).map((print) => `certificate:${print.replaceAll(":", "").toLowerCase()}`),
    ...(client.origins ?? []).map((origin) => `origin:${origin}`),
  ];
}

/**
 * Whether `value` is what the holder of the key wrote for the client `id`.
 * @param {string} id
 * @param {string} value
 * @param {Buffer} registryKey
 */
export function isAuthentic(id, value, registryKey) {
  const [given, expected] = [value.slice(0, 64), mac(registryKey, `client:${id}`, value.slice(65))];
  return given.length === 64 && timingSafeEqual(Buffer.from(given), Buffer.from(expected));
}

/**
 * HMAC-SHA-256 over the parts, each with its length before it.
 * @param {Buffer} registryKey
 * @param {string[]} parts
 */
function mac(registryKey, ...parts) {
  const hmac = createHmac("sha256", registryKey);
  for (const part of [PURPOSE, ...parts]) {
    const bytes = Buffer.from(part);
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(bytes.length));
    hmac.update(length).update(bytes);
  }
  return hmac.digest("hex");
}
