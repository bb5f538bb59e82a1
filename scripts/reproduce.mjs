// Builds the npm package once more, from nothing, in another folder and with other paths everywhere, and compares the two
// tarballs byte for byte. With a tarball as argument it compares that one, such as one from a registry.
//
//   npm run reproduce [-- TARBALL]

import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

import { filesOf } from "./lib/archive.mjs";
import { Failure, machineEnv, main, parseArguments, requireProgram, root, run, say } from "./lib/run.mjs";
import { setUp } from "./setup.mjs";

const usage = "Usage: npm run reproduce [-- TARBALL]";
const home = homedir();
const { CARGO_HOME = join(home, ".cargo"), RUSTUP_HOME = join(home, ".rustup"), EDGE_TOKEN_BROKER_TOOLS } = process.env;
const cache = EDGE_TOKEN_BROKER_TOOLS || process.env.XDG_CACHE_HOME || join(home, ".cache");

main(async () => {
  const { positionals } = parseArguments({}, usage, { allowPositionals: true });
  requireProgram("git", "git is missing: it says which files belong to the repository.");
  await setUp();
  const folder = mkdtempSync(join(tmpdir(), "edge-token-broker-reproduce-"));
  try {
    const [tarball] = positionals;
    const given = tarball === undefined ? await packed(root, folder, {}) : resolve(tarball);
    say("reproduce: building once more, from nothing, in another folder (about two minutes)");
    const again = await packed(await copied(folder), join(folder, "again"), otherPaths(folder));
    await compare(given, again, tarball === undefined);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/**
 * Runs `npm pack`, and returns the path of the tarball.
 * @param {string} cwd
 * @param {string} destination
 * @param {NodeJS.ProcessEnv} more
 */
async function packed(cwd, destination, more) {
  mkdirSync(destination, { recursive: true });
  // What an npm around this one has set is not for the one below.
  const kept = Object.entries(machineEnv()).filter(([name]) => !/^npm_/i.test(name));
  const env = { ...Object.fromEntries(kept), ...more };
  await run("npm", ["pack", "--pack-destination", destination], { cwd, env, show: true });
  const name = readdirSync(destination).find((file) => file.endsWith(".tgz")) ?? "";
  return join(destination, name);
}

/**
 * A copy of the repository's files without anything that is built. The npm packages are the same, because
 * package-lock.json has their checksums.
 * @param {string} folder
 */
async function copied(folder) {
  const copy = join(folder, "a", "longer", "path", "than", "before");
  const { stdout } = await run("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
  for (const path of stdout.split("\0").filter((path) => path !== "" && existsSync(join(root, path)))) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    copyFileSync(join(root, path), join(copy, path));
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  return copy;
}

/**
 * An environment in which nothing has the path that it has here.
 * @param {string} folder
 */
function otherPaths(folder) {
  const cargo = join(folder, "cargo");
  mkdirSync(cargo);
  // What cargo has downloaded and how it is configured stays.
  for (const name of ["registry", "config.toml"])
    if (existsSync(join(CARGO_HOME, name))) symlinkSync(join(CARGO_HOME, name), join(cargo, name));
  return {
    CARGO_HOME: cargo,
    CARGO_TARGET_DIR: join(folder, "compiled"),
    RUSTUP_HOME,
    EDGE_TOKEN_BROKER_TOOLS: cache,
    HOME: folder,
    TZ: "Pacific/Auckland",
    LC_ALL: "C",
  };
}

/**
 * @param {string} given
 * @param {string} again
 * @param {boolean} isOurs Packed by the npm of this machine, so that there is no excuse.
 */
async function compare(given, again, isOurs) {
  const [sum, other] = [given, again].map((path) => createHash("sha256").update(readFileSync(path)).digest("hex"));
  if (sum === other) return say(`reproduce: both tarballs have the SHA-256 ${sum}`);
  const [before, after] = [await filesOf(given), await filesOf(again)];
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  const differ = names.filter((name) => !before.get(name)?.equals(after.get(name) ?? Buffer.alloc(0)));
  if (differ.length > 0) throw new Failure(`reproduce: these files differ: ${differ.join(", ")}`);
  const same = `reproduce: the files are the same, but packed otherwise (SHA-256 ${sum} and ${other}): another version of npm, or another umask`;
  if (isOurs) throw new Failure(same);
  say(same);
}
