// What is in the npm package: nothing but what a user needs, small, without a trace of the machine that made it.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join, matchesGlob } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { build } from "esbuild";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { parse } from "smol-toml";

import { filesOf } from "../../scripts/lib/archive.mjs";
import { budgetPackage } from "../../scripts/versions.mjs";
import { tarball } from "./harness/tarball.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const EXPECTED = [
  "{LICENSE,NOTICES.md,README.md,package.json}",
  "build/{index.js,index_bg.wasm}",
  "build/tools/{explain,registry}.wasm",
  "cli/main.mjs",
  "cli/{commands,lib}/**/*.mjs",
  "{client,package}/*.{mjs,d.ts}",
  "stand-in/**/*.mjs",
  "template/{.dev.vars.example,README.md,gitignore,package.json,wrangler.toml,src/index.js}",
];
let path;
let files;
let manifest;
/** The package, unpacked. */
let folder;

before(async () => {
  path = await tarball();
  files = await filesOf(path);
  manifest = JSON.parse(files.get("package.json"));
  folder = await mkdtemp(join(tmpdir(), "edge-token-broker-package-"));
  for (const [name, content] of files) {
    await mkdir(join(folder, dirname(name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
});
after(() => rm(folder, { recursive: true, force: true }));

/** The files that `exports` names, with those of types. */
const named = (value) => (typeof value === "string" ? [value] : Object.values(value).flatMap(named));
const text = (name) => files.get(name).toString("utf8");
/** The modules that others start as programs of their own. */
const started = () =>
  [...files.keys()]
    .filter((name) => name.endsWith(".mjs"))
    .flatMap((name) =>
      [...text(name).matchAll(/new URL\("([^"]+\.mjs)", import\.meta\.url\)/g)].map(([, to]) =>
        join(dirname(name), to),
      ),
    );

describe("files", () => {
  test("each is one of those that a user needs", () => {
    const unexpected = [...files.keys()].filter((name) => !EXPECTED.some((glob) => matchesGlob(name, glob)));
    assert.deepEqual(unexpected, []);
  });

  test("a new broker gets the .gitignore of the template, of which npm packs a copy with another name", async () => {
    const ignore = await readFile(join(ROOT, "template", ".gitignore"), "utf8");
    assert.equal(text("template/gitignore"), ignore);
  });

  test("each that package.json names is there", () => {
    const paths = [...named(manifest.exports), ...Object.values(manifest.bin)].map((name) => name.replace(/^\.\//, ""));
    assert.deepEqual(
      paths.filter((name) => !files.has(name)),
      [],
    );
    for (const glob of manifest.files)
      assert.ok(
        [...files.keys()].some((name) => name.startsWith(`${glob}/`) || matchesGlob(name, glob)),
        glob,
      );
  });

  test("each module is part of a command or of an export", async () => {
    const modules = [...named(manifest.exports), ...Object.values(manifest.bin), ...started()];
    const { metafile } = await build({
      absWorkingDir: folder,
      entryPoints: modules.filter((name) => /\.m?js$/.test(name)),
      outdir: "out",
      bundle: true,
      write: false,
      metafile: true,
      format: "esm",
      platform: "node",
      external: ["*.wasm", "cloudflare:*", "jose", manifest.name],
      logLevel: "silent",
    });
    const unused = [...files.keys()].filter((name) => name.endsWith(".mjs") && !(name in metafile.inputs));
    assert.deepEqual(unused, []);
  });

  test("the Worker exports its handlers and every class that it binds", async () => {
    const { metafile } = await build({
      entryPoints: [join(folder, "build/index.js")],
      bundle: true,
      write: false,
      metafile: true,
      format: "esm",
      external: ["*.wasm", "cloudflare:*"],
    });
    const exported = Object.values(metafile.outputs)[0].exports;
    const { durable_objects: objects } = parse(await readFile(join(ROOT, "wrangler.toml"), "utf8"));
    assert.deepEqual(exported.toSorted(), ["default", ...objects.bindings.map((one) => one.class_name)].toSorted());
  });

  test("the size is within the budget", async () => {
    const packed = (await stat(path)).size;
    const unpacked = [...files.values()].reduce((sum, { length }) => sum + length, 0);
    assert.ok(packed <= budgetPackage.packed, `${packed} bytes packed`);
    assert.ok(unpacked <= budgetPackage.unpacked, `${unpacked} bytes unpacked`);
  });
});

describe("package.json", () => {
  test("the package installs jose, for the stand-in, and runs nothing when it is installed", () => {
    for (const field of ["optionalDependencies", "peerDependencies", "bundleDependencies", "bundledDependencies"])
      assert.equal(manifest[field], undefined, field);
    for (const script of ["preinstall", "install", "postinstall", "prepare", "preprepare", "postprepare"])
      assert.equal(manifest.scripts[script], undefined, script);
    assert.equal(manifest.private, undefined);
  });

  test("publint has nothing to say", async () => {
    const { messages } = await publint({ pkgDir: folder, pack: false, strict: true });
    assert.deepEqual(
      messages.map((message) => formatMessage(message, manifest, { color: false })),
      [],
    );
  });

  test("each export has types", () => {
    const untyped = Object.entries(manifest.exports).filter(([, target]) => target.types === undefined);
    assert.deepEqual(Object.fromEntries(untyped), { "./package.json": "./package.json" });
  });

  test("the types of each export are found, and are right (@arethetypeswrong/cli)", async () => {
    const attw = join(ROOT, "node_modules", ".bin", "attw");
    const args = [path, "--profile", "esm-only", "--format", "ascii", "--no-color", "--no-emoji"];
    const { error, stdout } = await promisify(execFile)(attw, args).catch((error) => ({ error, stdout: error.stdout }));
    assert.ok(error === undefined, stdout);
  });
});

describe("traces", () => {
  test("no file names a folder of this machine", () => {
    const { CARGO_HOME = join(homedir(), ".cargo"), RUSTUP_HOME = join(homedir(), ".rustup") } = process.env;
    const traces = [ROOT, `${homedir()}/`, CARGO_HOME, RUSTUP_HOME, tmpdir() + "/edge", "file:///", "registry/src"];
    for (const [name, content] of files)
      for (const trace of traces) assert.ok(!content.includes(trace), `${name} has ${trace}`);
  });

  test("no file has a key, or names a source map", () => {
    const secret = /-----BEGIN [A-Z ]*PRIVATE KEY-----\n[A-Za-z0-9+/]|etb_[A-Za-z0-9_-]{49}|sourceMappingURL=/;
    for (const name of files.keys()) assert.doesNotMatch(text(name), secret, name);
  });
});

describe("notices", () => {
  const crates = () => {
    const binaries = [...files.keys()].filter((name) => name.endsWith(".wasm"));
    const named = binaries.flatMap((name) => [...text(name).matchAll(/([a-z][\w-]*?)-(\d+\.\d+\.\d+)\/src\//g)]);
    return new Set(named.map(([, name, version]) => `${name} ${version}`));
  };

  test("each crate that a wasm file names has its licence in them", () => {
    const notices = text("NOTICES.md");
    const found = crates();
    assert.ok(found.size > 5, [...found].join());
    for (const crate of found) assert.ok(notices.includes(`\n- ${crate}: `), crate);
  });

  test("each project in them has a text", () => {
    const notices = text("NOTICES.md");
    const projects = [...notices.matchAll(/^- (.+?): /gm)].map(([, name]) => name);
    const owners = new Set([...notices.matchAll(/^### (.+)$/gm)].flatMap(([, names]) => names.split(", ")));
    assert.deepEqual(
      projects.filter((name) => !owners.has(name)),
      [],
    );
    for (const name of ["wasm-bindgen", "Rust standard library", "wasi-libc"])
      assert.ok(
        projects.some((project) => project.startsWith(`${name} `)),
        name,
      );
  });
});
