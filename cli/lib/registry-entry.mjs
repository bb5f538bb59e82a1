// The entries of clients in the KV namespace REGISTRY. tools/registry.rs writes them, with the code by which the Worker
// reads them. docs/storage.md has the format.

import { Failure } from "./run.mjs";
import { runTool } from "./tool.mjs";

/**
 * The values in KV for each client: its entry, then a pointer for each key, certificate and origin.
 * @param {{ id: string, entry: string }[]} clients `entry` is the JSON text of an entry of CLIENTS
 * @param {Buffer} registryKey the 32 bytes of REGISTRY_KEY
 * @returns {Promise<{ key: string, value: string }[][]>}
 */
export async function registryEntries(clients, registryKey) {
  const { code, stdout } = await runTool("registry", { key: registryKey.toString("base64"), clients });
  if (code !== 0) throw new Failure("tools/registry.rs cannot write these entries: is one of them longer than 64 KiB?");
  return JSON.parse(stdout);
}
