// npm, and where npm has this package from.

import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

import { codeOf, say, start, stopping } from "./run.mjs";

/** Without links: Node.js has followed them. */
const packageRoot = resolve(fileURLToPath(new URL("../..", import.meta.url)));
const modules = dirname(packageRoot);
/** npm's own record of an installation. */
const record = join(modules, ".package-lock.json");

/** The package.json of this package. */
export const ownPackage = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8"));

/**
 * What a package.json in `folder` has to say so that npm installs this very package: its version if it is from a
 * registry, else the file or the folder that it is from.
 * @param {string} folder
 */
export function ownSource(folder) {
  const file = ownFile();
  if (file === undefined) return ownPackage.version;
  return file.includes("://") ? file : `file:${relative(folder, file).split(sep).join("/")}`;
}

/** Whether this folder is a checkout of the repository, and no package that a package manager has unpacked. */
const isCheckout = () => !modules.split(sep).includes("node_modules");

/** Whether it is known where this package is from. pnpm and yarn keep no record of it, and may remove the folder. */
export const isSourceKnown = () => isCheckout() || existsSync(record);

/** The tarball or the folder of this package; nothing if it is from a registry, or not known. */
function ownFile() {
  if (isCheckout()) return packageRoot;
  if (!isSourceKnown()) return undefined;
  const { packages } = JSON.parse(readFileSync(record, "utf8"));
  const resolved = String(packages[`node_modules/${ownPackage.name}`]?.resolved ?? "");
  if (resolved.startsWith("file:")) return resolve(dirname(modules), resolved.slice("file:".length));
  // A registry's own files are found again by the version.
  return /^(https?|git).*\.(tgz|git)\b/.test(resolved) && !resolved.includes("/-/") ? resolved : undefined;
}

/** npm tells its children where it works itself. The npm that it starts has to work in another folder. */
const kept =
  /^npm_config_(registry|cache|userconfig|globalconfig|cafile|proxy|https_proxy|noproxy|offline|prefer_offline)$/i;

/**
 * Runs `npm install` in a folder. Returns whether it worked.
 * @param {string} folder
 */
export async function npmInstall(folder) {
  say("init: npm install (about 20 seconds)");
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name) || kept.test(name)),
  );
  const args = ["install", "--no-audit", "--no-fund", "--loglevel=error"];
  const [command, ...before] = npmCommand();
  const child = start(command, [...before, ...args], { cwd: folder, env, stdio: ["ignore", 2, 2] });
  const code = await child.finished.catch(codeOf);
  stopping.signal.throwIfAborted();
  const why = code === "ENOENT" ? "there is no npm on PATH" : "its lines above say why";
  if (code !== 0) say(`init: npm install failed: ${why}. Run it again in the new folder.`);
  return code === 0;
}

/**
 * The npm that has started this process, else that on PATH. pnpm and yarn put themselves into the same variable.
 * @returns {[string, ...string[]]}
 */
function npmCommand() {
  const manager = process.env.npm_execpath;
  return manager !== undefined && basename(manager) === "npm-cli.js" ? [process.execPath, manager] : ["npm"];
}
