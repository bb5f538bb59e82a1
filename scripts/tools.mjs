// Builds the programs of tools/ for WASI into build/tools/, if something has changed since the last time. With them the
// commands ask the Worker's own code on machines that have no Rust.
//
//   node scripts/tools.mjs

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { cargoBuild, hashOf } from "./lib/cargo.mjs";
import { withLock } from "./lib/lock.mjs";
import { main, root, run, say } from "./lib/run.mjs";
import { setUp } from "./setup.mjs";

const target = "wasm32-wasip1";
const programs = ["explain", "registry"];
const output = join(root, "build", "tools");
const stamp = join(output, ".inputs.sha256");
/** @param {string} name */
const wasm = (name) => join(output, `${name}.wasm`);

/** Brings build/tools/ up to date. `show` lets the compiler's output through to a terminal. */
export async function buildTools({ show = true } = {}) {
  await setUp();
  await withLock(join(root, "build", ".tools.lock"), "tools", async () => {
    const inputs = hashOf(programs, ["scripts/tools.mjs", "scripts/lib/cargo.mjs"], ["src", "tools"]);
    const files = [stamp, ...programs.map(wasm)];
    if (files.every((path) => existsSync(path)) && readFileSync(stamp, "utf8") === inputs) return;
    rmSync(output, { recursive: true, force: true });
    mkdirSync(output, { recursive: true });
    say("tools: compiling the programs of the commands (about half a minute from nothing)");
    await compile(show);
    writeFileSync(stamp, inputs);
  });
}

/** @param {boolean} show */
async function compile(show) {
  const parts = programs.flatMap((name) => ["--bin", name]);
  const built = await cargoBuild(target, parts, ["-C", "strip=symbols"], show);
  for (const name of programs) {
    const features = [
      "bulk-memory",
      "sign-ext",
      "mutable-globals",
      "nontrapping-float-to-int",
      "reference-types",
      "multivalue",
    ];
    const enabled = features.map((feature) => `--enable-${feature}`);
    await run("wasm-opt", [join(built, `${name}.wasm`), "-o", wasm(name), "-Oz", ...enabled, "--strip-producers"]);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(buildTools);
