// Fuzzes the code that reads bytes from outside. It reads the corpus in fuzz/corpus and never writes it.
//
//   npm run fuzz -- [--seconds 60 | --runs N] [TARGET…]
//
// It needs no nightly compiler and no installation: a stable compiler takes LLVM's flags for libFuzzer's coverage.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";

import { Failure, main, parseArguments, projectEnv, root, run, say } from "./lib/run.mjs";
import { setUp } from "./setup.mjs";

const usage = "Usage: npm run fuzz -- [--seconds N | --runs N] [TARGET…]";
const options = /** @type {const} */ ({ seconds: { type: "string" }, runs: { type: "string" } });
const project = join(root, "fuzz");
/** The longest input: longer than any field may be, and short enough for many runs. */
const INPUT_MAX_BYTES = 4096;
/** The longest time for one input. The largest takes a millisecond. */
const INPUT_TIMEOUT_SECONDS = 5;
const MEMORY_MAX_MB = 1024;

// The flags of cargo-fuzz, without a sanitizer: the code has no `unsafe`.
const coverage = [
  "--cfg=fuzzing",
  "-Cpasses=sancov-module",
  ...["level=4", "inline-8bit-counters", "pc-table", "trace-compares"].map(
    (option) => `-Cllvm-args=-sanitizer-coverage-${option}`,
  ),
  "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
];

main(async () => {
  const { budget, targets } = readArguments();
  await setUp();
  const binaries = await build();
  const work = mkdtempSync(join(tmpdir(), "fuzz-"));
  const artifacts = join(project, "artifacts");
  mkdirSync(artifacts, { recursive: true });
  const queue = [...targets];
  /** @type {string[]} */
  const failures = [];
  const worker = async () => {
    for (let target = queue.shift(); target; target = queue.shift()) {
      if (!(await fuzz(target, { binaries, work, artifacts, budget }))) failures.push(target);
    }
  };
  try {
    await Promise.all(Array.from({ length: cpus().length }, worker));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  if (failures.length > 0) throw new Failure(`fuzz: failed: ${failures.join(", ")}`);
});

function readArguments() {
  const all = readdirSync(join(project, "fuzz_targets"))
    .map((file) => file.replace(/\.rs$/, ""))
    .sort();
  const { values, positionals } = parseArguments(options, usage, { allowPositionals: true });
  const { seconds, runs } = values;
  for (const number of [seconds, runs]) {
    if (number !== undefined && !/^[1-9]\d*$/.test(number))
      throw new Failure(`${number} is not a number above zero.\n${usage}`);
  }
  if (seconds && runs) throw new Failure(`Either --seconds or --runs.\n${usage}`);
  const unknown = positionals.find((target) => !all.includes(target));
  if (unknown) throw new Failure(`There is no target ${unknown}: ${all.join(", ")}.`);
  const budget = runs ? `-runs=${runs}` : `-max_total_time=${seconds ?? 60}`;
  return { budget, targets: positionals.length > 0 ? positionals : all };
}

/** Builds all targets and returns their folder. */
async function build() {
  say("fuzz: building");
  // With `--target`, the flags do not reach build scripts and macros.
  const { output } = await run("rustc", ["--print", "host-tuple"]);
  const host = output.trim();
  const args = [
    "build",
    "--release",
    "--bins",
    "--locked",
    "--target",
    host,
    "--manifest-path",
    join(project, "Cargo.toml"),
  ];
  const folder = process.env.CARGO_TARGET_DIR || join(project, "target");
  // Flags that the developer has set for other builds undo the coverage.
  const env = projectEnv({ CARGO_ENCODED_RUSTFLAGS: coverage.join("\x1f"), CARGO_TARGET_DIR: folder });
  await run("cargo", args, { env, show: true });
  return join(folder, host, "release");
}

/**
 * Whether `target` found no fault.
 * @param {string} target
 * @param {{ binaries: string, work: string, artifacts: string, budget: string }} how
 */
async function fuzz(target, { binaries, work, artifacts, budget }) {
  const [found, seeds] = [join(work, target), join(project, "corpus", target)];
  mkdirSync(found);
  const { code, output } = await run(
    join(binaries, target),
    [
      budget,
      `-max_len=${INPUT_MAX_BYTES}`,
      `-timeout=${INPUT_TIMEOUT_SECONDS}`,
      `-rss_limit_mb=${MEMORY_MAX_MB}`,
      `-artifact_prefix=${join(artifacts, `${target}-`)}`,
      "-print_final_stats=1",
      found,
      ...(existsSync(seeds) ? [seeds] : []),
    ],
    { mayFail: true },
  );
  if (code !== 0) {
    // The panic, its place, and the file with the input.
    say(output.split("\n").slice(-40).join("\n"));
    const artifact = /Test unit written to (.+)/.exec(output)?.[1];
    say(`fuzz: ${target}: FAILED (exit code ${code})${artifact ? `, the input is in ${artifact}` : ""}`);
    return false;
  }
  const runs = /stat::number_of_executed_units: +(\d+)/.exec(output)?.[1];
  const done = /DONE +cov: (\d+)/.exec(output)?.[1];
  // A target that ran nothing proves nothing.
  if (!(Number(runs) > 0) || !done) {
    say(`fuzz: ${target}: FAILED, it ran nothing:\n${output}`);
    return false;
  }
  say(`fuzz: ${target}: ${runs} runs, coverage ${done}`);
  return true;
}
