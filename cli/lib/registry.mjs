// The KV namespace REGISTRY through wrangler: the deployed one, or with `local` that of `npm start` and `wrangler dev`.

/** @import { Client, Place, Vars } from "./configured.mjs" */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { runWrangler } from "./project.mjs";
import { registryEntries } from "./registry-entry.mjs";
import { Failure } from "./run.mjs";

export class Registry {
  #key;
  #where;

  /**
   * @param {Place & { "persist-to"?: string }} place
   * @param {Vars} vars
   */
  constructor({ config, env, local, "persist-to": persistTo }, vars) {
    const { REGISTRY_KEY: deployed } = process.env;
    this.#key = local
      ? registryKey(vars.REGISTRY_KEY ?? deployed, ".dev.vars")
      : registryKey(deployed, "the environment");
    this.#where = [
      "--binding",
      "REGISTRY",
      local ? "--local" : "--remote",
      ...(config ? ["--config", config] : []),
      ...(env ? ["--env", env] : []),
      ...(local && persistTo ? ["--persist-to", persistTo] : []),
    ];
  }

  /**
   * The client's entry, with the fields of an entry of CLIENTS; `undefined` if there is none.
   * @param {string} name
   * @returns {Promise<Client | undefined>}
   */
  async read(name) {
    const value = await this.#get(`client:${name}`);
    if (value === undefined) return undefined;
    const entry = /^[0-9a-f]{64}\n(\{.*\})$/m.exec(value);
    if (entry === null) throw new Failure(notAuthentic(name));
    const [written, json = ""] = entry;
    // With the same `REGISTRY_KEY`, the same fields make the same entry.
    const { own } = await this.#entriesOf(name, json);
    if (own?.value !== written) throw new Failure(notAuthentic(name));
    return JSON.parse(json);
  }

  /**
   * Writes the client's entry and deletes the pointers of `before` that it no longer has.
   * @param {string} name
   * @param {Client} client
   * @param {Partial<Client>} before
   */
  async write(name, client, before = {}) {
    const entries = await this.#entriesOf(name, JSON.stringify(client));
    const owned = entries.owners;
    const formerly = (await this.#entriesOf(name, JSON.stringify(before))).owners;
    for (const owner of owned.filter((owner) => !formerly.includes(owner))) {
      const other = await this.#ownerOf(owner, name);
      if (other !== name) throw new Failure(`Nothing is written: ${owner} is of the client ${other}.`);
    }
    await this.#bulk("put", entries.all);
    await this.#forget(
      name,
      formerly.filter((owner) => !owned.includes(owner)),
    );
  }

  /**
   * @param {string} name
   * @param {Client} client
   */
  async remove(name, client) {
    await this.#bulk("delete", [`client:${name}`], ["--force"]);
    await this.#forget(name, (await this.#entriesOf(name, JSON.stringify(client))).owners);
  }

  /**
   * The values in KV for the client `id`: all of them, its own entry, and the names of its pointers.
   * @param {string} id
   * @param {string} entry
   */
  async #entriesOf(id, entry) {
    const [all = []] = await registryEntries([{ id, entry }], this.#key);
    const [own, ...others] = all;
    return { all, own, owners: others.map(({ key }) => key) };
  }

  /**
   * The owner of a certificate or an origin, `name` if it has none. A new key cannot have another owner.
   * @param {string} owner
   * @param {string} name
   */
  async #ownerOf(owner, name) {
    return owner.startsWith("key:") ? name : ((await this.#get(owner))?.trim() ?? name);
  }

  /** @param {string} key */
  async #get(key) {
    const { code, output } = await this.#wrangler(["kv", "key", "get", key, "--text"]);
    // A local namespace says this, and the deployed one answers 404.
    if (code === 0 ? /^Value not found$/m.test(output) : /\b404\b.*not found/is.test(output)) return undefined;
    if (code !== 0) throw new Failure(unreadable(output));
    return output;
  }

  /**
   * @param {string} name
   * @param {string[]} owners
   */
  async #forget(name, owners) {
    const own = [];
    for (const owner of owners) if ((await this.#ownerOf(owner, name)) === name) own.push(owner);
    if (own.length > 0) await this.#bulk("delete", own, ["--force"]);
  }

  /**
   * Writes a file that no other user can read, and deletes it when wrangler has read it.
   * @param {"put" | "delete"} verb
   * @param {unknown[]} content
   * @param {string[]} more
   */
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

  /** @param {string[]} args */
  #wrangler(args) {
    return runWrangler([...args, ...this.#where], { mayFail: true });
  }
}

/** @param {string} name */
const notAuthentic = (name) =>
  `The entry of ${name} is not authentic: REGISTRY_KEY is another one than it was written with, or somebody has changed it.`;

/** @param {string} output */
function unreadable(output) {
  if (!/binding/i.test(output)) return `wrangler cannot read the registry:\n${output.trim()}`;
  return `wrangler knows no KV namespace REGISTRY. In wrangler.toml there has to be:

[[kv_namespaces]]
binding = "REGISTRY"
id = "<id>"        # of: npx wrangler kv namespace create REGISTRY

It says: ${output.trim()}`;
}

/**
 * @param {unknown} text
 * @param {string} where
 */
function registryKey(text, where) {
  if (typeof text !== "string" || text === "") {
    throw new Failure(`REGISTRY_KEY is missing in ${where}: the entries are authenticated with it.
Make one with \`openssl rand -base64 32\`, keep it, and give it to the Worker: npx wrangler secret put REGISTRY_KEY`);
  }
  const key = Buffer.from(text.trim(), "base64");
  if (key.length !== 32 || key.toString("base64") !== text.trim())
    throw new Failure("REGISTRY_KEY must be 32 bytes in base64.");
  return key;
}
