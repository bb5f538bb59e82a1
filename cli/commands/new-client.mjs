// Makes, rotates and verifies the keys of clients. A key is shown once and kept nowhere.

/** @import { Grant, Place } from "../lib/configured.mjs" */
/** @import { ValuesOf } from "../lib/command.mjs" */

import { digestsAfterRotation, digestsDuringRotation, digestsOf, verdict } from "../lib/client-digests.mjs";
import { keyDigest, newClientKey } from "../lib/client-key.mjs";
import { called, command, misused } from "../lib/command.mjs";
import { clientsOf, configurationHelp, configurationOptions, readConfigured } from "../lib/configured.mjs";
import { readKey } from "../lib/read-key.mjs";
import { registered } from "../lib/registered.mjs";
import { printResult } from "../lib/result.mjs";

const options = /** @type {const} */ ({
  scope: { type: "string" },
  "no-scope": { type: "boolean", default: false },
  credential: { type: "string" },
  api: { type: "string" },
  rotate: { type: "boolean", default: false },
  finish: { type: "boolean", default: false },
  verify: { type: "boolean", default: false },
  registry: { type: "boolean", default: false },
  remove: { type: "boolean", default: false },
  entry: { type: "string" },
  "persist-to": { type: "string" },
  json: { type: "boolean", default: false },
  ...configurationOptions,
});

/** @typedef {ValuesOf<typeof options>} Given */
/** @typedef {Given & { grant: Grant }} Values */

// RFC 6749: a client id is visible ASCII (appendix A.1). A scope has such words, without quotes and backslashes (A.4).
const visibleAscii = /^[\x21-\x7e]+$/;
// The name of an API is a segment of a path.
const apiName = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const scopeWords = /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/;

const newClient = command({
  name: "new-client",
  usage: `NAME [--scope SCOPE | --no-scope] [--credential CREDENTIAL]
NAME --api API
NAME --rotate [--finish]
NAME --verify < KEY-FILE
NAME --registry [--entry FILE | --rotate [--finish] | --verify | --remove]
… [--config FILE] [--env ENVIRONMENT] [--local] [--json]`,
  help: `
Makes, rotates and verifies the keys of clients. A key is shown once and kept nowhere. The command prints entries for
wrangler.toml and writes nothing.

  --scope SCOPE            the token that a new client may get; default: Microsoft Graph
  --no-scope               the same, of a server that knows no scopes
  --credential CREDENTIAL  of this credential; default: default
  --api API                a new client that may send requests to this entry of APIS
  --rotate                 a second key; the first one stays good
  --rotate --finish        removes the old key
  --verify                 to which client does the key on standard input belong?
  --registry               works on the KV namespace REGISTRY, and writes: the deployed one, or with --local that of start
  --entry FILE             takes a new client's whole entry from JSON
  --remove                 removes the client
  --persist-to FOLDER      where the local namespace is
  --json                   prints one line of JSON: { "client", "key", "entry": { "key_sha256", "allow", … } }, with the key
                           only where one is made; of --verify { "good", "sentence" }
${configurationHelp}

Exit codes: 0 done, or the key is of this client; 1 failed, or it is not; 2 the arguments or the configuration are wrong.`,
  options,
  takesName: true,
  async run(given, names) {
    const { name, values } = checked(given, names);
    if (values.registry) return registered(name, values);
    if (values.verify) return verify(name, values);
    if (values.rotate) return values.finish ? finish(name, values) : rotate(name, values);
    return create(name, values);
  },
});
export default newClient;

/**
 * @param {Given} given
 * @param {string[]} names
 * @returns {{ name: string, values: Values }}
 */
function checked(given, [name, ...more]) {
  // The text is not repeated: a key may stand in the place of a name.
  if (name === undefined || more.length > 0)
    throw misused(newClient, "Exactly one NAME is needed; a key is read from standard input.");
  if (!visibleAscii.test(name)) throw misused(newClient, "NAME may only have visible ASCII characters, and no spaces.");
  checkTogether(given);
  return { name, values: { ...given, grant: grantOf(given) } };
}

/**
 * The entry in `allow`. A server that knows no scopes has grants without one.
 * @param {{ scope?: string | undefined, "no-scope": boolean, credential?: string | undefined, api?: string | undefined }} given
 * @returns {Grant}
 */
function grantOf({ scope = "https://graph.microsoft.com/.default", "no-scope": noScope, credential = "default", api }) {
  if (api !== undefined) {
    if (!apiName.test(api))
      throw misused(newClient, "API is the name of an entry in APIS: letters, digits, '.', '-', '_'.");
    return { api };
  }
  if (!visibleAscii.test(credential))
    throw misused(newClient, "CREDENTIAL may only have visible ASCII characters, and no spaces.");
  if (!scopeWords.test(scope))
    throw misused(newClient, 'SCOPE may only have visible ASCII characters, without " and \\.');
  return { credential, ...(!noScope && { scope }) };
}

