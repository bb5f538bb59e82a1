// Compiles the crate to wasm.

import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, sep } from "node:path";

import { projectEnv, root, run } from "./run.mjs";

/** In Cargo.toml. */
const profile = "worker";

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
  const names = Object.entries(await shortNames(target, targets)).map(
    ([long, short]) => `--remap-path-prefix=${long}=${short}`,
  );
  const env = projectEnv({ CARGO_ENCODED_RUSTFLAGS: [...flags, ...names].join("\x1f") });
  await run("cargo", args, { show, env });
  return join(targets, target, profile);
}

/**
 * Folders of this machine → their names in the wasm's messages, which have to be the same on every machine. rustc takes
 * the last that fits.
 * @param {string} target
 * @param {string} targets
 * @returns {Promise<Record<string, string>>}
 */
async function shortNames(target, targets) {
  // Also downloads the crates, so that their folders are known.
  const { stdout } = await run("cargo", [
    "metadata",
    "--quiet",
    "--locked",
    "--format-version",
    "1",
    "--filter-platform",
    target,
  ]);
  /** @type {{ source: string | null, manifest_path: string }[]} */
  const crates = JSON.parse(stdout).packages;
  const registries = crates
    .filter(({ source }) => source !== null)
    .map((crate) => dirname(dirname(crate.manifest_path)));
  const sysroot = (await run("rustc", ["--print", "sysroot"])).stdout.trim();
  const commit = /^commit-hash: (\w+)$/m.exec((await run("rustc", ["--version", "--verbose"])).stdout)?.[1];
  return {
    [root]: "",
    [targets]: "target",
    ...Object.fromEntries([...new Set(registries)].sort().map((folder) => [`${folder}${sep}`, ""])),
    // Its name where the component rust-src is not installed. Where it is, rustc would name its folder.
    [join(sysroot, "lib", "rustlib", "src", "rust")]: `/rustc/${commit}`,
  };
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
