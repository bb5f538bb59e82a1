// The entries of a client in the KV namespace REGISTRY; docs/storage.md has the format, src/registry.rs reads it.

import { createHmac } from "node:crypto";

const PURPOSE = "edge-token-broker registry v1";

/**
 * What KV has to hold for the client `id`, as `{ key, value }`: its entry, and one for each key and certificate that says
 * whose it is. `client` has the fields of an entry of CLIENTS, `registryKey` is REGISTRY_KEY's 32 bytes.
 */
export function registryEntries(id, client, registryKey) {
  const key = `client:${id}`;
  const json = JSON.stringify(client);
  const owned = [
    ...(client.key_sha256 ?? []).map((digest) => `key:${digest.toLowerCase()}`),
    ...(client.mtls_sha256 ?? []).map((print) => `certificate:${print.replaceAll(":", "").toLowerCase()}`),
    ...(client.origins ?? []).map((origin) => `origin:${origin}`),
  ];
  return [
    { key, value: `${mac(registryKey, key, json)}\n${json}` },
    ...owned.map((owner) => ({ key: owner, value: id })),
  ];
}

/** HMAC-SHA-256 over the parts, each with its length before it. */
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
