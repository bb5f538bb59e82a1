// wrangler.toml as wrangler reads it, and its vars as the Worker reads them.

/** @import { Check } from "./check.mjs" */
/** @import { Config, Read } from "./read-config.mjs" */

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { asBindings, assumeSecrets } from "../bindings.mjs";
import { called } from "../command.mjs";
import { folder, nodeOfWrangler, packageFolder, wranglerEnv } from "../project.mjs";
import { Failure, run } from "../run.mjs";
import { runTool } from "../tool.mjs";
import { fail, ok, skip, warn } from "./check.mjs";
import { plain, sentencesOf } from "./plain.mjs";

const program = fileURLToPath(new URL("read-config.mjs", import.meta.url));
/** What a configuration has when nobody has filled it in. */
const unfilled = new Set(["AZ_TENANT: is missing", "AZ_CLIENT_ID: is missing", "AZ_CLIENT_SECRET: is missing"]);
const noClient = "CLIENTS: is missing";

/** @typedef {{ file: string, env?: string | undefined, timeoutMs: number }} Place */

/** @param {string} file */
export const exists = (file) => existsSync(resolve(folder, file));

/**
 * Reads the configuration. Without `config`, the check says why it cannot be read.
 * @param {Place} place
 * @returns {Promise<{ config?: Config, checks: Check[] }>}
 */
export async function readWhole({ file, env, timeoutMs }) {
  const name = "configuration";
  if (packageFolder("wrangler") === undefined)
    return { checks: [skip(name, `${file} is`, "wrangler reads it, and is not installed")] };
  const read = await asked([file, ...(env ? [env] : [])], timeoutMs);
  if (read === undefined) return { checks: [skip(name, `${file} is`, "wrangler does not answer in time")] };
  if ("fault" in read) {
    const [first = "it does not say why", ...others] = sentencesOf(read.fault);
    const more = others.length > 0 ? [others.join("\n")] : [];
    const toDo = [...more, `Correct ${file}: docs/operations.md of the project has the whole file.`].join("\n");
    return { checks: [fail(name, `wrangler cannot read ${file}: ${first}`, toDo)] };
  }
  const { config, warnings } = read;
  const warned = warnings.map((warning) => {
    const [first = "wrangler has a warning", ...others] = sentencesOf(warning);
    return warn(name, `${file}: ${first}`, [...others, `Correct ${file}.`].join("\n"));
  });
  return { config, checks: [ok(name, `${file} is readable${env ? `, environment ${env}` : ""}`), ...warned] };
}

/**
 * @param {string[]} args
 * @param {number} timeoutMs
 * @returns {Promise<Read | undefined>}
 */
async function asked(args, timeoutMs) {
  try {
    const options = { env: wranglerEnv(), mayFail: true, timeoutMs };
    const { stdout } = await run(nodeOfWrangler(), [program, ...args], options);
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  } catch (error) {
    if (error instanceof Failure || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * The vars of the configuration as the Worker's own parser gets them.
 * @param {Config} config
 */
export function varsOf({ vars, kv_namespaces }) {
  const registry = kv_namespaces.some(({ binding }) => binding === "REGISTRY");
  return { ...vars, ...(registry && { REGISTRY: {} }) };
}

/**
 * What the Worker would say of the configuration, one check for each fault.
 * @param {Config} config
 * @param {string} file
 * @param {number} timeoutMs
 */
export async function worker(config, file, timeoutMs) {
  const name = "worker";
  const parser = `what the Worker says of ${file} is`;
  const vars = varsOf(config);
  /** @type {Awaited<ReturnType<typeof runTool>>} */
  let answer;
  try {
    answer = await runTool("explain", { bindings: asBindings(assumeSecrets(vars).vars) }, timeoutMs);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [skip(name, parser, error.message)];
  }
  if (answer.code > 2) return [skip(name, parser, "it does not answer in time")];
  if (answer.code < 2) return accepted(answer.stdout, "REGISTRY" in vars);
  const faults = answer.stdout
    .split("\n")
    .slice(1)
    .map((line) => plain(line))
    .filter(Boolean);
  return faultsOf(faults, vars, file);
}

/**
 * @param {string[]} faults
 * @param {Record<string, unknown>} vars
 * @param {string} file
 */
function faultsOf(faults, vars, file) {
  const isNew = !vars.AZ_TENANT && !vars.AZ_CLIENT_ID && !vars.CREDENTIALS;
  const left = faults.filter((fault) => !(isNew && unfilled.has(fault)) && fault !== noClient);
  const advice = `Correct it in ${file}. With any fault every token request is answered 503.`;
  const checks = left.map((fault) => fail("worker", fault, advice));
  if (isNew) checks.push(warn("credential", "there is no credential yet: a deployed broker answers 503", fillIn(file)));
  if (faults.includes(noClient)) checks.push(withoutClient(isNew ? warn : fail));
  return checks;
}

/** @param {string} file */
const fillIn = (file) =>
  `In ${file}, fill in AZ_TENANT and AZ_CLIENT_ID, or add an entry to CREDENTIALS.\nOn this machine, \`${called("start")}\` uses a stand-in until then.`;

/** @param {typeof warn} level */
const withoutClient = (level) =>
  level(
    "client",
    "there is no client yet, so nobody may get a token",
    `Make one, and paste its entry: ${called("new-client")} NAME`,
  );

/**
 * @param {string} page What `explain` lists.
 * @param {boolean} hasRegistry
 */
function accepted(page, hasRegistry) {
  const clients = page.match(/^client /gm)?.length ?? 0;
  const apis = page.match(/^API /gm)?.length ?? 0;
  const counted = [`${clients} ${clients === 1 ? "client" : "clients"}`];
  if (hasRegistry) counted.push("more in the registry");
  if (apis > 0) counted.push(`${apis} ${apis === 1 ? "API" : "APIs"}`);
  const check = ok("worker", `the Worker takes the configuration: ${counted.join(", ")}`);
  if (clients > 0 || hasRegistry) return [check];
  return [check, withoutClient(warn)];
}
