// Checks the folder of a broker and, with a URL, the broker itself, and says what to do.

/** @import { ValuesOf } from "../lib/command.mjs" */
/** @import { Check } from "../lib/doctor/check.mjs" */

import { command, misused } from "../lib/command.mjs";
import { account } from "../lib/doctor/account.mjs";
import { broker, unseen } from "../lib/doctor/broker.mjs";
import { fail, skip } from "../lib/doctor/check.mjs";
import { exists, readWhole, worker } from "../lib/doctor/configuration.mjs";
import { entry } from "../lib/doctor/entry.mjs";
import { ignored, values } from "../lib/doctor/leaks.mjs";
import { node, npm, packages } from "../lib/doctor/machine.mjs";
import { isColoured, lineOf, summaryOf } from "../lib/doctor/page.mjs";
import { platform } from "../lib/doctor/platform.mjs";
import { token, withoutKey } from "../lib/doctor/token.mjs";
import { isLoopback } from "../lib/doctor/url.mjs";
import { configFile } from "../lib/project.mjs";
import { readKey } from "../lib/read-key.mjs";
import { ExitCode } from "../lib/run.mjs";

const options = /** @type {const} */ ({
  url: { type: "string" },
  key: { type: "string" },
  scope: { type: "string" },
  credential: { type: "string" },
  config: { type: "string", default: configFile() },
  env: { type: "string" },
  timeout: { type: "string", default: "10" },
  json: { type: "boolean", default: false },
});

const doctor = command({
  name: "doctor",
  usage:
    "[--url URL [--key -] [--scope SCOPE] [--credential CREDENTIAL]] [--config FILE] [--env ENVIRONMENT] [--timeout SECONDS] [--json]",
  help: `
Checks this folder: Node.js and npm, the packages, wrangler, wrangler.toml, bindings, the login at Cloudflare and the
secrets of the deployed Worker. With --url it also checks the broker that answers there: readiness, the clock, a token,
the cache. One line for each check, and below it what to do. It changes nothing, and shows no key, token or secret.

  --url URL                the broker: https://…workers.dev, or http://127.0.0.1:8787 while \`start\` runs; with BASE_PATH
  --key -                  reads a client key from standard input. Else it is the variable BROKER_KEY. Without a key no
                           token is asked for
  --scope SCOPE            of the token; needed if the client has several grants
  --credential CREDENTIAL  of the token; default: default
  --config FILE            another file than wrangler.toml, wrangler.jsonc or wrangler.json
  --env ENVIRONMENT        that environment of it
  --timeout SECONDS        for each request and each call of wrangler; default: 10
  --json                   prints { "ok", "checks": [{ "name", "level", "message", "toDo" }] }; level is ok, warn, fail or
                           skip (could not be checked)

Exit codes: 0 nothing failed, but there may be warnings; 1 something failed; 2 the arguments are wrong.`,
  options,
  async run(given) {
    const asked = checked(given);
    /** @type {Check[]} */
    const checks = [];
    const coloured = isColoured();
    for await (const check of all(asked)) {
      checks.push(check);
      if (!given.json) console.log(lineOf(check, coloured));
    }
    const isGood = checks.every(({ level }) => level !== "fail");
    console.log(given.json ? JSON.stringify({ ok: isGood, checks }) : `\n${summaryOf(checks)}`);
    return isGood ? ExitCode.done : ExitCode.failed;
  },
});
export default doctor;

/** @typedef {ReturnType<typeof checked>} Asked */

/** @param {ValuesOf<typeof options>} given */
function checked({ url, key, scope, credential, config, env, timeout }) {
  // The text is not repeated: it is a key.
  if (key !== undefined && key !== "-")
    throw misused(doctor, "--key is -, and the key is on standard input: every user of a machine sees arguments.");
  if (url === undefined && (key ?? scope ?? credential) !== undefined)
    throw misused(doctor, "--key, --scope and --credential are about the broker at a --url.");
  const seconds = Number(timeout);
  if (!(seconds > 0 && seconds <= 600)) throw misused(doctor, "--timeout is a number of seconds, up to 600.");
  const base = url === undefined ? undefined : baseOf(url);
  return { base, fromInput: key === "-", scope, credential, file: config, env, timeoutMs: seconds * 1000 };
}

/** @param {string} url */
function baseOf(url) {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol))
    throw misused(doctor, "--url is no URL: it begins with https://, or http:// for this machine.");
  // Not repeated: it may have a password in it.
  if (parsed.username || parsed.password || parsed.search || parsed.hash)
    throw misused(doctor, "--url has an origin and a path, and neither a user nor a query nor a fragment.");
  return `${parsed.origin}${parsed.pathname.replace(/\/+$/, "")}`;
}

/**
 * @param {Asked} asked
 * @returns {AsyncGenerator<Check>}
 */
async function* all(asked) {
  yield* folder(asked);
  if (asked.base !== undefined) yield* answering(asked.base, asked);
}

/**
 * @param {Asked} asked
 * @returns {AsyncGenerator<Check>}
 */
async function* folder(asked) {
  const { file, env, timeoutMs, base } = asked;
  yield node();
  if (!exists(file)) {
    const message = `there is no ${file} here`;
    // Anybody may look at a broker, from anywhere.
    if (base !== undefined) yield skip("folder", "this folder is", message);
    else
      yield fail(
        "folder",
        message,
        "Run this in the folder of your broker, or make one: npx edge-token-broker init NAME",
      );
    return;
  }
  yield await npm(timeoutMs);
  yield* packages();
  yield await ignored(file, env, timeoutMs);
  const { config, checks } = await readWhole(asked);
  yield* checks;
  if (config === undefined) return;
  yield* await worker(config, file, timeoutMs);
  yield* values(config, file);
  yield* platform(config, file, new Date());
  yield entry(config, file);
  yield* account(config, asked);
}

/**
 * @param {string} base
 * @param {Asked} asked
 * @returns {AsyncGenerator<Check>}
 */
async function* answering(base, { fromInput, scope, credential, timeoutMs }) {
  if (base.startsWith("http:") && !isLoopback(base)) {
    yield fail(
      "broker",
      "plain http to another machine: a client key could be read on its way. Nothing was sent",
      "Give the https URL.",
    );
    yield* unseen("nothing was sent");
    return;
  }
  const key = fromInput ? await readKey() : process.env.BROKER_KEY;
  const isReady = yield* broker(base, timeoutMs);
  if (!isReady) return;
  if (!key) yield withoutKey();
  else yield* token(base, timeoutMs, { key, scope, credential });
}
