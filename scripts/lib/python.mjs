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
  const found = await findPython();
  if (!found) {
    const missing = `Python ${OLDEST} or later with its modules venv and ensurepip is missing`;
    if (process.env.CI) throw new Failure(`${missing}: CI needs it for the tests with Python's libraries.`);
    return { missing };
  }
  const wanted = digest(found.version);
  if (!isInstalled(wanted)) {
    await withLock(join(root, "target", "python.lock"), "Python packages", async () => {
      // Checked again: the holder of the lock may have installed them.
      if (!isInstalled(wanted)) await install(found.command, wanted);
    });
  }
  return { python };
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
 * @param {string} command
 * @param {string} wanted
 */
async function install(command, wanted) {
  say("setup: installing the Python packages of the tests (about 20 seconds)");
  rmSync(folder, { recursive: true, force: true });
  const env = machineEnv();
  await run(command, ["-m", "venv", folder], { env, show: true });
  const flags = ["--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps", "--only-binary", ":all:"];
  await run(python, ["-m", "pip", "install", ...flags, "--requirement", requirements], { env, show: true });
  writeFileSync(record, wanted);
}
