// Builds the Worker into build/, when something changed since the last time. wrangler calls it too ([build] in
// wrangler.toml), so that `npx wrangler dev` and `npx wrangler deploy` need nothing done before them.
//
//   node scripts/build.mjs [--check-size]

import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { withLock } from "./lib/lock.mjs";
import { Failure, main, projectEnv, root, run, say } from "./lib/run.mjs";
import { setUp, toolPath } from "./setup.mjs";
import { cargoTools, wasmBudgetGzipBytes } from "./versions.mjs";

const args = ["--release", "--locked"];
const output = join(root, "build");
const stamp = join(output, ".inputs.sha256");
const script = join(output, "index.js");
const wasm = join(output, "index_bg.wasm");

/** Brings build/ up to date. `show` lets the compiler's output through to a terminal. */
export async function build({ show = true } = {}) {
  await setUp();
  await withLock(join(output, ".lock"), "build", async () => {
    const inputs = hashInputs();
    if (isBuiltFrom(inputs)) return say("build: up to date");
    // Gone before the first file of build/ changes, back after the last.
    rmSync(stamp, { force: true });
    say("build: compiling the Worker (about a minute from nothing)");
    await run(toolPath(cargoTools.workerBuild), args, { env: buildEnv(), show });
    writeFileSync(stamp, inputs);
    say(`build: ${kilobytes(wasm)} of wasm and ${kilobytes(script)} of JavaScript, compressed`);
  });
}

/** worker-build downloads what these do not name, from places that many build machines cannot reach. */
function buildEnv() {
  return projectEnv({
    WASM_BINDGEN_BIN: toolPath(cargoTools.wasmBindgen),
    WASM_OPT_BIN: join(root, "node_modules", "binaryen", "bin", "wasm-opt"),
    ESBUILD_BIN: join(root, "node_modules", "esbuild", "bin", "esbuild"),
  });
}

function isBuiltFrom(inputs) {
  return [stamp, script, wasm].every(existsSync) && readFileSync(stamp, "utf8") === inputs;
}

function hashInputs() {
  const sources = readdirSync(join(root, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
  const rest = ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "package-lock.json"].map((name) => join(root, name));
  const hash = createHash("sha256").update(JSON.stringify([args, cargoTools]));
  for (const path of [...rest, ...sources]) {
    const content = readFileSync(path);
    hash.update(`${path.slice(root.length)} ${content.length}\n`).update(content);
  }
  return hash.digest("hex");
}

function gzipBytes(path) {
  return gzipSync(readFileSync(path), { level: 9 }).length;
}

function kilobytes(path) {
  return `${(gzipBytes(path) / 1000).toFixed(1)} kB`;
}

function checkSize() {
  const size = gzipBytes(wasm);
  if (size > wasmBudgetGzipBytes) {
    throw new Failure(`The wasm weighs ${size} bytes compressed, over the budget of ${wasmBudgetGzipBytes} (scripts/versions.mjs).`);
  }
  say(`size: ${size} of ${wasmBudgetGzipBytes} bytes`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main(async () => {
    await build();
    if (process.argv.includes("--check-size")) checkSize();
  });
}
