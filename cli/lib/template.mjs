// The files of a new broker, from the folder template/.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { runsWrangler } from "./node.mjs";
import { ownPackage, ownSource } from "./npm.mjs";

const template = fileURLToPath(new URL("../../template", import.meta.url));
/** npm packs no `.gitignore`: it is `gitignore` in the package. A checkout of the repository may have both. */
const PACKED = "gitignore";
const IGNORE = ".gitignore";

/**
 * @typedef {object} NewBroker
 * @property {string} worker Its name.
 * @property {string} tenant
 * @property {string} clientId
 * @property {string} client Its first client.
 * @property {string} digest Of that client's key.
 * @property {string} scope
 */

/**
 * The files by path, for a new broker in `folder`.
 * @param {string} folder
 * @param {NewBroker} broker
 * @returns {Record<string, string>}
 */
export function filesOf(folder, broker) {
  const paths = filesBelow("").sort();
  const sources = paths.filter((path) => path !== PACKED || !paths.includes(IGNORE));
  return Object.fromEntries(
    sources.map((path) => {
      const text = readFileSync(join(template, path), "utf8");
      return [path === PACKED ? IGNORE : path, filled(path, text, folder, broker)];
    }),
  );
}

/**
 * Not by `recursive`: where yarn keeps packages zipped, it takes folders for files.
 * @param {string} folder
 * @returns {string[]}
 */
function filesBelow(folder) {
  return readdirSync(join(template, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

/**
 * @param {string} path
 * @param {string} text
 * @param {string} folder
 * @param {NewBroker} broker
 */
function filled(path, text, folder, broker) {
  if (path === "package.json") return packageJson(text, folder, broker);
  if (path === "wrangler.toml") return wranglerToml(text, broker);
  return text;
}

/**
 * A machine with a new Node.js needs no other one for wrangler.
 * @param {string} text
 * @param {string} folder
 * @param {NewBroker} broker
 */
function packageJson(text, folder, { worker }) {
  const {
    name: _name,
    cloudflare: _descriptions,
    dependencies,
    devDependencies,
    allowScripts,
    ...rest
  } = JSON.parse(text);
  const { node, ...others } = devDependencies;
  const isOld = !runsWrangler(process.versions.node);
  const { node: _script, ...otherScripts } = allowScripts;
  const filled = {
    name: worker,
    ...rest,
    dependencies: { ...dependencies, [ownPackage.name]: ownSource(folder) },
    devDependencies: isOld ? devDependencies : others,
    allowScripts: isOld ? allowScripts : otherScripts,
  };
  return `${JSON.stringify(filled, null, 2)}\n`;
}

/**
 * @param {string} text
 * @param {NewBroker} broker
 */
function wranglerToml(text, { worker, tenant, clientId, client, digest, scope }) {
  const own = [
    [/^name = ".*"$/m, `name = "${worker}"`],
    [/^AZ_TENANT = ""$/m, `AZ_TENANT = "${tenant}"`],
    [/^AZ_CLIENT_ID = ""$/m, `AZ_CLIENT_ID = "${clientId}"`],
    // The table below is in its place.
    [/^CLIENTS = ""\n/m, ""],
  ];
  const entry = `[vars.CLIENTS.${client}]
key_sha256 = ["${digest}"]
allow = [{ credential = "default", scope = "${scope}" }]
`;
  return (
    own.reduce((text, [line, value]) => text.replace(/** @type {RegExp} */ (line), () => String(value)), text) + entry
  );
}
