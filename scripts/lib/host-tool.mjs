// The programs in tools/, built for this machine.

import { existsSync } from "node:fs";
import { join } from "node:path";

import { root, run, say } from "./run.mjs";

/** @type {Map<string, Promise<string>>} */
const built = new Map();

/**
 * The path of a program. The first call has Cargo build it if it is not up to date.
 * @param {"explain" | "registry"} name
 */
export function hostTool(name) {
  const path = built.get(name) ?? build(name);
  built.set(name, path);
  return path;
}

/** @param {string} name */
async function build(name) {
  const targets = process.env.CARGO_TARGET_DIR ?? join(root, "target");
  const path = join(targets, "debug", process.platform === "win32" ? `${name}.exe` : name);
  if (!existsSync(path)) say(`${name}: compiling (half a minute, once)`);
  await run("cargo", ["build", "--quiet", "--locked", "--bin", name, "--target-dir", targets]);
  return path;
}
