// The JavaScript libraries of docs/callers.md, each as the program of its block.

/** @import { openWorld } from "../../workerd/harness/world.mjs" */
/** @import { Outcome } from "./node_program.mjs" */

import assert from "node:assert/strict";

import { GRAPH, REPORTS } from "../../workerd/harness/fixtures.mjs";
import { localCa } from "../../workerd/harness/tls.mjs";
import { block, environment } from "./docs.mjs";
import { NodeProgram } from "./node_program.mjs";
import { cell } from "./table.mjs";

/** @typedef {Awaited<ReturnType<typeof openWorld>>} World */

/**
 * @typedef {object} Library
 * @property {string} block
 * @property {string} row In the table of docs/callers.md.
 * @property {string[]} env The blocks of its environment.
 * @property {boolean} keeps It keeps a token until five minutes before its end.
 * @property {string} route In the broker's log.
 */

const environments = { identity: ["environment", "environment-managed-identity"], authority: ["environment", "environment-authority"] };

/** @type {Library[]} */
export const LIBRARIES = [
  {
    block: "js-azure-identity-managed-identity",
    row: "`@azure/identity`, managed identity",
    env: environments.identity,
    keeps: true,
    route: "msi",
  },
  {
    block: "js-azure-identity-authority",
    row: "`@azure/identity`, authority",
    env: environments.authority,
    keeps: true,
    route: "token_endpoint",
  },
  {
    block: "js-msal-node-managed-identity",
    row: "`@azure/msal-node`, managed identity",
    env: environments.identity,
    keeps: true,
    route: "msi",
  },
  {
    block: "js-msal-node-authority",
    row: "`@azure/msal-node`, authority",
    env: environments.authority,
    keeps: true,
    route: "token_endpoint",
  },
  { block: "js-openid-client", row: "`openid-client`", env: ["environment"], keeps: false, route: "token_endpoint" },
  { block: "js-oauth4webapi", row: "`oauth4webapi`", env: ["environment"], keeps: false, route: "token_endpoint" },
  { block: "js-fetch", row: "`fetch`", env: ["environment"], keeps: false, route: "token" },
];

/**
 * @typedef {object} Own What differs from the page.
 * @property {string} [scope] In place of the page's.
 * @property {string} [key] In place of the client's key.
 * @property {Record<string, string>} [env] More variables.
 * @property {Record<string, string>} [texts] Texts of the block that are each user's own, and what stands in their place.
 */

/** The programs of one test file. @type {Set<NodeProgram>} */
const running = new Set();

/**
 * Starts the program of a block in an environment of which the page says everything.
 * @param {World} world
 * @param {Pick<Library, "block" | "env">} library
 * @param {Own} own
 */
export async function startLibrary(world, { block: name, env }, { scope = GRAPH, key = REPORTS.key, texts = {}, ...own } = {}) {
  world.sweep.secret("client key", key);
  const given = { BROKER: world.broker.url, BROKER_CLIENT_ID: REPORTS.id, BROKER_KEY: key };
  const resource = (/** @type {string} */ of) => of.replace(/\/\.default$/, "");
  const source = Object.entries({ ...texts, [resource(GRAPH)]: resource(scope) }).reduce(
    (text, [theirs, ours]) => text.replaceAll(theirs, ours),
    block(name).text,
  );
  const program = await NodeProgram.start(source, { ...environment(env, given), ...localCa().env, ...own.env });
  running.add(program);
  return program;
}

/** Ends every program, and gives what they printed to the sweep. @param {World} world */
export async function stopLibraries(world) {
  for (const program of running) {
    await program.stop();
    world.sweep.record("output of a program", program.printed.join(""));
  }
  running.clear();
}

/**
 * The token of an outcome, which the stand-in issued.
 * @param {World} world
 * @param {Outcome} outcome
 * @returns {string}
 */
export function tokenOf(world, { value, error }) {
  assert.equal(error?.text, undefined);
  assert.ok(world.authority.issued.includes(value), "a token that the stand-in issued");
  return value;
}

/**
 * What the table of docs/callers.md quotes for a library in a situation is what its user sees.
 * @param {World} world
 * @param {Library["row"]} row
 * @param {string} situation
 * @param {Outcome} outcome
 */
export function assertShown(world, row, situation, { error }) {
  assert.ok(error, "an error");
  world.sweep.record(`error of ${row}`, error.text);
  const quoted = [...cell(row, situation).matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text);
  assert.ok(quoted.length > 0, `the table says nothing of ${row}: ${situation}. Its error:\n${error.text}`);
  for (const text of quoted) assert.ok(error.text.includes(text), `"${text}" is not in what ${row} shows:\n${error.text}`);
}

/**
 * The log lines of the broker for a scope and route.
 * @param {World} world
 * @param {string} scope
 * @param {string} route
 */
export async function requestsFor(world, scope, route) {
  await world.logOf(await world.fetch("/healthz"));
  return world.broker.log.filter((line) => line.scope === scope && line.route === route);
}
