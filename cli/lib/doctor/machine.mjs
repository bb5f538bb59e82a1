// Node.js, npm, and what npm has installed in the folder.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { ownPackage } from "../npm.mjs";
import { folder, nodeOfWrangler, packageFolder, wrangler } from "../project.mjs";
import { Failure, run } from "../run.mjs";
import { fail, ok, warn } from "./check.mjs";

/** The wrangler with which this version of the package is tested. */
const testedWrangler = String(ownPackage.devDependencies?.wrangler ?? "");

/** The folder's own packages. */
export function* packages() {
  yield installed();
  yield wranglerVersion();
  const own = ownVersion();
  if (own) yield own;
}

/** wrangler may need another one than the commands. Without wrangler, any that runs them is good. */
export function node() {
  const { node } = process.versions;
  if (packageFolder("wrangler") === undefined) return ok("node", `Node.js ${node}`);
  try {
    if (nodeOfWrangler() === process.execPath) return ok("node", `Node.js ${node}`);
    const { version } = packageJson(String(packageFolder("node")));
    return ok("node", `Node.js ${node}; wrangler runs on the ${version} of this folder`);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const [message = "", toDo = ""] = error.message.split(": ");
    return fail("node", message, toDo);
  }
}

/** @param {number} timeoutMs */
export async function npm(timeoutMs) {
  const told = /^npm\/(\S+)/.exec(process.env.npm_config_user_agent ?? "")?.[1];
  if (told) return ok("npm", `npm ${told}`);
  try {
    const { code, stdout } = await run("npm", ["--version"], { mayFail: true, timeoutMs });
    if (code === 0) return ok("npm", `npm ${stdout.trim()}`);
  } catch {
    // There is no such program.
  }
  return warn("npm", "npm is not found", "Install it with Node.js (https://nodejs.org): it installs wrangler.");
}

function installed() {
  if (!existsSync(join(folder, "package.json")))
    return warn(
      "packages",
      "there is no package.json here, so nothing pins wrangler",
      "Make a folder with one: npx edge-token-broker init NAME",
    );
  const { dependencies = {}, devDependencies = {} } = packageJson(folder);
  const names = Object.keys({ ...dependencies, ...devDependencies });
  const missing = names.filter((name) => packageFolder(name) === undefined);
  if (missing.length === 0) return ok("packages", `packages of package.json are installed (${names.length})`);
  return fail(
    "packages",
    `not installed: ${missing.join(", ")}`,
    "Run `npm install` here; with NODE_ENV=production, `npm install --include=dev`.",
  );
}

function wranglerVersion() {
  if (packageFolder("wrangler") === undefined)
    return fail("wrangler", "wrangler is not installed", "Run `npm install` here.");
  const { version } = wrangler();
  if (!testedWrangler || !isOlder(version, testedWrangler)) return ok("wrangler", `wrangler ${version}`);
  const toDo = `Run \`npm install --save-dev wrangler@${testedWrangler}\`.`;
  const message = `wrangler ${version} is older than ${testedWrangler}, with which this version is tested`;
  return major(version) < major(testedWrangler) ? fail("wrangler", message, toDo) : warn("wrangler", message, toDo);
}

/** Nothing in the repository, which is the package itself. */
function ownVersion() {
  const { name, version } = ownPackage;
  const found = packageFolder(name);
  if (found === undefined) return undefined;
  const { version: there } = packageJson(found);
  if (there === version) return ok("package", `${name} ${version}`);
  return warn(
    "package",
    `this command is of ${name} ${version}, and the folder has ${there}, which is deployed`,
    `Run the folder's own command, or upgrade the folder: npm install ${name}@${version}`,
  );
}

/** @param {string} at */
function packageJson(at) {
  try {
    return JSON.parse(readFileSync(join(at, "package.json"), "utf8"));
  } catch {
    return {};
  }
}

/** @param {string} version */
const numbers = (version) => version.split(/[.-]/).slice(0, 3).map(Number);

/** @param {string} version */
const major = (version) => numbers(version)[0] ?? 0;

/**
 * @param {string} version
 * @param {string} than
 */
function isOlder(version, than) {
  const [ours, theirs] = [numbers(version), numbers(than)];
  const first = ours.findIndex((number, place) => number !== theirs[place]);
  return first !== -1 && Number(ours[first]) < Number(theirs[first]);
}
