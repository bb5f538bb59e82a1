// init: what it refuses, that it writes all or nothing, and which npm it runs. tests/package/ runs what it makes.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const { name, version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
const KEY = /etb_[A-Za-z0-9_-]{49}/;
const isWindows = process.platform === "win32";

async function emptyFolder(context) {
  const folder = await mkdtemp(join(tmpdir(), "edge-token-broker-init-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts init without a manager of packages above it. */
function started(cwd, args, { root = ROOT, env = {}, before = "" } = {}) {
  const { npm_execpath: _, npm_lifecycle_event: __, ...own } = process.env;
  const [command, ...first] = before
    ? ["/bin/sh", "-c", `${before}; exec "$0" "$@"`, process.execPath]
    : [process.execPath];
  const child = spawn(command, [...first, join(root, "cli", "main.mjs"), "init", ...args], {
    cwd,
    env: { ...own, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (output.stderr += text));
  const ended = new Promise((resolve, reject) => {
    child.once("error", reject).once("close", (code) => resolve({ code, ...output }));
  });
  return { child, ended };
}

const init = (cwd, args, options) => started(cwd, args, options).ended;
const made = (cwd, args = [], options = {}) => init(cwd, ["b1", "--no-install", ...args], options);
const manifestIn = async (folder) => JSON.parse(await readFile(join(folder, "package.json"), "utf8"));

/** A failure that one line explains, without a key. */
function assertFailed({ code, stdout, stderr }, reason) {
  assert.equal(code, 1, stderr);
  assert.equal(stdout, "");
  assert.match(stderr, reason);
  assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
}

test("makes every file of the template, with .gitignore under its own name", async (context) => {
  const folder = await emptyFolder(context);
  const { code, stdout } = await made(folder);
  assert.equal(code, 0);
  assert.match(stdout, KEY);
  const files = await readdir(join(folder, "b1"), { recursive: true });
  assert.deepEqual(
    files.toSorted(),
    [
      ".dev.vars.example",
      ".gitignore",
      "README.md",
      "package.json",
      "src",
      join("src", "index.js"),
      "wrangler.toml",
    ].toSorted(),
  );
});

test("no line of its instructions puts the key into the history of the shell", async (context) => {
  const { stdout } = await made(await emptyFolder(context));
  assert.match(stdout, /^ {2}npx edge-token-broker doctor --url https:\/\/… --key - /m);
  assert.doesNotMatch(stdout, /BROKER_KEY=/);
});

describe("arguments", () => {
  const wrong = {
    "an empty name": [[""], /^NAME is empty\./],
    "no name": [[], /^Exactly one NAME/],
    "an empty scope": [["b1", "--scope", ""], /^--scope is empty/],
    "an empty client": [["b1", "--client", ""], /^--client may only have/],
    "a client that no object can name": [["b1", "--client", "__proto__"], /^--client may not be __proto__/],
  };
  for (const [what, [args, reason]] of Object.entries(wrong))
    test(`${what} is refused, and nothing is written`, async (context) => {
      const folder = await emptyFolder(context);
      const { code, stderr } = await init(folder, [...args, "--no-install"]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, reason);
      assert.deepEqual(await readdir(folder), []);
    });

  test("the usage names each option", async (context) => {
    const { stdout } = await init(await emptyFolder(context), ["--help"]);
    const [usage, ...help] = stdout.split("\n");
    const options = help.flatMap((line) => /^ {2}(--[a-z-]+)/.exec(line)?.[1] ?? []);
    assert.ok(options.includes("--yes"));
    for (const option of options) assert.ok(usage.includes(`[${option}`), option);
  });
});

describe("all or nothing", () => {
  const obstacles = {
    "src is a file": [(folder) => writeFile(join(folder, "src"), ""), /no folder: b1\/src\./],
    "wrangler.toml is a link to nothing": [
      (folder) => symlink("nothing", join(folder, "wrangler.toml")),
      /exist already in b1: wrangler\.toml\./,
    ],
    "src is a link to nothing": [(folder) => symlink("nothing", join(folder, "src")), /no folder: b1\/src\./],
    "package.json is a folder": [
      (folder) => mkdir(join(folder, "package.json")),
      /exist already in b1: package\.json\./,
    ],
  };
  for (const [what, [prepare, reason]] of Object.entries(obstacles))
    test(what, { skip: isWindows }, async (context) => {
      const folder = await emptyFolder(context);
      await mkdir(join(folder, "b1"));
      await prepare(join(folder, "b1"));
      const before = await readdir(join(folder, "b1"));
      assertFailed(await made(folder), reason);
      assert.deepEqual(await readdir(join(folder, "b1")), before);
    });

  test("NAME is a file, or below one", async (context) => {
    const folder = await emptyFolder(context);
    await writeFile(join(folder, "b1"), "mine");
    assertFailed(await made(folder), /no folder: b1\./);
    assertFailed(await init(folder, ["b1/b2/b3", "--no-install"]), /no folder: b1\./);
    assert.equal(await readFile(join(folder, "b1"), "utf8"), "mine");
  });

  test("a folder that the system does not let it make", { skip: process.platform !== "linux" }, async () => {
    assertFailed(await init("/proc", ["b1", "--no-install"]), /^Nothing is written\. b1\/.*: .+ \(E[A-Z]+\)\.$/m);
  });

  test("an error in the middle removes what was made, and only that", { skip: isWindows }, async (context) => {
    const folder = await emptyFolder(context);
    // No file may be larger than one block, which is 512 or 1024 bytes. The first files are smaller, wrangler.toml is not.
    const options = { before: "ulimit -f 1" };
    assertFailed(
      await init(folder, ["new/b1", "--no-install"], options),
      /^Nothing is written\. new\/b1\/.*: file too large \(EFBIG\)\.$/m,
    );
    assert.deepEqual(await readdir(folder), []);
    await mkdir(join(folder, "b1"));
    await writeFile(join(folder, "b1", "notes.txt"), "mine");
    assertFailed(await made(folder, [], options), /EFBIG/);
    assert.deepEqual(await readdir(join(folder, "b1")), ["notes.txt"]);
  });
});

describe("where the package is from", () => {
  /** This package, unpacked in a folder, without its own packages. */
  async function unpacked(context, path) {
    const folder = await emptyFolder(context);
    const root = join(folder, path);
    for (const part of ["cli", "template", "package.json"])
      await cp(join(ROOT, part), join(root, part), { recursive: true });
    return { folder, root };
  }

  test("a checkout is a folder", async (context) => {
    const { folder, root } = await unpacked(context, "checkout");
    const { stderr } = await made(folder, [], { root });
    assert.equal((await manifestIn(join(folder, "b1"))).dependencies[name], "file:../checkout");
    assert.equal(stderr, "");
  });

  for (const path of [`node_modules/.pnpm/x/node_modules/${name}`, `dlx/node_modules/${name}`])
    test(`${path}, of which npm has no record: the version, and a line that says so`, async (context) => {
      const { folder, root } = await unpacked(context, path);
      const { code, stderr } = await made(folder, [], { root });
      assert.equal(code, 0);
      assert.equal((await manifestIn(join(folder, "b1"))).dependencies[name], version);
      assert.match(stderr, /npm install \.\/FILE\.tgz$/m);
    });

  for (const [resolved, wanted] of [
    ["file:../p.tgz", "file:../p.tgz"],
    [`https://example.com/p.tgz`, "https://example.com/p.tgz"],
    [`https://example.com/${name}/-/${name}-${version}.tgz`, version],
  ])
    test(`npm's record says ${resolved}`, async (context) => {
      const { folder, root } = await unpacked(context, `npx/node_modules/${name}`);
      const packages = { [`node_modules/${name}`]: { resolved } };
      await writeFile(join(folder, "npx", "node_modules", ".package-lock.json"), JSON.stringify({ packages }));
      const { stderr } = await made(folder, [], { root });
      assert.equal((await manifestIn(join(folder, "b1"))).dependencies[name], wanted);
      assert.equal(stderr, "");
    });
});

describe("npm", { skip: isWindows }, () => {
  /** A folder, and a PATH on which npm is this module. */
  async function withNpm(context, code) {
    const folder = await emptyFolder(context);
    const bin = join(folder, "bin");
    await mkdir(bin);
    await writeFile(join(bin, "npm"), `#!${process.execPath}\n${code}`, { mode: 0o755 });
    return { folder, PATH: bin };
  }
  const says = (text) => `console.error(${JSON.stringify(text)});`;

  test("is the one on PATH, and not pnpm or yarn", async (context) => {
    const { folder, PATH } = await withNpm(context, says("npm of PATH"));
    const other = join(folder, "pnpm.cjs");
    await writeFile(other, says("another manager"));
    const { code, stderr } = await init(folder, ["b1", "--yes"], { env: { PATH, npm_execpath: other } });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /npm of PATH/);
    assert.doesNotMatch(stderr, /another manager/);
  });

  test("is the one that has started init", async (context) => {
    const { folder, PATH } = await withNpm(context, says("npm of PATH"));
    const own = join(folder, "npm-cli.js");
    await writeFile(own, says("npm itself"));
    const { stderr } = await init(folder, ["b1", "--yes"], { env: { PATH, npm_execpath: own } });
    assert.match(stderr, /npm itself/);
    assert.doesNotMatch(stderr, /npm of PATH/);
  });

  test("fails: exit code 1, and the key is shown before", async (context) => {
    const { folder, PATH } = await withNpm(context, "process.exit(3)");
    const { code, stdout, stderr } = await init(folder, ["b1", "--yes"], { env: { PATH } });
    assert.equal(code, 1);
    assert.match(stdout, KEY);
    assert.match(stderr, /^init: npm install failed: its lines above say why\./m);
  });

  test("is not there: that is what it says", async (context) => {
    const folder = await emptyFolder(context);
    const { code, stderr } = await init(folder, ["b1", "--yes"], { env: { PATH: folder } });
    assert.equal(code, 1);
    assert.match(stderr, /^init: npm install failed: there is no npm on PATH\./m);
  });

  for (const [signal, number] of Object.entries({ SIGINT: 2, SIGTERM: 15 }))
    test(`${signal} while it installs: exit code ${128 + number}, and no word of a failure`, async (context) => {
      const { folder, PATH } = await withNpm(context, `setInterval(() => {}, 1000); ${says("installing")}`);
      const { child, ended } = started(folder, ["b1", "--yes"], { env: { PATH } });
      child.stderr.on("data", (text) => text.includes("installing") && child.kill(signal));
      const { code, stderr } = await ended;
      assert.equal(code, 128 + number, stderr);
      assert.doesNotMatch(stderr, /failed/);
    });
});
