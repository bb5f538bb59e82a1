// The measured Workers: the broker as it is deployed, and its peers.

/** @import { Plugin } from "esbuild" */
/** @import { Module } from "./workerd.mjs" */

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, resolve } from "node:path";

import { build } from "esbuild";

import { Failure, root } from "../../scripts/lib/run.mjs";

/** `wrangler deploy --dry-run --outdir dist` writes the upload here. */
const bundle = resolve(process.env.BROKER_BUNDLE ?? join(root, "dist"));

/** The one Durable Object class of the broker. */
export const COORDINATOR = { binding: "COORDINATOR", className: "TokenCoordinator" };

/**
 * The modules of the broker's bundle, the main one first.
 * @returns {Module[]}
 */
export function brokerModules(directory = bundle) {
  const main = join(directory, "index.js");
  if (!existsSync(main))
    throw new Failure(`There is no bundle in ${directory}: run \`npm run bench\` once, it makes one.`);
  const script = readFileSync(main, "utf8");
  // An older build may have left another file there.
  const wasm = readdirSync(directory).filter((name) => name.endsWith(".wasm") && script.includes(`"./${name}"`));
  return [
    { name: "index.js", kind: "esModule", content: script },
    ...wasm.map((name) => /** @type {Module} */ ({ name, kind: "wasm", content: readFileSync(join(directory, name)) })),
  ];
}

/** @type {Map<string, Promise<Module[]>>} */
const bundled = new Map();

/**
 * A Worker of bench/peers/, bundled into one module.
 * @param {string} name
 */
export function peerModules(name) {
  const modules = bundled.get(name) ?? bundlePeer(name);
  bundled.set(name, modules);
  return modules;
}

/**
 * @param {string} name
 * @returns {Promise<Module[]>}
 */
async function bundlePeer(name) {
  const { outputFiles } = await build({
    entryPoints: [join(root, "bench", "peers", `${name}.mjs`)],
    bundle: true,
    format: "esm",
    target: "esnext",
    conditions: ["workerd", "worker", "node"],
    mainFields: ["module", "main"],
    plugins: [nodeModules],
    write: false,
    logLevel: "error",
  });
  const [{ text }] = outputFiles;
  const content = text.includes("__require(") ? REQUIRE + text : text;
  return [{ name: "main.js", kind: "esModule", content }];
}

/** For packages that `require` modules of Node.js. */
const REQUIRE = `import { createRequire } from "node:module";\nconst require = createRequire("/");\n`;

/** @type {Plugin} What Node.js has built in, workerd has under `node:` with the flag `nodejs_compat`. */
const nodeModules = {
  name: "node-modules",
  setup({ onResolve }) {
    const names = builtinModules.filter((name) => !name.startsWith("_") && !name.startsWith("node:"));
    const filter = new RegExp(`^(node:)?(${names.join("|")})$`);
    onResolve({ filter }, ({ path }) => ({ path: `node:${path.replace(/^node:/, "")}`, external: true }));
  },
};
