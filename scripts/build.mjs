// Builds the Worker into build/, if something has changed since the last time. wrangler calls it too ([build] in
// wrangler.toml), so that `npx wrangler dev` and `npx wrangler deploy` work without another command before them.
//
//   node scripts/build.mjs [--check-size] [--names]
//
// `--names` keeps the names of functions in the wasm, for profilers: 21 kB more.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { cargoBuild, hashOf } from "./lib/cargo.mjs";
import { withLock } from "./lib/lock.mjs";
import { withNamesInOrder } from "./lib/order.mjs";
import { Failure, main, projectNode, root, run, say } from "./lib/run.mjs";
import { withShortNames } from "./lib/short-names.mjs";
import { setUp, toolPath } from "./setup.mjs";
import { cargoTools, budgetGzipBytes } from "./versions.mjs";

const target = "wasm32-unknown-unknown";
const output = join(root, "build");
const stamp = join(output, ".inputs.sha256");
const script = join(output, "index.js");
const wasm = join(output, "index_bg.wasm");
/** The output of wasm-bindgen, before it is bundled. */
const glue = join(output, "glue");
const names = process.argv.includes("--names");

/** The linker. It drops exports without a caller. */
const linker = join(root, "scripts", "link.mjs");
const linkerHash = createHash("sha256").update(readFileSync(linker)).digest("hex");

/**
 * SIMD makes sealing faster and the wasm smaller, and every current V8 has it. Cargo does not notice a changed linker,
 * but it notices changed `metadata`.
 */
const flags = ["-C", "target-feature=+simd128", "-C", `linker=${linker}`, "-C", `metadata=${linkerHash}`];

/**
 * The features that rustc uses by itself and with `flags`, and `try`/`catch` around imports. workerd has all of them.
 */
const wasmFeatures = [
  "simd",
  "mutable-globals",
  "sign-ext",
  "nontrapping-float-to-int",
  "bulk-memory",
  "multivalue",
  "reference-types",
  "exception-handling",
];

/** Brings build/ up to date. `show` lets the compiler's output through to a terminal. */
export async function build({ show = true } = {}) {
  await setUp();
  await withLock(join(output, ".lock"), "build", async () => {
    const inputs = hashInputs();
    if (isBuiltFrom(inputs)) return say("build: up to date");
    // Removed before the first file of build/ changes, written again after the last.
    rmSync(stamp, { force: true });
    say("build: compiling the Worker (about a minute from nothing)");
    const shortNames = await compile(show);
    await bundle(shortNames);
    writeFileSync(stamp, inputs);
    say(`build: ${kilobytes(wasm)} of wasm and ${kilobytes(script)} of JavaScript, compressed`);
  });
}

/**
 * Rust to wasm, and wasm-bindgen's glue in build/glue/index.js. Returns the short names that wasm-opt has given.
 * @param {boolean} show
 */
async function compile(show) {
  const compiled = join(await cargoBuild(target, ["--lib"], flags, show), "edge_token_broker.wasm");

  mkdirSync(glue, { recursive: true });
  // After a panic, recovery.mjs needs a function that makes a new memory, and a handler that notices the panic.
  const recovery = ["--experimental-reset-state-function", "--force-enable-abort-handler"];
  const shape = ["--target", "module", "--no-typescript", "--out-name", "index", "--out-dir", glue];
  await run(toolPath(cargoTools.wasmBindgen), [
    compiled,
    ...shape,
    ...recovery,
    ...(names ? [] : ["--remove-name-section", "--remove-producers-section"]),
  ]);

  const features = wasmFeatures.map((feature) => `--enable-${feature}`);
  const optimize = [
    "-Oz",
    "--converge",
    // A function inlined into its only caller, and an expression kept in a local, are smaller, but repeat less of what
    // gzip has seen: 10 kB.
    "--one-caller-inline-max-function-size=0",
    "--skip-pass=local-cse",
    // The stack is at the bottom of the memory, and never as deep as the lowest kilobyte.
    "--low-memory-unused",
    ...(names ? ["--debuginfo"] : []),
  ];
  await run("wasm-opt", [join(glue, "index_bg.wasm"), "-o", wasm, ...features, ...optimize]);
  if (names) return undefined;
  writeFileSync(wasm, withNamesInOrder(readFileSync(wasm)));
  // No optimisation, only the shortest form when it writes.
  const order = ["-O0", "--shrink-level=2", "--reorder-functions-by-name", "--minify-imports-and-exports-and-modules"];
  return (await run("wasm-opt", [wasm, "-o", wasm, ...features, ...order])).output;
}

