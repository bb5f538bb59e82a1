// What Rust's standard library puts into the wasm files, with its licences. The toolchain has them in a page.

/** @import { Part } from "../notices.mjs" */

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { Failure, run } from "./run.mjs";

/** The standard library itself. */
const ours =
  /^(alloc|core|std|std_detect|compiler_builtins|panic_abort|panic_unwind|proc_macro|sysroot|test|unwind|rustc_std_workspace_\w+)$/;
/** They are in the toolchain for tests, macros, and for the lines of a backtrace, which wasm does not have. */
const unlinked = new Set([
  ...["getopts", "rustc_literal_escaper"],
  ...["addr2line", "adler2", "gimli", "memchr", "miniz_oxide", "object"],
]);
/** What the standard library's own files are under, but for parts for other systems. */
const ownLicences = ["MIT", "Apache-2.0", "LLVM-exception", "Unicode-3.0"];

/**
 * @param {string[]} targets
 * @returns {Promise<Part[]>}
 */
export async function standardLibrary(targets) {
  const sysroot = (await run("rustc", ["--print", "sysroot"])).stdout.trim();
  const version = (await run("rustc", ["--version"])).stdout.split(" ")[1] ?? "";
  const docs = join(sysroot, "share", "doc", "rust");
  const documented = documentedIn(readFileSync(join(docs, "COPYRIGHT-library.html"), "utf8"));
  const linked = new Set(targets.flatMap((target) => cratesIn(join(sysroot, "lib", "rustlib", target, "lib"))));
  const parts = [...linked].sort().map((crate) => {
    const part = documented.find(({ name }) => name.replaceAll("-", "_") === crate);
    if (part === undefined) throw new Failure(`notices: Rust ${version} has no licence for its crate ${crate}`);
    return part;
  });
  const texts = ownLicences.map((name) => ({
    name,
    text: readFileSync(join(docs, "licenses", `${name}.txt`), "utf8"),
  }));
  const license = "(MIT OR Apache-2.0) AND (MIT AND Apache-2.0 WITH LLVM-exception) AND Unicode-3.0";
  const own = {
    name: "Rust standard library",
    version,
    license,
    repository: "https://github.com/rust-lang/rust",
    texts,
  };
  return [own, ...parts];
}

/**
 * The names of the crates that a target has, without what is not linked.
 * @param {string} folder
 */
function cratesIn(folder) {
  return readdirSync(folder)
    .map((file) => /^lib(\w+)-[0-9a-f]+\.rlib$/.exec(file)?.[1] ?? "")
    .filter((name) => name !== "" && !ours.test(name) && !unlinked.has(name));
}

/**
 * The crates in the toolchain's page of copyrights.
 * @param {string} html
 * @returns {Part[]}
 */
function documentedIn(html) {
  return html
    .split("<h3>\u{1F4E6} ")
    .slice(1)
    .map((section) => {
      const [, name = "", version = ""] = /^(.+?)-(\d[^<]*)<\/h3>/.exec(section) ?? [];
      const license = /<b>License:<\/b> (.*?)<\/p>/.exec(section)?.[1] ?? "";
      const files = section.matchAll(/<summary><code>(.*?)<\/code><\/summary>\s*<pre>\n?([^]*?)<\/pre>/g);
      const texts = [...files].map(([, file = "", text = ""]) => ({ name: file, text: plain(text) }));
      return { name, version: version.split("+")[0] ?? "", license, texts };
    });
}

/** @type {Record<string, string>} */
const entities = { lt: "<", gt: ">", quot: '"', amp: "&" };

/** @param {string} html */
function plain(html) {
  return html.replaceAll(/&(?:#(\d+)|(\w+));/g, (whole, code, name) =>
    code ? String.fromCodePoint(Number(code)) : (entities[name] ?? whole),
  );
}
