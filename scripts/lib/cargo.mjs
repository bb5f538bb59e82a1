// Compiles the crate to wasm.

import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import { projectEnv, root, run } from "./run.mjs";

/** In Cargo.toml. */
const profile = "worker";
/** File names in the wasm's messages must not have the paths of this machine. */
const registry = join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "registry", "src");
const withoutPaths = [`--remap-path-prefix=${registry}=`, `--remap-path-prefix=${root}=`];

/**
 * Builds what `parts` name, and returns the folder of the results.
 * @param {string} target
 * @param {string[]} parts
 * @param {string[]} flags
 * @param {boolean} show
 */
export async function cargoBuild(target, parts, flags, show) {
  const targets = process.env.CARGO_TARGET_DIR ?? join(root, "target");
  const args = ["build", ...parts, "--profile", profile, "--locked", "--target", target, "--target-dir", targets];
  const env = projectEnv({ CARGO_ENCODED_RUSTFLAGS: [...flags, ...withoutPaths].join("\x1f") });
  await run("cargo", args, { show, env });
  return join(targets, target, profile);
}

/**
 * The SHA-256 of what a build depends on: settings, files, and all files in folders. What every build depends on is
 * always among them.
 * @param {unknown} settings
 * @param {string[]} files
 * @param {string[]} folders
 */
export function hashOf(settings, files, folders) {
  const always = ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml"];
  const hash = createHash("sha256").update(JSON.stringify(settings));
  for (const path of [...[...always, ...files].map((name) => join(root, name)), ...folders.flatMap(filesIn)]) {
    const content = readFileSync(path);
    hash.update(`${path.slice(root.length)} ${content.length}\n`).update(content);
  }
  return hash.digest("hex");
}

/** @param {string} folder */
function filesIn(folder) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
