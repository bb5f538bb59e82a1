// Adds to the configuration what `npm start` needs for a first token: a client of its own, and, if no real credential is
// configured, the stand-in for Entra and other authorization servers, with a credential of each kind.

/** @import { Get } from "../../stand-in/authority.mjs" */
/** @import { Keys } from "../../stand-in/keys.mjs" */
/** @import { Client, Vars } from "./configured.mjs" */

import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";

import { startAuthority } from "../../stand-in/authority.mjs";
import { newKeys } from "../../stand-in/keys.mjs";
import { GRAPH, TENANT, bindingsOf, kindsOf } from "../../stand-in/kinds.mjs";
import { keyDigest, newClientKey } from "./client-key.mjs";
import { clientsOf, credentialsOf, readConfigured } from "./configured.mjs";
import { get } from "./get.mjs";
import { readJson, writeJson, writePrivate } from "./local-files.mjs";
import { localTls } from "./local-tls.mjs";
import { folder } from "./project.mjs";
import { codeOf, say } from "./run.mjs";

const credentialVars = ["AZ_TENANT", "AZ_CLIENT_ID", "AZ_CLIENT_SECRET"];
const standInApp = { tenant: TENANT, clientId: "11111111-2222-4333-8444-555555555555" };
export const localScope = GRAPH;
/** The stand-in has more kinds (stand-in/kinds.mjs). These show every way to find a server and to prove oneself. */
const shown = ["certificate", "federated", "auth0", "okta", "keycloak", "resource", "salesforce", "google", "github"];

/** @typedef {Awaited<ReturnType<typeof prepareLocal>>} Local */

/** @typedef {{ origin: string, port: number, https: boolean }} Place Where the broker answers. */

/** @typedef {{ clientKey: string, clientSecret: string, keys: Keys, authorityPort?: number }} State */

/**
 * Prepares a start: the arguments of `wrangler dev`, and what a caller needs. `close` ends the stand-in.
 * @param {Place} place
 */
export async function prepareLocal({ origin, port, https }) {
  const configured = await readConfigured({ local: true });
  const state = readState(port);
  const { clientKey } = state;
  const url = `${origin}${configured.BASE_PATH ?? ""}`;
  const tls = https ? localTls(port) : undefined;
  const tlsArgs = tls?.wranglerArgs ?? [];
  if (hasCredential(configured)) {
    const { clientId, clients } = withLocalClient(clientsOf(configured), clientKey, []);
    return {
      wranglerArgs: [...tlsArgs, ...vars({ CLIENTS: clients })],
      url,
      tls,
      clientId,
      clientKey,
      tenant: configured.AZ_TENANT,
      authority: "Microsoft Entra ID",
      credentials: [],
      close: async () => {},
    };
  }
  const standIn = await startStandIn(state, (url) => get(url, tls?.certificate));
  writeState(port, { ...state, authorityPort: standIn.port });
  const given = { url: standIn.url, keys: state.keys, issuer: url };
  const kinds = kindsOf(given).filter(({ name }) => shown.includes(name));
  standIn.apps.push(...kinds.map(({ app }) => app));
  const { vars: own, secrets, grants } = bindingsOf(kinds, given);
  const { clientId, clients } = withLocalClient(clientsOf(configured), clientKey, grants);
  const credentials = { ...own.CREDENTIALS, ...credentialsOf(configured) };
  return {
    wranglerArgs: [
      ...tlsArgs,
      ...vars({ CLIENTS: clients, CREDENTIALS: credentials, ISSUER: given.issuer }),
      ...envFiles(writeStandInVars(port, standIn.url, state, secrets)),
    ],
    url,
    tls,
    clientId,
    clientKey,
    tenant: standInApp.tenant,
    authority: `a stand-in for Entra at ${standIn.url}, whose tokens open nothing`,
    credentials: kinds.map(({ name }) => name),
    close: () => standIn.close(),
  };
}

/**
 * Vars as arguments, and so without a secret: the list of processes shows them.
 * @param {Record<string, unknown>} values
 */
function vars(values) {
  const texts = Object.entries(values).map(([name, value]) => {
    return `${name}:${typeof value === "string" ? value : JSON.stringify(value)}`;
  });
  return texts.flatMap((text) => ["--var", text]);
}

/** @param {Vars} configured */
function hasCredential(configured) {
  const empty = credentialVars.filter((name) => !configured[name]);
  if (empty.length > 0 && empty.length < credentialVars.length) {
    say(
      `start: the credential is not whole, so a stand-in takes Entra's place (missing or empty: ${empty.join(", ")})`,
    );
  }
  return empty.length === 0;
}

/**
 * The configured clients, and one more with an unused name.
 * @param {Record<string, Client>} clients
 * @param {string} key
 * @param {Client["allow"]} grants
 */
function withLocalClient(clients, key, grants) {
  let clientId = "local";
  for (let number = 2; clientId in clients; number += 1) clientId = `local-${number}`;
  const local = { key_sha256: [keyDigest(key)], allow: [{ credential: "default", scope: localScope }, ...grants] };
  return { clientId, clients: { ...clients, [clientId]: local } };
}

/**
 * On its last port if that is free, because the authority is part of the token key.
 * @param {State} state
 * @param {Get} get
 */
async function startStandIn({ clientSecret, authorityPort: lastPort = 0 }, get) {
  const apps = [{ ...standInApp, secrets: [clientSecret] }];
  try {
    return await startAuthority({ port: lastPort, apps, get });
  } catch (error) {
    if (codeOf(error) !== "EADDRINUSE") throw error;
    return startAuthority({ port: 0, apps, get });
  }
}

/**
 * Kept between starts, so that tokens in the local KV outlive a restart and a pasted curl line stays good. Each port has
 * its own, so that two brokers can run side by side.
 * @param {number} port
 * @returns {State}
 */
function readState(port) {
  const kept = readJson(`${port}.json`);
  if (kept?.keys) return /** @type {State} */ (kept);
  const state = {
    clientKey: newClientKey(),
    clientSecret: randomBytes(32).toString("base64url"),
    ...kept,
    keys: newKeys(),
  };
  writeState(port, state);
  return state;
}

/**
 * @param {number} port
 * @param {State} state
 */
function writeState(port, state) {
  writeJson(`${port}.json`, state);
}

/**
 * Values are in single quotes, where nothing is escaped and lines may end. No secret has such a quote in it.
 * @param {number} port
 * @param {string} url
 * @param {State} state
 * @param {Record<string, string>} secrets
 */
function writeStandInVars(port, url, { clientSecret }, secrets) {
  const { tenant, clientId } = standInApp;
  const own = { AZ_TENANT: tenant, AZ_CLIENT_ID: clientId, AZ_CLIENT_SECRET: clientSecret, AZ_AUTHORITY_HOST: url };
  return writePrivate(
    `${port}.stand-in.env`,
    Object.entries({ ...own, ...secrets })
      .map(([name, value]) => `${name}='${value}'\n`)
      .join(""),
  );
}

/**
 * If wrangler gets any file, it does not read .dev.vars by itself; a later file wins. Each file has to exist, because
 * Node.js takes `--env-file` for its own option, even behind the name of a script.
 * @param {string} standInVars
 */
function envFiles(standInVars) {
  const files = [join(folder, ".dev.vars"), standInVars].filter((path) => existsSync(path));
  return files.flatMap((path) => ["--env-file", path]);
}
