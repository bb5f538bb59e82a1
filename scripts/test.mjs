// Every test: the core on the host, the commands, then the bundle that would be deployed, in real workerd.
//
//   npm test [-- PATTERN]    only host tests whose name, and other test files whose path, contain PATTERN

import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { build } from "./build.mjs";
import { Failure, main, projectEnv, projectNode, root, say, start, stopping } from "./lib/run.mjs";
import { setUp } from "./setup.mjs";

const CONCURRENCY = 2;
// A test that hangs fails, instead of holding up CI.
const TIMEOUT = "--test-timeout=60000";
const scriptTests = join("tests", "scripts");
const workerdTests = join("tests", "workerd");

main(async () => {
  const pattern = process.argv[2];
  await setUp();
  // Side by side: on two cores that takes 73 s instead of 116 s from nothing.
  const hostTests = stage("host tests", "cargo", ["test", "--locked", ...(pattern ? [pattern] : [])]);
  await Promise.all([hostTests, build({ show: false })]);
  // Without a login or a network: packs dist/ as `wrangler deploy` would upload it. The tests run what is in there.
  rmSync(join(root, "dist"), { recursive: true, force: true });
  await stage("wrangler deploy --dry-run", "wrangler", ["deploy", "--dry-run", "--outdir", "dist"]);
  await nodeTests("tests of the commands", scriptTests, pattern);
  await nodeTests("workerd tests", workerdTests, pattern);
});

async function stage(name, command, args) {
  say(`test: ${name}`);
  const env = projectEnv({ WRANGLER_SEND_METRICS: "false" });
  const code = await start(command, args, { env, stdio: ["ignore", "inherit", "inherit"] }).finished;
  stopping.signal.throwIfAborted();
  if (code !== 0) throw new Failure(`test: failed at: ${name}`);
}

async function nodeTests(name, folder, pattern) {
  const files = testFiles(folder, pattern);
  if (files.length === 0) return say(`test: no file in ${folder} matches ${pattern}`);
  await stage(name, projectNode, ["--test", `--test-concurrency=${CONCURRENCY}`, TIMEOUT, ...files]);
}

function testFiles(folder, pattern = "") {
  return readdirSync(join(root, folder), { recursive: true })
    .filter((path) => path.endsWith(".test.mjs") && path.includes(pattern))
    .sort()
    .map((path) => join(folder, path));
}
