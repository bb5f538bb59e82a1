// Runs a command of the project on a configuration of the test's own, as npm would.

/** @import { TestContext } from "node:test" */

import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
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
 * Its exit code and output.
 * @param {string} script
 * @param {string[]} args
 */
export async function command(script, args, input = "") {
  const child = spawn(process.execPath, [join(ROOT, "scripts", script), ...args], { cwd: ROOT, stdio: "pipe" });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (output.stderr += text));
  child.stdin.on("error", () => {}); // it may end without reading
  child.stdin.end(input);
  const code = await new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
  return { code, ...output };
}
