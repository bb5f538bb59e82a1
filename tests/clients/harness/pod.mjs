// The pod of docs/callers.md: its programs have the JWT of a Kubernetes service account, and no key.

/** @import { Outcome, Own, Start, World } from "./libraries.mjs" */

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load } from "js-yaml";

import { GRAPH, REPORTS, SCOPES } from "../../workerd/harness/fixtures.mjs";
import { AUDIENCE, Issuer } from "../../workerd/harness/issuer.mjs";
import { newKey } from "../../workerd/harness/jose.mjs";
import { localCa } from "../../workerd/harness/tls.mjs";
import { openWorld } from "../../workerd/harness/world.mjs";
import { block } from "./docs.mjs";
import { assertShown, startLibrary, stopLibraries } from "./libraries.mjs";

const SUBJECT = "system:serviceaccount:default:reports";
export const VAULT = "https://vault.azure.net/.default";

/** The claims of a JWT that is refused: what it is, and what differs. */
export const REFUSED = [
  { what: "another service account", claims: { sub: "system:serviceaccount:default:other" } },
  { what: "a token that has expired", claims: { exp: Math.floor(Date.now() / 1000) - 120 } },
];

/** The columns of the table "What the caller sees" that a pod meets, and what the stand-in does then. */
export const SITUATIONS = [
  { column: "Scope not granted", scope: "https://payroll.example/.default" },
  { column: "Entra refuses the broker's credential", behaviour: { refuse: 7000222 } },
  { column: "Entra throttles", behaviour: { throttle: { retryAfter: 30 } } },
  { column: "Entra is down", behaviour: { reset: true } },
];

/** @typedef {{ env: { name: string, value: string }[], volumeMounts: { mountPath: string }[] }} Container */

export class Cluster {
  /** @type {World} */
  world;
  #issuer;
  #folder;
  #start;

  /**
   * @param {World} world
   * @param {{ issuer: Issuer, folder: string, start: Start }} parts
   */
  constructor(world, { issuer, folder, start }) {
    this.world = world;
    this.#issuer = issuer;
    this.#folder = folder;
    this.#start = start;
  }

  /**
   * @param {Start} start How its programs start.
   */
  static async open(start) {
    const issuer = await Issuer.start(newKey("RS256"));
    const jwt = [{ issuer: issuer.url, audience: AUDIENCE, subject: SUBJECT }];
    const allow = [GRAPH, VAULT, ...SCOPES].map((scope) => ({ credential: "default", scope }));
    const world = await openWorld({ tls: localCa().pair, bindings: { CLIENTS: { [REPORTS.id]: { jwt, allow } } } });
    const folder = await mkdtemp(join(tmpdir(), "edge-token-broker-pod-"));
    return new Cluster(world, { issuer, folder, start });
  }

  async close() {
    await stopLibraries(this.world);
    await this.#issuer.close();
    await rm(this.#folder, { recursive: true });
    await this.world.close();
  }

  /** @param {Record<string, unknown>} claims Those that differ. */
  jwt(claims = {}) {
    return this.#issuer.sign({ sub: SUBJECT, ...claims });
  }

  /**
   * Starts the program of a block in a pod.
   * @param {string} name
   * @param {Own & { jwt?: string, start?: Start }} own
   */
  async start(name, { jwt = this.jwt(), start = this.#start, env: more, ...own } = {}) {
    const file = join(this.#folder, crypto.randomUUID());
    await writeFile(file, jwt);
    const { spec } = /** @type {{ spec: { containers: [Container] } }} */ (load(block("environment-kubernetes").text));
    const [{ env, volumeMounts }] = spec.containers;
    const declared = Object.fromEntries(env.map(({ name, value }) => [name, value]));
    assert.ok(declared["AZURE_FEDERATED_TOKEN_FILE"]?.startsWith(`${volumeMounts[0]?.mountPath}/`));
    const here = { AZURE_AUTHORITY_HOST: this.world.broker.url, AZURE_FEDERATED_TOKEN_FILE: file };
    return startLibrary(
      this.world,
      { block: name, env: [], start },
      { env: { ...declared, ...here, ...more }, ...own },
    );
  }

  /**
   * What the program of a block shows in one of the `SITUATIONS` is what the table says.
   * @param {string} row
   * @param {string} name
   * @param {typeof SITUATIONS[number]} situation
   */
  async shows(row, name, { column, behaviour, scope = this.world.newScope() }) {
    const program = await this.start(name, { scope });
    if (behaviour) this.world.authority.next(...Array.from({ length: 20 }, () => ({ scope, ...behaviour })));
    assertShown(this.world, row, column, await program.call());
  }
}
