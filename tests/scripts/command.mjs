// Runs a command of the project on a configuration of the test's own, as npx would.

/** @import { TestContext } from "node:test" */

import { spawn } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/**
 * A folder with a wrangler.toml of this text, gone after the test; `devVars` is its .dev.vars.
 * @param {TestContext} context
 * @param {string} toml
 * @param {string} [devVars]
 */
export async function configuration(context, toml, devVars) {
  const folder = await mkdtemp(join(tmpdir(), "edge-token-broker-command-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "wrangler.toml");
  await writeFile(path, `name = "broker"\ncompatibility_date = "2026-11-01"\n${toml}`);
  if (devVars) await writeFile(join(folder, ".dev.vars"), devVars);
  return path;
}

/**
 * Gives a folder the packages of the project.
 * @param {string} folder
 */
export const withPackages = (folder) => symlink(join(ROOT, "node_modules"), join(folder, "node_modules"), "junction");

/** @typedef {{ cwd?: string, env?: NodeJS.ProcessEnv }} Around Another folder, and more variables. */

/**
 * Runs a command of the package: its exit code and output.
 * @param {string} name
 * @param {string[]} args
 * @param {string} input
 * @param {Around} around
 */
export function command(name, args, input = "", around = {}) {
  return script(join("cli", "main.mjs"), [name, ...args], input, around);
}

/**
 * Runs a script of the project.
 * @param {string} path
 * @param {string[]} args
 * @param {string} input
 * @param {Around} around
 */
export async function script(path, args, input = "", { cwd = ROOT, env: more = {} } = {}) {
  // As `npx` calls it, whatever npm calls the tests.
  const { npm_lifecycle_event: _, ...own } = process.env;
  const env = { ...own, ...more };
  const child = spawn(process.execPath, [join(ROOT, path), ...args], { cwd, env, stdio: "pipe" });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (output.stderr += text));
  child.stdin.on("error", () => {}); // it may end without reading
  child.stdin.end(input);
  const code = await new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
  return { code, ...output };
}
