// Checks the dependencies: pins, checksums, licences, sources, yanked crates, advisories.
//
//   npm run supply-chain [-- --strict]
//
// Some checks need data that a package registry or a network may not have. Such a check prints NOT AVAILABLE. This is a
// failure only with --strict, which is for a release.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { requirements } from "./lib/python.mjs";
import { Failure, main, parseArguments, projectEnv, root, run, say } from "./lib/run.mjs";
import { setUp, setUpTool } from "./setup.mjs";
import { cargoDeny } from "./versions.mjs";

/** @typedef {{ outcome: "passed" | "FAILED" | "NOT AVAILABLE", why?: string }} Result */

/**
 * @typedef {object} Crate As `cargo metadata` has it.
 * @property {string} name
 * @property {string} version
 * @property {string | null} source Ours have none.
 * @property {{ name: string, req: string, path?: string }[]} dependencies
 */

/**
 * @typedef {{ integrity?: string, optional?: boolean, link?: boolean, resolved?: string, hasInstallScript?: boolean }}
 * Locked
 */

const usage = "Usage: npm run supply-chain [-- --strict]";
const options = /** @type {const} */ ({ strict: { type: "boolean", default: false } });
const manifests = ["Cargo.toml", join("fuzz", "Cargo.toml")];
/** @type {Result} */
const passed = { outcome: "passed" };
/** @type {(why: string) => Result} */
const failed = (why) => ({ outcome: "FAILED", why });
/** @type {(why: string) => Result} */
const notAvailable = (why) => ({ outcome: "NOT AVAILABLE", why });

main(async () => {
  const { strict } = parseArguments(options, usage).values;
  await setUp();
  const deny = await setUpTool(cargoDeny);
  /** @type {[string, () => Result | Promise<Result>][]} */
  const checks = [
    ["exact pins", exactPins],
    ["npm: every package has its checksum, install scripts are listed", npmLock],
    ["Python: every package has its version and checksums", pythonLock],
    ["crates: licences, bans, sources", () => cargoDenyCheck(deny, ["licenses", "bans", "sources"])],
    ["crates: none is yanked", noneYanked],
    ["crates: advisories (RustSec)", () => advisories(deny)],
    ["npm: advisories (npm audit)", npmAdvisories],
    ["npm: signatures (npm audit signatures)", npmSignatures],
  ];
  let bad = 0;
  for (const [name, check] of checks) {
    const { outcome, why } = await check();
    say(`supply chain: ${name}: ${outcome}${why ? `\n${why}` : ""}`);
    if (outcome === "FAILED" || (strict && outcome !== "passed")) bad += 1;
  }
  if (bad > 0) throw new Failure(`supply chain: ${bad} of ${checks.length} checks did not pass`);
});

/** @param {string} path */
function text(path) {
  return readFileSync(join(root, path), "utf8");
}

/** Every dependency has one version and no range. */
async function exactPins() {
  const { dependencies = {}, devDependencies = {}, optionalDependencies = {} } = JSON.parse(text("package.json"));
  /** @type {[string, string][]} */
  const packages = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
  const loose = packages
    .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
    .map(([name]) => `package.json: ${name}`);
  for (const manifest of manifests) {
    const ours = (await cratesOf(manifest)).filter(({ source }) => source === null);
    const wanted = ours.flatMap(({ dependencies }) => dependencies.filter(({ path }) => path === undefined));
    const ranges = wanted.filter(({ req }) => !/^=\d+\.\d+\.\d+/.test(req));
    loose.push(...ranges.map(({ name, req }) => `${manifest}: ${name} ${req}`));
  }
  return loose.length === 0 ? passed : failed(loose.join("\n"));
}

/**
 * The crates that a manifest locks, and the crate of the manifest.
 * @param {string} manifest
 * @returns {Promise<Crate[]>}
 */
async function cratesOf(manifest) {
  const args = ["metadata", "--quiet", "--format-version", "1", "--locked", "--all-features"];
  const { output } = await run("cargo", [...args, "--manifest-path", manifest]);
  return JSON.parse(output).packages;
}

