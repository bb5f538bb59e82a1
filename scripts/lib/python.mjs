// The Python of the tests with real client libraries: a virtual environment with the packages of
// tests/clients/python/requirements.txt. It is made once, and again after a change of that file.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { withLock } from "./lock.mjs";
import { Failure, codeOf, machineEnv, root, run, say } from "./run.mjs";

/** The oldest Python that every package runs on. */
const OLDEST = "3.10";
export const requirements = join("tests", "clients", "python", "requirements.txt");
const folder = join(root, "target", "python");
const windows = process.platform === "win32";
const python = join(folder, ...(windows ? ["Scripts", "python.exe"] : ["bin", "python"]));
// Written last, so that an interrupted installation does not count.
const record = join(folder, "installed");

// Prints the version. `venv` needs `ensurepip`, which some distributions have in a package of its own.
const PROBE = `
import sys, ensurepip, venv
assert sys.version_info >= (${OLDEST.replace(".", ", ")})
print(sys.version)`;

/**
 * The path of a Python that has the packages, or why there is none. In CI it is a failure if there is none.
 * @returns {Promise<{ python: string, missing?: undefined } | { python?: undefined, missing: string }>}
 */
export async function setUpPython() {
  const missing = await whyMissing();
  if (missing === undefined) return { python };
  if (process.env.CI) throw new Failure(`${missing}; CI does not skip the tests with Python's client libraries.`);
  return { missing };
}

async function whyMissing() {
  const found = await findPython();
  if (!found) return `Python ${OLDEST} or later with its modules venv and ensurepip is missing`;
  const wanted = digest(found.version);
  if (isInstalled(wanted)) return undefined;
  return withLock(join(root, "target", "python.lock"), "Python packages", async () => {
    // Checked again: the holder of the lock may have installed them.
    return isInstalled(wanted) ? undefined : install(found.command, wanted);
  });
}

async function findPython() {
  for (const command of ["python3", "python"]) {
    const version = await versionOf(command);
    if (version) return { command, version };
  }
  return undefined;
}

/** @param {string} command */
async function versionOf(command) {
  try {
    const { code, output } = await run(command, ["-c", PROBE], { env: machineEnv(), mayFail: true });
    return code === 0 ? output : undefined;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** @param {string} version */
function digest(version) {
  return createHash("sha256")
    .update(version)
    .update(readFileSync(join(root, requirements)))
    .digest("hex");
}

/** @param {string} wanted */
function isInstalled(wanted) {
  return existsSync(record) && existsSync(python) && readFileSync(record, "utf8") === wanted;
}

/**
 * Why the packages cannot be installed, if they cannot.
 * @param {string} command
 * @param {string} wanted
 */
async function install(command, wanted) {
  say("setup: installing the Python packages of the tests (about 20 seconds)");
  rmSync(folder, { recursive: true, force: true });
  const flags = ["--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps", "--only-binary", ":all:"];
  const installed =
    (await succeeds(command, ["-m", "venv", folder])) &&
    (await succeeds(python, ["-m", "pip", "install", ...flags, "--requirement", requirements]));
  if (!installed) return "the Python packages of the tests cannot be installed (the reason is above)";
  writeFileSync(record, wanted);
  return undefined;
}

/**
 * @param {string} command
 * @param {string[]} args
 */
async function succeeds(command, args) {
  // The machine's index counts. An installation for the user is not possible in a virtual environment.
  const env = { ...machineEnv(), PIP_USER: "0" };
  const { code, output } = await run(command, args, { env, mayFail: true });
  if (code !== 0) process.stderr.write(output);
  return code === 0;
}
