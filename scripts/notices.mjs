// Writes NOTICES.md for the npm package: what the wasm files contain of others, and under which licences.
//
//   node scripts/notices.mjs

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { Failure, main, root, run } from "./lib/run.mjs";
import { standardLibrary } from "./lib/standard-library.mjs";

/** @typedef {{ name: string, text: string }} Text A file with a licence or a copyright. */
/** @typedef {{ name: string, version: string, license: string, repository?: string, texts: Text[] }} Part */
/** @typedef {{ name: string, version: string, license: string | null, repository: string | null, manifest_path: string }} Crate */

/** Of the Worker and of the programs in tools/. */
export const targets = ["wasm32-unknown-unknown", "wasm32-wasip1"];
const notices = join(root, "NOTICES.md");
/** The C library of WASI comes with Rust's target, and its licence does not. */
const wasiLibc = join(root, "scripts", "notices", "wasi-libc.txt");

const INTRODUCTION = `# Third-party notices

edge-token-broker itself is under the MIT licence (LICENSE). Its wasm files contain code of the projects below, and \`build/index.js\` contains code that wasm-bindgen has written. Where a licence offers a choice that includes MIT, MIT is chosen.
`;

export async function writeNotices() {
  const parts = [...(await crates()), ...(await standardLibrary(targets)), cLibrary()].map(chosen);
  writeFileSync(notices, page(parts));
}

/**
 * The crates that are linked into the wasm files. Those that only run in the compiler are not among them.
 * @returns {Promise<Part[]>}
 */
async function crates() {
  const forTargets = targets.flatMap((target) => ["--target", target]);
  const edges = ["--edges", "normal,no-proc-macro", "--prefix", "none", "--no-dedupe", "--format", "{p}"];
  const { stdout: tree } = await run("cargo", ["tree", "--locked", "--quiet", ...forTargets, ...edges]);
  const linked = new Set(tree.split("\n").map((line) => line.split(" ").slice(0, 2).join(" ")));
  const platforms = targets.flatMap((target) => ["--filter-platform", target]);
  const { stdout } = await run("cargo", ["metadata", "--locked", "--quiet", "--format-version", "1", ...platforms]);
  /** @type {Crate[]} */
  const known = JSON.parse(stdout).packages;
  return known
    .filter(
      ({ name, version, manifest_path: path }) =>
        linked.has(`${name} v${version}`) && dirname(path) !== dirname(notices),
    )
    .map(({ name, version, license, repository, manifest_path: path }) => ({
      name,
      version,
      license: license ?? "",
      repository: repository ?? "",
      texts: textsIn(dirname(path)),
    }));
}

/** @param {string} folder */
function textsIn(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /^(licen[cs]e|unlicense|copying|copyright|notice)\b/i.test(entry.name))
    .map(({ name }) => ({ name, text: readFileSync(join(folder, name), "utf8") }));
}

/** @returns {Part} */
function cLibrary() {
  const text = readFileSync(wasiLibc, "utf8");
  return {
    name: "wasi-libc",
    version: "as the Rust target wasm32-wasip1 has it",
    license: "MIT, with parts under BSD-2-Clause and in the public domain (CC0-1.0)",
    repository: "https://github.com/WebAssembly/wasi-libc",
    texts: [{ name: basename(wasiLibc), text }],
  };
}

/**
 * The part with the texts that hold: of a choice that includes MIT, the text of MIT and the copyrights beside it.
 * @param {Part} part
 * @returns {Part}
 */
export function chosen(part) {
  const isChoice = !/\(| AND /.test(part.license) && part.license.split(/ OR |\//).includes("MIT");
  const mit = part.texts.filter(({ name }) => /MIT/i.test(name));
  const beside = part.texts.filter(({ name }) => /^(copyright|notice)/i.test(name));
  if (part.license === "" || part.texts.length === beside.length)
    throw new Failure(`notices: ${part.name} ${part.version} has no licence or no text of it among its files`);
  return isChoice && mit.length > 0 ? { ...part, texts: [...mit, ...beside] } : part;
}

/**
 * Each text once, below the names of all parts that it belongs to.
 * @param {Part[]} parts
 */
function page(parts) {
  const list = parts.map(
    ({ name, version, license, repository }) =>
      `- ${name} ${version}: ${license}${repository ? `, <${repository}>` : ""}\n`,
  );
  /** @type {Map<string, { text: string, owners: string[] }>} */
  const texts = new Map();
  for (const { name, version, texts: own } of parts) {
    for (const { text } of own) {
      const key = text.replaceAll(/\s+/g, " ").trim();
      const entry = texts.get(key) ?? { text: trimmed(text), owners: [] };
      texts.set(key, entry);
      entry.owners.push(`${name} ${version}`);
    }
  }
  const blocks = [...texts.values()].map(
    ({ text, owners }) => `\n### ${owners.join(", ")}\n\n~~~~text\n${text}\n~~~~\n`,
  );
  return [INTRODUCTION, "\n## Projects\n\n", ...list, "\n## Licences\n", ...blocks].join("");
}

/** @param {string} text */
function trimmed(text) {
  const lines = text.replaceAll("\r\n", "\n").replaceAll("\f", "").split("\n");
  return lines
    .map((line) => line.trimEnd())
    .join("\n")
    .replace(/^\n+/, "")
    .trimEnd();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(writeNotices);
