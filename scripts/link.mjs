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
const handlers = names.map(parts).filter(({ item, crate }) => item === "fetch" && crate !== undefined);
const ours = handlers[0]?.crate;
if (given.some((argument) => argument.startsWith("@")))
  throw new Error("rustc has put the exports into a response file");
if (ours === undefined || handlers.length > 1)
  throw new Error("one crate, and no more, has to export the handler `fetch`");

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
