// Starts other programs in the repository's folder, with its npm packages and its Node.js.

/** @import { Options } from "../../cli/lib/run.mjs" */

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import util from "node:util";

import { checkNode } from "../../cli/lib/node.mjs";
import * as cli from "../../cli/lib/run.mjs";

export { codeOf, Failure, messageOf, say, stopping } from "../../cli/lib/run.mjs";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const packageBinaries = join(root, "node_modules", ".bin");
/** The Node.js of wrangler and the tests. It comes with the npm packages. */
export const projectNode = join(packageBinaries, "node");

/**
 * Runs a script's `work` and turns its outcome into an exit code.
 * @param {() => Promise<number | void>} work
 */
export function main(work) {
  return cli.main(async () => {
    checkNode();
    return work();
  });
}

/**
 * The script's arguments, as `options` declare them. A fault in them prints the reason and the usage.
 * @template {NonNullable<util.ParseArgsConfig["options"]>} const Options
 * @param {Options} options
 * @param {string} usage
 * @returns {ReturnType<typeof util.parseArgs<{ options: Options, allowPositionals: boolean }>>}
 */
export function parseArguments(options, usage, { allowPositionals = false } = {}) {
  try {
    return util.parseArgs({ options, allowPositionals });
  } catch (error) {
    throw new cli.Faulty(`${cli.messageOf(error).split(".")[0]}.\n${usage}`);
  }
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Options} [options]
 */
export function start(command, args, options) {
  return cli.start(command, args, { cwd: root, env: projectEnv(), ...options });
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Parameters<typeof cli.run>[2]} [options]
 */
export function run(command, args, options) {
  return cli.run(command, args, { cwd: root, ...options, env: options?.env ?? projectEnv() });
}

/**
 * The environment with the project's npm packages and its Node.js first in PATH.
 * @param {NodeJS.ProcessEnv} more
 * @returns {NodeJS.ProcessEnv}
 */
export function projectEnv(more = {}) {
  return { ...process.env, PATH: [packageBinaries, machinePath()].join(delimiter), ...more };
}

/** The environment without them: npm must not run on the Node.js that it replaces. */
export function machineEnv() {
  return { ...process.env, PATH: machinePath() };
}

function machinePath() {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .filter((directory) => directory !== packageBinaries)
    .join(delimiter);
}

/**
 * Fails with `sentence` if there is no program of that name.
 * @param {string} name
 * @param {string} sentence
 */
export function requireProgram(name, sentence) {
  const names = process.platform === "win32" ? [`${name}.exe`, `${name}.cmd`] : [name];
  const directories = machinePath().split(delimiter);
  if (!directories.some((directory) => names.some((file) => existsSync(join(directory, file))))) {
    throw new cli.Failure(sentence);
  }
}
