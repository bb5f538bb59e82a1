// `npm start` as a new user meets it: in a clone of the project, on wrangler's own workerd and KV.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const START_DEADLINE_MS = 60_000;
/** The end of what `npm start` prints. */
const LAST_LINE = "--data-urlencode credential=github\n";
const PARTS = [
  "package.json",
  "package-lock.json",
  ".npmrc",
  "wrangler.toml",
  "Cargo.toml",
  "Cargo.lock",
  "rust-toolchain.toml",
  "scripts",
  "cli",
  "src",
  "stand-in",
  "tools",
  "build",
];

/** The project without its state and its operator's secrets: what is in .dev.vars must never be used by a test. */
export async function cloneWithBuild() {
  const target = await mkdtemp(join(tmpdir(), "edge-token-broker-start-"));
  // A broken build leaves a lock and temporary files behind.
  const filter = (/** @type {string} */ path) => ![".lock", ".tmp"].includes(basename(path));
  for (const part of PARTS) await cp(join(ROOT, part), join(target, part), { recursive: true, filter });
  await symlink(join(ROOT, "node_modules"), join(target, "node_modules"), "junction");
  // With a domain of its own, as after going live: wrangler by itself then shows the Worker http URLs of that domain.
  const toml = join(target, "wrangler.toml");
  const route = `routes = [{ pattern = "broker.example.com", custom_domain = true }]\n`;
  await writeFile(toml, route + (await readFile(toml, "utf8")));
  return target;
}

/**
 * Runs it until `stop`. `output` is what it has printed up to its last line, and `paragraphs` are the parts of that.
 * @param {string} folder The clone.
 * @param {string[]} args
 */
export async function npmStart(folder, args) {
  const npm = spawn("npm", ["start", "--", ...args], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const stop = async () => {
    if (npm.exitCode !== null) return;
    const closed = once(npm, "close"); // only when the last process that holds its output has gone
    npm.kill("SIGTERM");
    await closed;
  };
  const printed = new Promise((resolve, reject) => {
    for (const stream of [npm.stdout, npm.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
        if (output.includes(LAST_LINE)) resolve(undefined);
      });
    }
    const fail = (/** @type {string} */ what) => () => reject(new Error(`npm start ${what}:\n${output}`));
    npm.once("error", reject).once("close", fail("ended"));
    setTimeout(fail("did not print its curl lines"), START_DEADLINE_MS).unref();
  });
  try {
    await printed;
  } catch (error) {
    await stop();
    throw error;
  }
  return { output, paragraphs: output.split(/\n\s*\n/), stop };
}

/**
 * Runs a command in a shell, as a person would, and takes the response that `curl -i` prints apart.
 * @param {string} command
 */
export async function paste(command) {
  const { stdout } = await promisify(execFile)("sh", ["-c", command]);
  const [head = "", body = ""] = stdout.split("\r\n\r\n");
  const [status = "", ...headers] = head.split("\r\n");
  const cacheStatus = headers.find((line) => /^cache-status:/i.test(line))?.replace(/^[^:]*: */, "");
  return { status: Number(status.split(" ")[1]), cacheStatus, body: JSON.parse(body) };
}
