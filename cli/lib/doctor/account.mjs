// The login at Cloudflare, and the secrets that the deployed Worker has there.

/** @import { Check } from "./check.mjs" */
/** @import { Place } from "./configuration.mjs" */
/** @import { Config } from "./read-config.mjs" */

import { neededSecrets } from "../bindings.mjs";
import { runWrangler, wranglerEnv } from "../project.mjs";
import { Failure } from "../run.mjs";
import { fail, ok, skip, warn } from "./check.mjs";
import { varsOf } from "./configuration.mjs";
import { sentencesOf } from "./plain.mjs";

const howToLogIn = "Run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN (in CI).";
const noNetwork = /Unable to resolve|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|fetch failed|No internet|network/i;
const refused = /\b(9109|10000|10001|6003|6111)\b|Invalid (access|API) token|Authentication error|Unauthorized/i;
const notDeployed = /\b10007\b|does not exist|not found/i;
const severalAccounts = /More than one account/i;

/**
 * @param {Config} config
 * @param {Place} place
 * @returns {AsyncGenerator<Check>}
 */
export async function* account(config, place) {
  const { check, isLoggedIn } = await loginOf(config, place);
  yield check;
  if (isLoggedIn) yield* secrets(config, place);
  else yield skip("secrets", deployed, "that needs a login");
}

/**
 * @param {Config} config
 * @param {Place} place
 */
async function loginOf({ account_id }, place) {
  const { code, stdout, output } = await wrangler(["whoami", "--json"], place);
  const user = parsed(stdout);
  if (user?.loggedIn === true) {
    const accounts = Array.isArray(user.accounts) ? user.accounts : [];
    const chosen = account_id ?? process.env.CLOUDFLARE_ACCOUNT_ID;
    const message = `logged in at Cloudflare${user.authType ? ` (${user.authType})` : ""}`;
    if (accounts.length < 2 || chosen) return { check: ok("login", message), isLoggedIn: true };
    const toDo = "Set account_id in wrangler.toml, or CLOUDFLARE_ACCOUNT_ID: npx wrangler whoami lists the ids.";
    return {
      isLoggedIn: true,
      check: warn("login", `${message}, with ${accounts.length} accounts, of which none is chosen`, toDo),
    };
  }
  const check =
    user?.loggedIn === false
      ? warn("login", "nobody is logged in at Cloudflare", howToLogIn)
      : skipOrFail("login", "the login at Cloudflare is", code, output);
  return { check, isLoggedIn: false };
}

/**
 * What the answer of wrangler means, if it has no result.
 * @param {string} name
 * @param {string} what
 * @param {number} code
 * @param {string} output
 */
function skipOrFail(name, what, code, output) {
  if (code > 128) return skip(name, what, "wrangler does not answer in time (is there a network?)");
  const [first = `wrangler ends with exit code ${code}`] = sentencesOf(output);
  if (noNetwork.test(output))
    return skip(name, what, "Cloudflare cannot be reached", "Check the network, then run this again.");
  if (refused.test(output)) return fail(name, `Cloudflare refuses the login: ${first}`, `${howToLogIn} ${rights}`);
  return skip(name, what, `wrangler says: ${first}`);
}
const rights = "A token needs the permission Workers Scripts: Edit.";
const deployed = "the secrets of the deployed Worker are";

/**
 * @param {Config} config
 * @param {Place} place
 * @returns {AsyncGenerator<Check>}
 */
async function* secrets(config, place) {
  const { code, stdout, output } = await wrangler(["secret", "list", "--format", "json", ...where(place)], place);
  const list = parsed(stdout);
  if (!Array.isArray(list)) {
    const worker = `the Worker ${config.name}`;
    if (code !== 0 && notDeployed.test(output))
      yield skip(
        "secrets",
        deployed,
        `${worker} is not deployed yet`,
        "Run `npx wrangler deploy`, then set its secrets.",
      );
    else if (severalAccounts.test(output)) yield skip("secrets", deployed, "no account is chosen");
    else yield skipOrFail("secrets", deployed, code, output);
    return;
  }
  const stored = config.secrets_store_secrets.map(({ binding }) => binding);
  const set = new Set([...list.map(({ name }) => String(name)), ...stored]);
  // Each of the two is a proof.
  if (set.has("AZ_CLIENT_CERTIFICATE")) set.add("AZ_CLIENT_SECRET");
  const needed = neededSecrets(varsOf(config));
  const missing = needed.filter(({ name }) => !set.has(name));
  for (const { field, name } of missing)
    yield fail("secrets", `secret ${name} is not set${field === name ? "" : ` (${field})`}`, put(name, place));
  if (missing.length > 0) return;
  const names = [...new Set(needed.map(({ name }) => name))];
  const inStore = names.filter((name) => stored.includes(name)).length;
  const of = inStore > 0 ? `, ${inStore} of them in Secrets Store` : "";
  yield ok("secrets", names.length > 0 ? `secrets are set: ${names.join(", ")}${of}` : "no secret is needed");
}

/**
 * @param {string} name
 * @param {Place} place
 */
function put(name, { env }) {
  const at = env ? ` --env ${env}` : "";
  const made = /^ISSUER_KEY/.test(name)
    ? " < FILE  # of: npx edge-token-broker issuer-key --out FILE"
    : name === "REGISTRY_KEY"
      ? "  # of: openssl rand -base64 32"
      : "";
  return `npx wrangler secret put ${name}${at}${made}`;
}

/** @param {Place} place */
const where = ({ file, env }) => ["--config", file, ...(env ? ["--env", env] : [])];

/**
 * @param {string[]} args
 * @param {Place} place
 */
async function wrangler(args, { timeoutMs }) {
  const env = {
    ...wranglerEnv(),
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_HIDE_BANNER: "true",
    NO_COLOR: "1",
  };
  const options = { env, mayFail: true, timeoutMs };
  try {
    return await runWrangler(args, options);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { code: 1, stdout: "", output: error.message };
  }
}

/**
 * The JSON of an answer; wrangler may print lines before it.
 * @param {string} text
 */
function parsed(text) {
  const start = text.search(/^[[{]/m);
  try {
    return start === -1 ? undefined : JSON.parse(text.slice(start));
  } catch {
    return undefined;
  }
}
