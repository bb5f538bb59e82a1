#!/usr/bin/env node
// The linker of the Worker's wasm: rust-lld, without the unused exports of other crates.
//
// Every `#[wasm_bindgen]` class of a dependency is an export, and the linker keeps all code that an export reaches. The
// classes of the `worker` crate's streams have 9 kB compressed, and the broker does not use them. After the link their
// code is in the wasm's table of functions, where wasm-metadce and wasm-opt have to keep it.

import { spawnSync } from "node:child_process";

/** The exports of other crates that the Worker calls: the panic hook of `worker`, and its state. */
const CALLED = ["init", "__worker_init_state"];

/** wasm-bindgen skips an export that has no description. */
const DESCRIPTION = "__wbindgen_describe_";

const given = process.argv.slice(2);
const exported = (place) => (given[place - 1] === "--export" ? given[place] : undefined);
const names = given.map((_, place) => exported(place)).filter((name) => name !== undefined);

/** wasm-bindgen adds a hash of the crate to the name of each export, except those that its glue calls. */
const parts = (name) => /^(.+)_([0-9a-f]{16})$/.exec(name)?.slice(1) ?? [name, undefined];
const ours = names.map(parts).find(([item]) => item === "fetch")?.[1];
if (ours === undefined) throw new Error("the handler `fetch` is not among the exports");

const isDescription = (name) => name.startsWith(DESCRIPTION);
const isCalled = ([item, hash]) => hash === undefined || hash === ours || CALLED.includes(item);
const unused = names.filter((name) => !isDescription(name) && !isCalled(parts(name)));
const dropped = new Set(unused.flatMap((name) => [name, DESCRIPTION + name]));
const kept = given.filter((_, place) => !dropped.has(exported(place)) && !dropped.has(exported(place + 1)));

// rustc puts its own tools first on the PATH of the linker.
const { status, error } = spawnSync("rust-lld", kept, { stdio: "inherit" });
if (error) throw error;
process.exitCode = status ?? 1;
