// `doctor` in a folder of the test's own.

/** @import { TestContext } from "node:test" */
/** @import { Check } from "../../cli/lib/doctor/check.mjs" */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { keyDigest, newClientKey } from "../../cli/lib/client-key.mjs";
import { command, withPackages } from "./command.mjs";

export const key = newClientKey();

/** A configuration without a fault, in parts: a test changes one. */
export const parts = {
  head: `name = "broker"
main = "worker.mjs"
compatibility_date = "2026-11-01"
compatibility_flags = ["enable_request_signal"]
`,
  tokens: `[[kv_namespaces]]
binding = "TOKENS"
`,
  objects: `[[durable_objects.bindings]]
name = "COORDINATOR"
class_name = "TokenCoordinator"
[[durable_objects.bindings]]
name = "ASSERTIONS"
class_name = "AssertionLedger"
`,
  migrations: `[[migrations]]
tag = "v1"
new_sqlite_classes = ["TokenCoordinator", "AssertionLedger"]
`,
  cron: `[triggers]
crons = ["*/5 * * * *"]
`,
  vars: `[vars]
AZ_TENANT = "fabrikam.onmicrosoft.com"
AZ_CLIENT_ID = "0b5f1f4a-7c7e-4b7e-9a39-2a9d3c1f6e55"
`,
  client: `[vars.CLIENTS.reports]
key_sha256 = ["${keyDigest(key)}"]
allow = [{ credential = "default", scope = "https://graph.microsoft.com/.default" }]
`,
};

/** @param {Partial<typeof parts>} changed */
export const toml = (changed = {}) => Object.values({ ...parts, ...changed }).join("");

export const worker = `export { default, TokenCoordinator, AssertionLedger } from "edge-token-broker";\n`;
const packageJson = JSON.stringify({ devDependencies: { wrangler: "*" } });

/**
 * A folder with these files besides those of a good broker, gone after the test. Without `isInstalled` there is no
 * node_modules.
 * @param {TestContext} context
 * @param {Record<string, string | undefined>} files `undefined`: there is no such file.
 */
export async function folderWith(context, files = {}, { isInstalled = true } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "edge-token-broker-doctor-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const all = { "wrangler.toml": toml(), "worker.mjs": worker, "package.json": packageJson, ...files };
  for (const [name, text] of Object.entries(all)) if (text !== undefined) await writeFile(join(folder, name), text);
  if (isInstalled) await withPackages(folder);
  return folder;
}

/**
 * A program in place of wrangler: the shell lines of its answer to `whoami` and to `secret list`. A test has no account.
 * @param {string} folder
 * @param {{ whoami?: string, secrets?: string }} answers
 */
export async function wranglerIn(folder, { whoami = loggedIn, secrets = "echo '[]'" } = {}) {
  const path = join(folder, "wrangler");
  await writeFile(path, `#!/bin/sh\ncase "$1" in\nwhoami) ${whoami} ;;\nsecret) ${secrets} ;;\nesac\n`, {
    mode: 0o755,
  });
  return path;
}

/** @param {string[]} names */
export const secretsNamed = (...names) =>
  `echo '${JSON.stringify(names.map((name) => ({ name, type: "secret_text" })))}'`;

export const loggedIn = `echo '{"loggedIn":true,"authType":"User API Token","accounts":[{"name":"A","id":"1"}]}'`;

/** No variable of this machine counts, and in place of wrangler's login there is a program that only fails. */
const nobody = {
  EDGE_TOKEN_BROKER_WRANGLER: "false",
  BROKER_KEY: "",
  CLOUDFLARE_API_TOKEN: "",
  CLOUDFLARE_ACCOUNT_ID: "",
};

/**
 * Runs it with `--json`: its exit code, and its checks.
 * @param {string} folder
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @param {string} input
 */
export async function doctor(folder, args = [], env = {}, input = "") {
  const { code, stdout, stderr } = await printed(folder, ["--json", ...args], env, input);
  /** @type {{ ok: boolean, checks: Check[] }} */
  const { ok, checks } = JSON.parse(stdout || `{"checks":[]}`);
  /** @param {string} name */
  const all = (name) => checks.filter((check) => check.name === name);
  /** @param {string} name The check of that name, as `level: message`. */
  const said = (name) => all(name).map(({ level, message }) => `${level}: ${message}`);
  return { code, ok, checks, all, said, stdout, stderr };
}

/**
 * Runs it as a person does.
 * @param {string} folder
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @param {string} input
 */
export function printed(folder, args = [], env = {}, input = "") {
  return command("doctor", args, input, { cwd: folder, env: { ...nobody, ...env } });
}
