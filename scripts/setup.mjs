// Installs what the other commands need and this machine does not have. If nothing is missing, it is quick and prints
// nothing.
//
// It expects Node.js (`oldestNode` in versions.mjs), npm and rustup.

/** @import { CargoTool } from "./versions.mjs" */

import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { withLock } from "./lib/lock.mjs";
import { Failure, machineEnv, main, projectEnv, projectNode, requireProgram, root, run, say } from "./lib/run.mjs";
import { cargoTools } from "./versions.mjs";

const cache = process.env.EDGE_TOKEN_BROKER_TOOLS || process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
const tools = join(cache, "edge-token-broker");

/**
 * @typedef {{ isReady: () => boolean | Promise<boolean>, install: () => Promise<unknown> }} Part What may be missing.
 */

/** @typedef {{ channel: string, components: string[], targets: string[], profile: string }} Toolchain */

/**
 * The path of a cargo tool's binary. Cargo puts it there at the end of its work, so it is never half-written.
 * @param {CargoTool} tool
 */
export function toolPath({ crate, version, binary }) {
  return join(tools, `${crate}-${version}`, "bin", binary);
}

/** Installs everything that is missing. */
export async function setUp() {
  for (const program of ["rustup", "cargo"]) {
    requireProgram(
      program,
      `${program} is missing: install Rust with rustup (https://rustup.rs), then open a new terminal.`,
    );
  }
  // In this order, because a package reads rust-toolchain.toml, and cargo reads Cargo.lock.
  await install([packages()]);
  await install([await toolchain()]);
  await checkWasmBindgen();
  await install(Object.values(cargoTools).map(cargoTool));
}

/** Installs the npm packages if they are missing: enough to read the configuration. */
export async function setUpPackages() {
  await install([packages()]);
}

/** @param {Part[]} parts */
async function install(parts) {
  if ((await missing(parts)).length === 0) return;
  await withLock(join(tools, "setup.lock"), "setup", async () => {
    // Checked again: the holder of the lock may have installed it.
    for (const part of await missing(parts)) await part.install();
  });
}

/**
 * Installs one more cargo tool, and returns its path.
 * @param {CargoTool} tool
 */
export async function setUpTool(tool) {
  await install([cargoTool(tool)]);
  return toolPath(tool);
}

/** @param {Part[]} parts */
async function missing(parts) {
  const ready = await Promise.all(parts.map((part) => part.isReady()));
  return parts.filter((_, index) => !ready[index]);
}

/**
 * The toolchain, components and targets of rust-toolchain.toml.
 * @returns {Promise<Part>}
 */
async function toolchain() {
  const { parse } = await import("smol-toml");
  const file = parse(readFileSync(join(root, "rust-toolchain.toml"), "utf8"));
  const { channel, components, targets, profile } = /** @type {Toolchain} */ (file.toolchain);
  const wanted = [...components, ...targets.map((target) => `rust-std-${target}`)];
  return {
    async isReady() {
      const list = ["component", "list", "--installed", "--toolchain", channel];
      const { code, output } = await run("rustup", list, { mayFail: true });
      const installed = output.split("\n");
      // Names of components end with the host if they depend on it.
      return code === 0 && wanted.every((part) => installed.some((name) => name.startsWith(part)));
    },
    // By name, because a machine may have switched off rustup's automatic installation.
    async install() {
      say(`setup: installing Rust ${channel} with ${targets.join(", ")} (about a minute)`);
      const parts = ["--profile", profile, "--component", components.join(","), "--target", targets.join(",")];
      await run("rustup", ["toolchain", "install", channel, "--no-self-update", ...parts], { show: true });
    },
  };
}

/** @returns {Part} */
function packages() {
  return {
    isReady: packagesMatch,
    async install() {
      requireProgram("npm", "npm is missing: install Node.js with npm (https://nodejs.org).");
      say("setup: installing the npm packages (about 15 seconds)");
      const flags = ["--include=dev", "--include=optional", "--no-audit", "--no-fund", "--loglevel=error"];
      await run("npm", ["ci", ...flags], { env: machineEnv(), show: true });
      if (!packagesMatch()) {
        throw new Failure(
          "npm did not run the packages' install scripts: run `npm rebuild --ignore-scripts=false`, then try again.",
        );
      }
    },
  };
}

/**
 * Whether node_modules is as package-lock.json says, and has nothing that it has not. npm writes its record of an installation last, so an interrupted
 * one has no record. Optional packages are those of other platforms.
 */
function packagesMatch() {
  const record = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(record) || !existsSync(projectNode)) return false;
  const installed = packagesOf(record);
  const locked = packagesOf(join(root, "package-lock.json"));
  const hasNoOther = Object.keys(installed).every((path) => path in locked);
  return (
    hasNoOther &&
    Object.entries(locked).every(
      ([path, { integrity, optional }]) =>
        path === "" || optional || (installed[path]?.integrity === integrity && existsSync(join(root, path))),
    )
  );
}

/**
 * @param {string} lock
 * @returns {Record<string, { integrity?: string, optional?: boolean }>}
 */
function packagesOf(lock) {
  return JSON.parse(readFileSync(lock, "utf8")).packages;
}

/**
 * @param {CargoTool} tool
 * @returns {Part}
 */
function cargoTool(tool) {
  const { crate, version, minutes, optimised = true } = tool;
  return {
    isReady: () => existsSync(toolPath(tool)),
    async install() {
      say(`setup: building ${crate} ${version} (about ${minutes} minutes, once on this machine)`);
      const where = join(tools, `${crate}-${version}`);
      const profile = optimised ? [] : ["--debug"];
      const env = projectEnv({ CARGO_PROFILE_DEV_DEBUG: "0" });
      await run("cargo", ["install", "--locked", ...profile, "--root", where, `${crate}@${version}`], {
        env,
        show: true,
      });
    },
  };
}

async function checkWasmBindgen() {
  const { output } = await run("cargo", ["pkgid", "--locked", "wasm-bindgen"]);
  const locked = output.trim().split("@").at(-1);
  const { version } = cargoTools.wasmBindgen;
  if (locked !== version) {
    throw new Failure(
      `Cargo.lock has wasm-bindgen ${locked}, scripts/versions.mjs has wasm-bindgen-cli ${version}: make them equal.`,
    );
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(setUp);