/** @param {Given} values */
function checkTogether({ "no-scope": noScope, ...values }) {
  const { rotate, finish, verify, remove, registry, entry, scope, credential, api, config, env, local } = values;
  /** @param {string} sentence */
  const fault = (sentence) => misused(newClient, sentence);
  if ([rotate, verify, remove].filter(Boolean).length > 1)
    throw fault("--rotate, --verify and --remove are commands of their own.");
  if (finish && !rotate) throw fault("--finish ends a --rotate.");
  if (!registry && (remove || entry !== undefined))
    throw fault("--remove and --entry are for the registry: add --registry.");
  if (noScope && scope !== undefined) throw fault("--scope and --no-scope exclude each other.");
  const existing = rotate || verify || remove;
  const ofToken = noScope || (scope ?? credential) !== undefined;
  if (ofToken && api !== undefined) throw fault("--api has a credential and a scope of its own, in APIS.");
  const granted = ofToken || api !== undefined;
  if (existing && (granted || entry !== undefined))
    throw fault("--entry, --scope, --no-scope, --credential and --api are for a new client.");
  if (entry !== undefined && granted) throw fault("--entry has the scopes, credentials and APIs in it.");
  if (!registry && !existing && (local || (config ?? env) !== undefined))
    throw fault("A new client needs no configuration: leave out --config, --env and --local.");
}

/**
 * @param {string} name
 * @param {{ grant: Grant, json: boolean }} values
 */
function create(name, { grant, json }) {
  const key = newClientKey();
  // For visible ASCII, JSON's strings are TOML's.
  const table = /^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(name);
  const fields = Object.entries(grant).map(([field, value]) => `${field} = ${JSON.stringify(value)}`);
  const text = `The key of client ${name}. Give it to the client now: it is shown once and kept nowhere.

${key}

Its entry for wrangler.toml, with the key's digest. Then: npm run deploy

[vars.CLIENTS.${table}]
key_sha256 = ["${keyDigest(key)}"]
allow = [{ ${fields.join(", ")} }]`;
  printResult(json, { client: name, key, entry: { key_sha256: [keyDigest(key)], allow: [grant] } }, text);
}

/**
 * @param {string} name
 * @param {Given} values
 */
async function rotate(name, values) {
  const { digests, line, entry } = await readEntry(name, values);
  const key = newClientKey();
  const both = digestsDuringRotation(digests, keyDigest(key), name);
  const text = `The new key of client ${name}. It is shown once and kept nowhere; the old key stays good.

${key}

1. In the entry of ${name}, change key_sha256 to this (the new one is last), and deploy:

${line(both)}

   If the old key leaked, leave its digest out: only ${both.at(-1)}.
2. Give the client its new key.
3. When the client uses it: ${called("new-client")} ${name} --rotate --finish`;
  printResult(values.json, { client: name, key, entry: { ...entry, key_sha256: both } }, text);
}

/**
 * @param {string} name
 * @param {Given} values
 */
async function finish(name, values) {
  const { digests, line, entry } = await readEntry(name, values);
  const kept = digestsAfterRotation(digests, name);
  const text = `Only the newest key of client ${name} stays. Change key_sha256 in its entry to this, and deploy:

${line(kept)}

To be sure that the client uses that key: ${called("new-client")} ${name} --verify`;
  printResult(values.json, { client: name, entry: { ...entry, key_sha256: kept } }, text);
}

/**
 * @param {string} name
 * @param {Given} values
 */
async function verify(name, values) {
  const clients = clientsOf(await readConfigured(values));
  digestsOf(clients, name);
  const { good, sentence } = verdict(await readKey(), clients, name);
  printResult(values.json, { good, sentence }, sentence);
  return good ? 0 : 1;
}

/**
 * The digests of a client's keys, the form of such a list in the configuration, and the client's whole entry.
 * @param {string} name
 * @param {Place} values
 */
async function readEntry(name, values) {
  const configured = await readConfigured(values);
  const isText = typeof configured.CLIENTS === "string";
  /** @param {string[]} digests */
  const line = (digests) => {
    const list = `[${digests.map((digest) => `"${digest}"`).join(", ")}]`;
    return isText ? `"key_sha256": ${list}` : `key_sha256 = ${list}`;
  };
  const clients = clientsOf(configured);
  return { digests: digestsOf(clients, name), line, entry: clients[name] };
}
