// The KV namespace REGISTRY, by wrangler: the deployed one, or with `local` the one of `npm start` and `wrangler dev`.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { isAuthentic, ownersOf, registryEntries } from "./registry-entry.mjs";
import { Failure, run } from "./run.mjs";

export class Registry {
  #key;
  #where;

  constructor({ config, env, local, "persist-to": persistTo }, vars) {
    this.#key = registryKey(local ? (vars.REGISTRY_KEY ?? process.env.REGISTRY_KEY) : process.env.REGISTRY_KEY, local);
    this.#where = [
      "--binding", "REGISTRY", local ? "--local" : "--remote",
      ...(config ? ["--config", config] : []), ...(env ? ["--env", env] : []),
      ...(local && persistTo ? ["--persist-to", persistTo] : []),
    ];
  }

  /** The client's entry, with the fields of one of CLIENTS; nothing where there is none. */
  async read(name) {
    const { code, output } = await this.#wrangler(["kv", "key", "get", `client:${name}`, "--text"]);
    const value = /^[0-9a-f]{64}\n\{.*\}$/m.exec(output)?.[0];
    if (value === undefined) {
      if (code === 0 && /not found/i.test(output)) return undefined;
      throw new Failure(code === 0 ? notAuthentic(name) : `wrangler cannot read the registry:\n${output.trim()}`);
    }
    if (!isAuthentic(name, value, this.#key)) throw new Failure(notAuthentic(name));
    return JSON.parse(value.slice(65));
  }

  /** Writes the client's entry; what was its own `before` and is no more, goes. */
  async write(name, client, before = {}) {
    await this.#bulk("put", registryEntries(name, client, this.#key));
    const kept = new Set(ownersOf(client));
    await this.#forget(ownersOf(before).filter((owner) => !kept.has(owner)));
  }

  async remove(name, client) {
    await this.#forget([`client:${name}`, ...ownersOf(client)]);
  }

  async #forget(keys) {
    if (keys.length > 0) await this.#bulk("delete", keys, ["--force"]);
  }

  /** In a file that nobody else can read, and only for as long as wrangler needs it. */
  async #bulk(verb, content, more = []) {
    const folder = await mkdtemp(join(tmpdir(), "edge-token-broker-registry-"));
    try {
      const file = join(folder, "bulk.json");
      await writeFile(file, JSON.stringify(content), { mode: 0o600 });
      const { code, output } = await this.#wrangler(["kv", "bulk", verb, file, ...more]);
      if (code !== 0) throw new Failure(`wrangler cannot write the registry:\n${output.trim()}`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  #wrangler(args) {
    return run("wrangler", [...args, ...this.#where], { mayFail: true });
  }
}

const notAuthentic = (name) =>
  `The entry of ${name} is not authentic: REGISTRY_KEY is another one than it was written with, or somebody has changed it.`;

function registryKey(text, local) {
  const where = local ? ".dev.vars" : "the environment";
  if (!text) {
    throw new Failure(`REGISTRY_KEY is missing in ${where}: the entries are authenticated with it.
Make one with \`openssl rand -base64 32\`, keep it, and give it to the Worker: npx wrangler secret put REGISTRY_KEY`);
  }
  const key = Buffer.from(text.trim(), "base64");
  if (key.length !== 32) throw new Failure("REGISTRY_KEY must be 32 bytes in base64.");
  return key;
}
