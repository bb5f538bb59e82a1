// `doctor` and Cloudflare: the login, and the secrets of the deployed Worker. Another program answers as wrangler does.

import assert from "node:assert/strict";
import { test } from "node:test";

import { doctor, folderWith, loggedIn, parts, secretsNamed, toml, wranglerIn } from "./doctor.mjs";

async function answered(context, answers, { config = toml(), args = [], env = {} } = {}) {
  const folder = await folderWith(context, { "wrangler.toml": config });
  return doctor(folder, args, { EDGE_TOKEN_BROKER_WRANGLER: await wranglerIn(folder, answers), ...env });
}

/** As wrangler prints an error. */
const error = (text) => `printf '\\033[31m✘ \\033[41;31m[ERROR]\\033[0m %s\\n\\n' '${text}' >&2; exit 1`;

test("wrangler itself, with nobody logged in or without a network", async (context) => {
  const { code, all } = await doctor(await folderWith(context), [], { EDGE_TOKEN_BROKER_WRANGLER: "" });
  assert.equal(code, 0);
  const [login] = all("login");
  assert.ok(["warn", "skip"].includes(login.level), JSON.stringify(login));
  assert.ok(login.toDo);
  assert.equal(all("secrets")[0].level, "skip");
});

test("nobody is logged in: what to do, and no failure", async (context) => {
  const { code, all, said } = await answered(context, { whoami: `echo '{"loggedIn":false}'; exit 1` });
  assert.equal(code, 0);
  assert.deepEqual(said("login"), ["warn: nobody is logged in at Cloudflare"]);
  assert.match(all("login")[0].toDo, /wrangler login.*CLOUDFLARE_API_TOKEN/);
});

test("a missing secret, those of credentials and of Secrets Store", async (context) => {
  const store = `[[secrets_store_secrets]]\nbinding = "STORED"\nstore_id = "1"\nsecret_name = "s"\n`;
  const credential = `[vars.CREDENTIALS.other]
tenant = "fabrikam.onmicrosoft.com"
client_id = "other"
client_secret = ["STORED", "SECOND"]
`;
  const config = toml() + credential + store;
  const missing = await answered(context, { secrets: secretsNamed("OTHER") }, { config, args: ["--env", ""] });
  assert.equal(missing.code, 1);
  assert.deepEqual(missing.said("secrets"), [
    "fail: secret AZ_CLIENT_SECRET is not set",
    "fail: secret SECOND is not set (CREDENTIALS.other.client_secret)",
  ]);
  assert.equal(missing.all("secrets")[0].toDo, "npx wrangler secret put AZ_CLIENT_SECRET");
  const good = await answered(context, { secrets: secretsNamed("AZ_CLIENT_CERTIFICATE", "SECOND") }, { config });
  assert.deepEqual(good.said("secrets"), [
    "ok: secrets are set: AZ_CLIENT_SECRET, STORED, SECOND, 1 of them in Secrets Store",
  ]);
});

test("a Worker that is not deployed, a refused login, no network, and no answer at all", async (context) => {
  const undeployed = await answered(context, { secrets: error('Worker "broker" not found. [code: 10007]') });
  assert.equal(undeployed.code, 0);
  assert.match(undeployed.said("secrets")[0], /^skip: .*the Worker broker is not deployed yet$/);

  const token = "v1.0-a-token-of-cloudflare";
  const failed = `A request to the Cloudflare API (/user) failed. Invalid access token ${token} [code: 9109]`;
  const env = { CLOUDFLARE_API_TOKEN: token };
  const refused = await answered(context, { whoami: error(failed) }, { env });
  assert.equal(refused.code, 1);
  assert.match(refused.said("login")[0], /^fail: Cloudflare refuses the login: /);
  assert.ok(!refused.stdout.includes(token), refused.stdout);

  const offline = await answered(context, {
    whoami: error("Unable to resolve Cloudflare's API hostname".replace("'", "")),
  });
  assert.deepEqual(
    [offline.code, offline.said("login")[0]],
    [0, "skip: the login at Cloudflare is not checked: Cloudflare cannot be reached"],
  );
  const silent = await answered(context, { whoami: "exec tail -f /dev/null" }, { args: ["--timeout", "3"] });
  assert.match(silent.said("login")[0], /^skip: .*does not answer in time/);
});

test("several accounts, of which none is chosen", async (context) => {
  const whoami = loggedIn.replace(`[{`, `[{"name":"B","id":"2"},{`);
  const secrets = secretsNamed("AZ_CLIENT_SECRET");
  const { all, code } = await answered(context, { whoami, secrets });
  assert.deepEqual([code, all("login")[0].level, all("secrets")[0].level], [0, "warn", "ok"]);
  const config = toml({ head: `account_id = "2"\n${parts.head}` });
  assert.equal((await answered(context, { whoami, secrets }, { config })).all("login")[0].level, "ok");
});
