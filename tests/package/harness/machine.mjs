// A machine of a user: one Node.js with npm, a shell, curl, and nothing else. No cargo, no rustc, no wrangler.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { access, constants, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { withLock } from "../../../scripts/lib/lock.mjs";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const run = promisify(execFile);

/** The versions of Node.js under test, one of each major version that the package names. */
export const NODES = ["20.20.2", "22.23.3"];
/** What a shell script of npm, and a person, call. */
const PROGRAMS = ["sh", "env", "curl", "uname"];

/**
 * The program of this version of Node.js, from its npm package, which the first call installs.
 * @param {string} version
 */
export async function nodeBinary(version) {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(ROOT, "target", "node", version);
  const binary = join(folder, "node_modules", name, "bin", "node");
  await mkdir(folder, { recursive: true });
  await withLock(join(folder, ".lock"), `Node.js ${version}`, async () => {
    if (await exists(binary)) return;
    const where = ["--prefix", folder, "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"];
    await run("npm", ["install", ...where, `${name}@${version}`]);
  });
  return binary;
}

/** @param {string} path */
const exists = (path) =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/**
 * Where a program of this machine is.
 * @param {string} name
 */
async function found(name) {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    // The project's own packages are not a user's.
    if (!folder.startsWith(ROOT) && (await exists(join(folder, name)))) return join(folder, name);
  }
  throw new Error(`the tests of the package need ${name}`);
}

/**
 * A machine with an empty folder.
 * @param {string} version of Node.js
 */
export async function newMachine(version) {
  const root = await mkdtemp(join(tmpdir(), "edge-token-broker-user-"));
  const [bin, folder] = [join(root, "bin"), join(root, "work")];
  await mkdir(bin);
  await mkdir(folder);
  await symlink(await nodeBinary(version), join(bin, "node"));
  for (const name of [...PROGRAMS, "npm", "npx"]) await symlink(await found(name), join(bin, name));
  return new Machine(root, bin, folder);
}

class Machine {
  #bin;
  #root;
  /** @type {Started[]} */
  #started = [];

  /**
   * @param {string} root
   * @param {string} bin
   * @param {string} folder
   */
  constructor(root, bin, folder) {
    this.#root = root;
    this.#bin = bin;
    this.folder = folder;
  }

  /** @param {NodeJS.ProcessEnv} more */
  #env(more) {
    const kept = Object.entries(process.env).filter(
      ([name]) => !/^(npm_|NODE|CARGO|RUST|CI$|BROKER|CLOUDFLARE)/i.test(name),
    );
    return {
      ...Object.fromEntries(kept),
      PATH: this.#bin,
      WRANGLER_SEND_METRICS: "false",
      NO_COLOR: "1",
      npm_config_prefer_offline: "true",
      ...more,
    };
  }

  /**
   * Runs a line of a shell to its end, in the folder or in one below it.
   * @param {string} line
   * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, input?: string }} [options]
   */
  async shell(line, { cwd = "", env = {}, input = "" } = {}) {
    const child = spawn("/bin/sh", ["-c", line], { cwd: join(this.folder, cwd), env: this.#env(env) });
    const output = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text) => (output.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (output.stderr += text));
    child.stdin.on("error", () => {}).end(input);
    const [code] = await once(child, "close");
    return { code: Number(code), ...output };
  }

  /**
   * Starts a line of a shell that goes on, and waits until its output has `last`.
   * @param {string} line
   * @param {string | RegExp} last
   * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
   */
  async start(line, last, { cwd = "", env = {} } = {}) {
    const child = spawn("/bin/sh", ["-c", `exec ${line}`], {
      cwd: join(this.folder, cwd),
      env: this.#env(env),
      stdio: ["ignore", "pipe", "pipe"],
      // It leads a process group: npx ends by a signal, and does not hand it on.
      detached: true,
    });
    const started = new Started(child, last);
    this.#started.push(started);
    await started.ready;
    return started;
  }

  async close() {
    for (const started of this.#started) await started.stop();
    await rm(this.#root, { recursive: true, force: true });
  }
}

class Started {
  #child;
  output = "";

  /**
   * @param {import("node:child_process").ChildProcessByStdio<null, import("node:stream").Readable, import("node:stream").Readable>} child
   * @param {string | RegExp} last
   */
  constructor(child, last) {
    this.#child = child;
    const isOut = () => (typeof last === "string" ? this.output.includes(last) : last.test(this.output));
    /** @type {Promise<void>} */
    this.ready = new Promise((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (text) => {
          this.output += text;
          if (isOut()) resolve();
        });
      child.once("error", reject);
      child.once("close", () => reject(new Error(`it ended before it was ready:\n${this.output}`)));
    });
  }

  async stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, "close");
    process.kill(-Number(this.#child.pid), "SIGTERM");
    await closed;
  }
}
