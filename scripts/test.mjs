// Runs every test: the core on the host, the commands, then the bundle to deploy in real workerd, then real client
// libraries against it, then the npm package on machines without Rust.
//
//   npm test [-- PATTERN]    only host tests whose name, and other test files whose path, contain PATTERN

import { readdirSync } from "node:fs";
import { basename, join } from "node:path";

import { build } from "./build.mjs";
import { pack } from "./lib/pack.mjs";
import { setUpPython } from "./lib/python.mjs";
import { Failure, main, projectEnv, projectNode, root, say, start, stopping } from "./lib/run.mjs";
import { setUp } from "./setup.mjs";
import { buildTools } from "./tools.mjs";

const CONCURRENCY = 2;
// A test that hangs fails, and does not hold up CI.
const TIMEOUT = "--test-timeout=180000";
const ownClientTests = join("tests", "client");
const scriptTests = join("tests", "scripts");
const workerdTests = join("tests", "workerd");
const upgradeTests = join("tests", "upgrade");
const clientTests = join("tests", "clients");
const packageTests = join("tests", "package");

main(async () => {
  const pattern = process.argv[2];
  await setUp();
  await python(pattern);
  // Side by side. From a clean tree on two cores this takes 73 s instead of 116 s.
  const hostTests = stage("host tests", "cargo", ["test", "--locked", ...(pattern ? [pattern] : [])]);
  await Promise.all([hostTests, build({ show: false }).then(() => buildTools({ show: false }))]);
  await pack();
  await nodeTests("tests of the JavaScript client", ownClientTests, pattern);
  await nodeTests("tests of the commands", scriptTests, pattern);
  await nodeTests("workerd tests", workerdTests, pattern);
  await nodeTests("tests of upgrades", upgradeTests, pattern);
  await nodeTests("tests of client libraries", clientTests, pattern);
  await nodeTests("tests of the npm package", packageTests, pattern);
});

/**
 * Sets up Python if a test with its libraries is going to run, so that CI fails early without it.
 * @param {string} [pattern]
 */
async function python(pattern) {
  if (!testFiles(clientTests, pattern).some((path) => basename(path).startsWith("python_"))) return;
  const { missing } = await setUpPython();
  if (missing) say(`test: the tests with Python's client libraries are skipped: ${missing}`);
}

/**
 * @param {string} name
 * @param {string} command
 * @param {string[]} args
 */
async function stage(name, command, args) {
  say(`test: ${name}`);
  const env = projectEnv({ WRANGLER_SEND_METRICS: "false" });
  const code = await start(command, args, { env, stdio: ["ignore", "inherit", "inherit"] }).finished;
  stopping.signal.throwIfAborted();
  if (code !== 0) throw new Failure(`test: failed at: ${name}`);
}

/**
 * @param {string} name
 * @param {string} folder
 * @param {string} [pattern]
 */
async function nodeTests(name, folder, pattern) {
  const files = testFiles(folder, pattern);
  if (files.length === 0) return say(`test: no file in ${folder} matches ${pattern}`);
  await stage(name, projectNode, ["--test", `--test-concurrency=${CONCURRENCY}`, TIMEOUT, ...files]);
}

/**
 * @param {string} folder
 * @param {string} [pattern]
 */
function testFiles(folder, pattern = "") {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".test.mjs") && path.includes(pattern))
    .sort()
    .map((path) => join(folder, path));
}
