// Prints a new client's key, once, and the entry that lets it in. Nothing is stored.
//
//   npm run new-client -- NAME [--scope SCOPE] [--credential CREDENTIAL]

import util from "node:util";

import { keyDigest, newClientKey } from "./lib/client-key.mjs";
import { Failure, main } from "./lib/run.mjs";

const usage = "Usage: npm run new-client -- NAME [--scope SCOPE] [--credential CREDENTIAL]";
const options = {
  scope: { type: "string", default: "https://graph.microsoft.com/.default" },
  credential: { type: "string", default: "default" },
};
// RFC 6749: a client id is visible ASCII (appendix A.1), a scope is such words but without quotes and backslashes (A.4).
const visibleAscii = /^[\x21-\x7e]+$/;
const scopeWords = /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/;

function readArguments() {
  let parsed;
  try {
    parsed = util.parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new Failure(`${error.message.split(".")[0]}. ${usage}`);
  }
  const { values, positionals } = parsed;
  if (positionals.length !== 1) throw new Failure(`Exactly one NAME is needed. ${usage}`);
  const [name] = positionals;
  if (!visibleAscii.test(name)) throw new Failure("NAME may only have visible ASCII characters, and no spaces.");
  if (!visibleAscii.test(values.credential)) throw new Failure("CREDENTIAL may only have visible ASCII characters, and no spaces.");
  if (!scopeWords.test(values.scope)) throw new Failure('SCOPE may only have visible ASCII characters, without " and \\.');
  return { name, ...values };
}

main(async () => {
  const { name, scope, credential } = readArguments();
  const key = newClientKey();
  // For visible ASCII, JSON's strings are TOML's.
  const table = /^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(name);
  console.log(`The key of client ${name}. Give it to the client now: it is shown once and kept nowhere.

${key}

Its entry for wrangler.toml, with the key's digest. Then: npm run deploy

[vars.CLIENTS.${table}]
key_sha256 = ["${keyDigest(key)}"]
allow = [{ credential = ${JSON.stringify(credential)}, scope = ${JSON.stringify(scope)} }]`);
});
