// Installs what the other commands need and this machine lacks. With nothing missing it is quick and says nothing.
//
// Node.js 20, npm and rustup are all that it expects to find.

import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { withLock } from "./lib/lock.mjs";
import { Failure, machineEnv, main, projectEnv, projectNode, requireProgram, root, run, say } from "./lib/run.mjs";
import { cargoTools } from "./versions.mjs";

const target = "wasm32-unknown-unknown";
const cache = process.env.EDGE_TOKEN_BROKER_TOOLS || process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
const tools = join(cache, "edge-token-broker");

/** The path of a cargo tool's binary. Cargo puts it there when it is finished, so it is there or not. */
export function toolPath({ crate, version, binary }) {
  return join(tools, `${crate}-${version}`, "bin", binary);
}

/** Installs what is missing of everything. */
export async function setUp() {
  for (const program of ["rustup", "cargo"]) {
    requireProgram(
      program,
      `${program} is missing: install Rust with rustup (https://rustup.rs), then open a new terminal.`,
    );
  }
  checkWasmBindgen();
  await install([toolchain(), packages(), ...Object.values(cargoTools).map(cargoTool)]);
}

/** Installs the npm packages if they are missing: enough to read the configuration. */
export async function setUpPackages() {
  await install([packages()]);
}

async function install(parts) {
  if ((await missing(parts)).length === 0) return;
  await withLock(join(tools, "setup.lock"), "setup", async () => {
    // Asked again: whoever held the lock may have installed it.
    for (const part of await missing(parts)) await part.install();
  });
}

/** Installs one more tool of cargo's, and returns its path. */
export async function setUpTool(tool) {
  const { isReady, install } = cargoTool(tool);
  if (!isReady()) await withLock(join(tools, "setup.lock"), "setup", async () => isReady() || install());
  return toolPath(tool);
}

async function missing(parts) {
  const ready = await Promise.all(parts.map((part) => part.isReady()));
  return parts.filter((_, index) => !ready[index]);
}

function toolchain() {
  const file = readFileSync(join(root, "rust-toolchain.toml"), "utf8");
  const channel = /^channel = "(.+)"/m.exec(file)[1];
  return {
    async isReady() {
      const list = ["component", "list", "--installed", "--toolchain", channel];
      const { code, output } = await run("rustup", list, { mayFail: true });
      return (
        code === 0 && [/^clippy/m, /^rustfmt/m, RegExp(`^rust-std-${target}`, "m")].every((part) => part.test(output))
      );
    },
    // By name: a machine may have switched off rustup's automatic installation.
    async install() {
      say(`setup: installing Rust ${channel} with ${target} (about a minute)`);
      const parts = ["--profile", "minimal", "--component", "clippy,rustfmt", "--target", target];
      await run("rustup", ["toolchain", "install", channel, "--no-self-update", ...parts], { show: true });
    },
  };
}

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
 * Whether node_modules is what package-lock.json asks for. npm writes its own record of an installation last, so an
 * interrupted one has no record. Optional packages are those of other platforms.
 */
function packagesMatch() {
  const record = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(record) || !existsSync(projectNode)) return false;
  const installed = JSON.parse(readFileSync(record, "utf8")).packages;
  const locked = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  return Object.entries(locked).every(
    ([path, { integrity, optional }]) =>
      path === "" || optional || (installed[path]?.integrity === integrity && existsSync(join(root, path))),
  );
}

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

function checkWasmBindgen() {
  const lock = readFileSync(join(root, "Cargo.lock"), "utf8");
  const locked = /name = "wasm-bindgen"\nversion = "(.+)"/.exec(lock)?.[1];
  const { version } = cargoTools.wasmBindgen;
  if (locked !== version) {
    throw new Failure(
      `Cargo.lock has wasm-bindgen ${locked}, scripts/versions.mjs has wasm-bindgen-cli ${version}: make them equal.`,
    );
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(setUp);
