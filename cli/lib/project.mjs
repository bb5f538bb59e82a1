// The folder that a command works on, and the wrangler and the Node.js in it.

import { existsSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

import { runsWrangler, wranglerNode } from "./node.mjs";
import { Failure, run, start } from "./run.mjs";

/** @import { Options } from "./run.mjs" */

/** The folder in which the command was called. */
export const folder = process.cwd();

/**
 * The folder of an installed package, as Node.js finds it: in this folder or above it.
 * @param {string} name
 */
export function packageFolder(name) {
  return foldersUp()
    .map((above) => join(above, "node_modules", name))
    .find((path) => existsSync(join(path, "package.json")));
}

function foldersUp() {
  const folders = [folder];
  for (let above = dirname(folder); above !== folders.at(-1); above = dirname(above)) folders.push(above);
  return folders;
}

/** The configuration of the Worker here: the first that is there, in wrangler's order. */
export function configFile() {
  const names = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"];
  return names.find((name) => existsSync(join(folder, name))) ?? "wrangler.toml";
}

/** The folder, its version and the file of the command, of the wrangler that belongs to this folder. */
export function wrangler() {
  const found = packageFolder("wrangler");
  if (found === undefined)
    throw new Failure(
      "wrangler is not installed here: run `npm install` in the folder of your broker, or make one with `npx edge-token-broker init NAME`.",
    );
  const { version, bin } = JSON.parse(readFileSync(join(found, "package.json"), "utf8"));
  return { folder: found, version: String(version), command: join(found, bin.wrangler ?? bin) };
}

/** The Node.js that runs wrangler: that of the npm package `node`, which a folder has if the machine's is too old. */
export function nodeOfWrangler() {
  // Without wrangler nothing else matters.
  wrangler();
  const own = packageFolder("node");
  const binary = own && join(own, "bin", process.platform === "win32" ? "node.exe" : "node");
  if (binary !== undefined && existsSync(binary)) return binary;
  if (runsWrangler(process.versions.node)) return process.execPath;
  throw new Failure(
    `wrangler needs Node.js ${wranglerNode.major}.${wranglerNode.minor} or later, and this is ${process.versions.node}: ` +
      "run `npm install --save-dev node@24` here, or install a newer one (https://nodejs.org).",
  );
}

/**
 * The environment in which wrangler finds its own Node.js first.
 * @returns {NodeJS.ProcessEnv}
 */
export function wranglerEnv() {
  const own = packageFolder("node");
  const binaries = own ? [join(dirname(own), ".bin")] : [];
  return { ...process.env, PATH: [...binaries, process.env.PATH ?? ""].join(delimiter) };
}

/**
 * Starts the wrangler of this folder.
 * @param {readonly string[]} args
 * @param {Options} [options]
 */
export function startWrangler(args, options) {
  return start(nodeOfWrangler(), [wrangler().command, ...args], { env: wranglerEnv(), ...options });
}

/**
 * Runs the wrangler of this folder to its end. Tests put another program in its place, because a login and a deployed
 * namespace need an account.
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, mayFail?: boolean, timeoutMs?: number }} [options]
 */
export function runWrangler(args, options) {
  const other = process.env.EDGE_TOKEN_BROKER_WRANGLER;
  if (other) return run(other, args, options);
  return run(nodeOfWrangler(), [wrangler().command, ...args], { env: wranglerEnv(), ...options });
}
