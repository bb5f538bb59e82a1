#!/usr/bin/env node
// The linker of the Worker's wasm: rust-lld, without the unused exports of other crates.
//
// Every `#[wasm_bindgen]` class of a dependency is an export, and the linker keeps all code that an export reaches. The
// classes of the `worker` crate's streams have 9 kB compressed, and the broker does not use them. After the link their
// code is in the wasm's table of functions, where wasm-metadce and wasm-opt have to keep it.

import { spawnSync } from "node:child_process";

/** wasm-bindgen skips an export that has no description. */
const DESCRIPTION = "__wbindgen_describe_";

const given = process.argv.slice(2);
/** @param {number} place */
const exported = (place) => (given[place - 1] === "--export" ? given[place] : undefined);
const names = given.map((_, place) => exported(place)).filter((name) => name !== undefined);

/**
 * The item and the crate of an export. wasm-bindgen ends each with a hash of its crate, but for what its glue calls.
 *
 * @param {string} name
 */
const parts = (name) => {
  const [, item = name, crate] = /^(.+)_([0-9a-f]{16})$/.exec(name) ?? [];
  return { item, crate };
};
const ours = names.map(parts).find(({ item }) => item === "fetch")?.crate;
if (ours === undefined) throw new Error("the handler `fetch` is not among the exports");

/** @param {string} name */
const isCalled = (name) => {
  const { crate } = parts(name);
  return crate === undefined || crate === ours;
};
const unused = names.filter((name) => !name.startsWith(DESCRIPTION) && !isCalled(name));
const dropped = new Set(unused.flatMap((name) => [name, DESCRIPTION + name]));
/** @param {number} place */
const isDropped = (place) => dropped.has(exported(place) ?? "");
const kept = given.filter((_, place) => !isDropped(place) && !isDropped(place + 1));

// rustc puts its own tools first on the PATH of the linker.
const { status, error } = spawnSync("rust-lld", kept, { stdio: "inherit" });
if (error) throw error;
process.exitCode = status ?? 1;
