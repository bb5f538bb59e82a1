// npm, and where npm has this package from.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

import { say, start } from "./run.mjs";

const packageRoot = fileURLToPath(new URL("../..", import.meta.url));

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

/** The tarball or the folder of this package, by npm's own record of the installation. */
function ownFile() {
  const modules = dirname(resolve(packageRoot));
  const record = join(modules, ".package-lock.json");
  // A checkout of the repository.
  if (!existsSync(record)) return resolve(packageRoot);
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
  const npm = process.env.npm_execpath;
  const [command, before] = npm ? [process.execPath, [npm]] : ["npm", []];
  const child = start(command, [...before, ...args], { cwd: folder, env, stdio: ["ignore", 2, 2] });
  const code = await child.finished.catch(() => 1);
  if (code !== 0) say("init: npm install failed, and its lines above say why. Run it again in the new folder.");
  return code === 0;
}