/**
 * The Worker's module with the glue in it. Rust imports JavaScript by folder and file, and JavaScript imports Rust by
 * the crate's name.
 *
 * @param {string | undefined} shortNames
 */
async function bundle(shortNames) {
  const adapters = join(root, "src", "adapters");
  const glueScript = join(glue, "index.js");
  // Unused classes of other crates. With these two, esbuild sees that it can leave them out.
  const written = readFileSync(glueScript, "utf8");
  const pure = written.replaceAll(": new FinalizationRegistry(", ": /* @__PURE__ */ new FinalizationRegistry(");
  if (pure === written) throw new Error("wasm-bindgen makes its finalizers in another way than before");
  const unused = ["--define:Symbol.dispose=undefined", "--log-override:import-is-undefined=error"];
  const text = shortNames === undefined ? pure : withShortNames(pure, shortNames);
  writeFileSync(glueScript, text);

  const aliases = [`--alias:edge-token-broker=${glueScript}`, `--alias:adapters=${adapters}`];
  const options = ["--bundle", "--minify", "--format=esm", "--external:./index_bg.wasm", "--log-level=warning"];
  await run("esbuild", [join(adapters, "worker.mjs"), `--outfile=${script}`, ...options, ...unused, ...aliases]);
  // The runtime takes a wasm module by a plain import.
  const bundled = readFileSync(script, "utf8");
  if (!bundled.includes("import source ")) throw new Error("wasm-bindgen imports the wasm in another way than before");
  writeFileSync(script, bundled.replace("import source ", "import "));
  await checkExports(text, bundled);
  rmSync(glue, { recursive: true });
}

/**
 * A name in the bundle that the wasm does not export fails only when it is called. This check finds it in the build.
 *
 * @param {string} glueText
 * @param {string} bundled
 */
async function checkExports(glueText, bundled) {
  const list =
    'WebAssembly.Module.exports(new WebAssembly.Module(require("node:fs").readFileSync(process.argv[1]))).map(({ name }) => name).join(" ")';
  const { output } = await run(projectNode, ["--print", list, wasm]);
  const exported = new Set(output.trim().split(" "));
  const named = new Set([...glueText.matchAll(/\bwasm\.([\w$]+)/g)].map(([, name]) => name));
  const missing = [...named].filter((name) => !exported.has(name) && RegExp(`\\.${name}\\b`).test(bundled));
  if (missing.length > 0)
    throw new Error(`The wasm lacks exports that the bundle names: ${missing.join(", ")} (scripts/link.mjs)`);
}

/** @param {string} inputs */
function isBuiltFrom(inputs) {
  return [stamp, script, wasm].every((path) => existsSync(path)) && readFileSync(stamp, "utf8") === inputs;
}

function hashInputs() {
  const parts = ["cargo.mjs", "order.mjs", "short-names.mjs"].map((name) => `scripts/lib/${name}`);
  const scripts = ["scripts/build.mjs", "scripts/link.mjs", ...parts];
  return hashOf([names, cargoTools], ["package-lock.json", ...scripts], ["src"]);
}

/** @param {string} path */
function gzipBytes(path) {
  return gzipSync(readFileSync(path), { level: 9 }).length;
}

/** @param {string} path */
function kilobytes(path) {
  return `${(gzipBytes(path) / 1000).toFixed(1)} kB`;
}

function checkSize() {
  const size = gzipBytes(wasm) + gzipBytes(script);
  if (size > budgetGzipBytes) {
    throw new Failure(
      `The Worker weighs ${size} bytes compressed, over the budget of ${budgetGzipBytes} (scripts/versions.mjs).`,
    );
  }
  say(`size: ${size} of ${budgetGzipBytes} bytes`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main(async () => {
    await build();
    if (process.argv.includes("--check-size")) checkSize();
  });
}