/** `npm ci` compares the checksums. This checks that they exist and are strong. */
function npmLock() {
  const allowed = JSON.parse(text("package.json")).allowScripts;
  /** @type {[string[], string[]]} */
  const [faults, unknown] = [[], []];
  /** @type {Record<string, Locked>} */
  const packages = JSON.parse(text("package-lock.json")).packages;
  for (const [path, entry] of Object.entries(packages)) {
    if (path === "") continue;
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    // npm records none for a package of another platform that its registry does not have.
    if (!entry.integrity?.startsWith("sha512-"))
      (entry.optional && !entry.integrity ? unknown : faults).push(`${path} has no SHA-512 checksum`);
    if (entry.link || /^(git|file|http:)/.test(entry.resolved ?? "")) faults.push(`${path} is not from a registry`);
    if (entry.hasInstallScript && !entry.optional && !allowed[name])
      faults.push(`${path} has an install script that allowScripts does not name`);
  }
  if (faults.length > 0) return failed(faults.join("\n"));
  return unknown.length === 0 ? passed : notAvailable(`for other platforms' packages:\n${unknown.join("\n")}`);
}

/** `pip install --require-hashes` compares the checksums. This checks that no line is without. */
function pythonLock() {
  const lines = text(requirements)
    .replaceAll(/ \\\n */g, " ")
    .split("\n");
  const loose = lines.filter((line) => !/^(#.*|[a-z0-9-]+==[\w.]+( --hash=sha256:[0-9a-f]{64})+|)$/.test(line));
  return loose.length === 0 ? passed : failed(loose.map((line) => `${requirements}: ${line}`).join("\n"));
}

/**
 * @param {string} deny
 * @param {string[]} checks
 */
async function cargoDenyCheck(deny, checks) {
  for (const manifest of manifests) {
    const args = [
      "--manifest-path",
      manifest,
      "--config",
      "deny.toml",
      "--locked",
      "--color",
      "never",
      "check",
      ...checks,
    ];
    const { code, output } = await run(deny, args, { mayFail: true });
    if (code !== 0) return failed(output);
  }
  return passed;
}

/** @param {string} deny */
async function advisories(deny) {
  const fetched = await run(deny, ["--config", "deny.toml", "--color", "never", "fetch", "db"], { mayFail: true });
  if (fetched.code !== 0) return notAvailable("the RustSec database could not be fetched from GitHub");
  return cargoDenyCheck(deny, ["advisories"]);
}

/** cargo chooses no yanked version unless a lock file has it, so this resolves without a lock file. */
async function noneYanked() {
  const locked = (await Promise.all(manifests.map(cratesOf))).flat();
  const published = locked.filter(({ source }) => source?.startsWith("registry+"));
  const versions = published.map(({ name, version }) => `package = "${name}", version = "=${version}"`);
  const wanted = [...new Set(versions)].map(
    (version, index) => `locked_${index} = { ${version}, default-features = false }`,
  );
  const folder = mkdtempSync(join(tmpdir(), "yanked-"));
  try {
    mkdirSync(join(folder, "src"));
    writeFileSync(join(folder, "src", "lib.rs"), "");
    const manifest = join(folder, "Cargo.toml");
    const head = '[package]\nname = "yanked"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n[dependencies]';
    writeFileSync(manifest, [head, ...wanted, ""].join("\n"));
    const { code, output } = await run("cargo", ["generate-lockfile", "--manifest-path", manifest], { mayFail: true });
    return code === 0 ? passed : failed(output);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function npmAdvisories() {
  const { output } = await run("npm", ["audit", "--json", "--loglevel=silent"], { env: projectEnv(), mayFail: true });
  const report = json(output);
  if (!report?.auditReportVersion) return notAvailable("the npm registry has no such service");
  const { total } = report.metadata.vulnerabilities;
  return total === 0 ? passed : failed(JSON.stringify(report.vulnerabilities, null, 1));
}

async function npmSignatures() {
  const { output } = await run("npm", ["audit", "signatures", "--json", "--loglevel=silent"], {
    env: projectEnv(),
    mayFail: true,
  });
  const report = json(output);
  if (!report?.invalid) return notAvailable("the npm registry's keys could not be fetched");
  return report.invalid.length + report.missing.length === 0 ? passed : failed(output);
}

/**
 * The JSON of a program's output, or `undefined` if it is no JSON.
 * @param {string} output
 */
function json(output) {
  try {
    return JSON.parse(output.slice(output.indexOf("{")));
  } catch {
    return null;
  }
}
