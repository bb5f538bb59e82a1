// `new-client NAME --registry`: the same as without `--registry`, but it writes to the registry.

/** @import { Values } from "../commands/new-client.mjs" */
/** @import { Client, Vars } from "./configured.mjs" */

import { readFile } from "node:fs/promises";

import { asBindings, assumeSecrets } from "./bindings.mjs";
import { digestsAfterRotation, digestsDuringRotation, verdict } from "./client-digests.mjs";
import { keyDigest, newClientKey } from "./client-key.mjs";
import { called } from "./command.mjs";
import { clientsOf, readConfigured } from "./configured.mjs";
import { readKey } from "./read-key.mjs";
import { Registry } from "./registry.mjs";
import { printResult } from "./result.mjs";
import { codeOf, Failure, say } from "./run.mjs";
import { runTool } from "./tool.mjs";

/**
 * @param {string} name
 * @param {Values} values
 */
export async function registered(name, values) {
  const vars = await readConfigured(values);
  const registry = new Registry(values, vars);
  const { json } = values;
  if (values.remove) return remove(name, registry, json);
  if (values.verify) return verify(name, registry, json);
  if (values.rotate) return values.finish ? finish(name, registry, json) : rotate(name, registry, json);
  return create(name, registry, vars, values);
}

/**
 * @param {string} name
 * @param {Registry} registry
 * @param {Vars} vars
 * @param {Values} values
 */
async function create(name, registry, vars, { grant, entry, json }) {
  if (Object.hasOwn(clientsOf(vars), name))
    throw new Failure(`CLIENTS has a client ${name} already, and wins over the registry.`);
  if ((await registry.read(name)) !== undefined)
    throw new Failure(`The registry has a client ${name} already: --rotate its key, or --remove it.`);
  const key = newClientKey();
  const client = entry === undefined ? { key_sha256: [keyDigest(key)], allow: [grant] } : await readEntry(entry);
  await check(name, client, vars);
  // Printed first, so that the key is not lost if the write fails.
  const result = { client: name, ...(entry === undefined && { key }), entry: client };
  const sentence = `The key of client ${name}. It is shown once and kept nowhere; it is good once the line below says so.`;
  if (json || entry === undefined) printResult(json, result, `${sentence}\n\n${key}\n`);
  await registry.write(name, client);
  told(json, `Client ${name} is in the registry. It is known everywhere within a minute.`);
}

/**
 * @param {string} name
 * @param {Registry} registry
 * @param {boolean} json
 */
async function rotate(name, registry, json) {
  const before = await known(name, registry);
  const key = newClientKey();
  const key_sha256 = digestsDuringRotation(before.key_sha256 ?? [], keyDigest(key), name);
  const entry = { ...before, key_sha256 };
  const sentence = `The new key of client ${name}. It is shown once and kept nowhere; the old key stays good.`;
  printResult(json, { client: name, key, entry }, `${sentence}\n\n${key}\n`);
  await registry.write(name, entry, before);
  told(
    json,
    `It is in the registry. When the client uses it: ${called("new-client")} ${name} --registry --rotate --finish`,
  );
}

/**
 * @param {string} name
 * @param {Registry} registry
 * @param {boolean} json
 */
async function finish(name, registry, json) {
  const before = await known(name, registry);
  const entry = { ...before, key_sha256: digestsAfterRotation(before.key_sha256 ?? [], name) };
  await registry.write(name, entry, before);
  const sentence = `Only the newest key of client ${name} stays. The old one is refused everywhere within a minute.`;
  printResult(json, { client: name, entry }, sentence);
}

/**
 * @param {string} name
 * @param {Registry} registry
 * @param {boolean} json
 */
async function remove(name, registry, json) {
  await registry.remove(name, await known(name, registry));
  const sentence = `Client ${name} is no more in the registry. It is refused everywhere within a minute.`;
  printResult(json, { client: name }, sentence);
}

/**
 * @param {string} name
 * @param {Registry} registry
 * @param {boolean} json
 */
async function verify(name, registry, json) {
  const { good, sentence } = verdict(await readKey(), { [name]: await known(name, registry) }, name);
  printResult(json, { good, sentence }, sentence);
  return good ? 0 : 1;
}

/**
 * @param {string} name
 * @param {Registry} registry
 */
async function known(name, registry) {
  const client = await registry.read(name);
  if (client === undefined) throw new Failure(`The registry has no client ${name}.`);
  return client;
}

/**
 * @param {string} file
 * @returns {Promise<Client>}
 */
async function readEntry(file) {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new Failure(`The entry cannot be read from ${file}: ${codeOf(error) ?? "it is no JSON"}.`);
  }
}

/**
 * Checks the entry with the Worker's own parser. The Worker refuses a client with a faulty entry.
 * @param {string} name
 * @param {Client} client
 * @param {Vars} vars
 */
async function check(name, client, vars) {
  const alone = { ...assumeSecrets(vars).vars, CLIENTS: { [name]: client } };
  const { code, stdout } = await runTool("explain", { bindings: asBindings(alone), client: name });
  if (code !== 0) throw new Failure(`Nothing is written: the broker would not take this entry.\n${stdout.trim()}`);
  if (client.allow.some((grant) => "keep_warm" in grant && grant.keep_warm))
    throw new Failure("Nothing is written: keep_warm is for clients in CLIENTS.");
}

/**
 * Progress after the result. A program gets one value only.
 * @param {boolean} json
 * @param {string} sentence
 */
function told(json, sentence) {
  if (json) say(sentence);
  else console.log(sentence);
}
