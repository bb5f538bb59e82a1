// Secrets where they must not be, and values that nobody has filled in.

/** @import { Check } from "./check.mjs" */
/** @import { Config } from "./read-config.mjs" */

import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import { neededSecrets } from "../bindings.mjs";
import { folder } from "../project.mjs";
import { run } from "../run.mjs";
import { fail, ok, skip, warn } from "./check.mjs";

/** The bindings that are always secrets. */
const alwaysSecret =
  /^(AZ_CLIENT_(SECRET|CERTIFICATE)(_SECONDARY)?|ISSUER_KEY(_NEXT|_PREVIOUS)?|CACHE_KEY|REGISTRY_KEY)$/;
/** A private key in PEM, or a client key. */
const secretForm = /-----BEGIN [A-Z ]*PRIVATE KEY-----|\betb_[A-Za-z0-9_-]{43}/;
/** A value in `<>`, such as `<tenant id>`. */
const placeholder = /^<[^<>]*>$/;
/** The ids of the documents' examples. */
const examples = ["11111111-2222-3333-4444-555555555555", "contoso.onmicrosoft.com"];

/**
 * @param {Config} config
 * @param {string} file
 * @returns {Check[]}
 */
export function values(config, file) {
  const leaked = leaks(config).map((name) =>
    fail(
      "leak",
      `${name} is in [vars] of ${file}: everybody who reads the file or the dashboard has it`,
      `Remove it, make a new one where it comes from, and run: npx wrangler secret put ${name.split(".")[0]}`,
    ),
  );
  if (leaked.length === 0) leaked.push(ok("leak", `no secret is in ${file}`));
  const { vars, kv_namespaces, secrets_store_secrets } = config;
  const texts = [...textsOf({ ...vars, kv_namespaces, secrets_store_secrets })];
  const unfilled = texts
    .filter(([, value]) => placeholder.test(value))
    .map(([path]) => fail("placeholder", `${path} still has a placeholder in <>`, `Fill it in, in ${file}.`));
  const copied = texts
    .filter(([, value]) => examples.includes(value))
    .map(([path]) => warn("placeholder", `${path} has the value of the documents' example`, `Correct it in ${file}.`));
  return [...leaked, ...unfilled, ...copied];
}

/**
 * The names or fields that have a secret in them.
 * @param {Config} config
 */
function leaks({ vars }) {
  const named = new Set(neededSecrets(vars).map(({ name }) => name));
  const whole = Object.keys(vars).filter((name) => vars[name] && (alwaysSecret.test(name) || named.has(name)));
  const inside = [...textsOf(vars)].filter(([, value]) => secretForm.test(value)).map(([path]) => path);
  return [...new Set([...whole, ...inside])];
}

/**
 * Each text in a table, with its path.
 * @param {unknown} value
 * @param {string} [path]
 * @returns {Generator<[string, string]>}
 */
function* textsOf(value, path = "") {
  if (typeof value === "string") yield [path, value];
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    const item = Array.isArray(value) ? `${path}[${name}]` : path ? `${path}.${name}` : name;
    yield* textsOf(inner, item);
  }
}

/**
 * Whether git would take in the files with local secrets.
 * @param {string} file
 * @param {string | undefined} env
 * @param {number} timeoutMs
 */
export async function ignored(file, env, timeoutMs) {
  const at = dirname(resolve(folder, file));
  const names = [".dev.vars", ...(env ? [`.dev.vars.${env}`] : []), ".env"];
  const paths = names.filter((name, place) => place === 0 || existsSync(join(at, name)));
  const name = "dev_vars";
  const what = "whether git ignores .dev.vars is";
  /** @type {string[]} */
  const open = [];
  for (const path of paths) {
    const code = await git(["check-ignore", "--quiet", path], at, timeoutMs);
    if (code === undefined) return skip(name, what, "git is not found");
    if (code > 1) return skip(name, what, "there is no git repository here");
    if (code === 1) open.push(path);
  }
  if (open.length === 0) return ok(name, `git ignores ${paths.join(", ")}`);
  const toDo = `Add to .gitignore: ${open.join(", ")}. If git has it already: git rm --cached ${open.join(" ")}, and replace its secrets.`;
  const isThere = open.some((path) => existsSync(join(at, path)));
  const message = `git does not ignore ${open.join(", ")}`;
  return isThere ? fail(name, `${message}, which has local secrets`, toDo) : warn(name, message, toDo);
}

/**
 * Its exit code; nothing if there is no such program.
 * @param {string[]} args
 * @param {string} cwd
 * @param {number} timeoutMs
 */
async function git(args, cwd, timeoutMs) {
  try {
    return (await run("git", args, { cwd, mayFail: true, timeoutMs })).code;
  } catch {
    return undefined;
  }
}
