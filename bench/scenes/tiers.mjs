// The tiers behind isolate memory. The memory holds a thousand tokens, least recently used out first; whoever goes
// through more of them in a circle finds none in there. Both brokers have that bound, so both are measured by it.
//
// The careful JavaScript Worker has no coordinator, so the rows that are compared leave the broker's out as well. With
// it, a KV hit also tells it that its token is in use; that is a row of its own.

/** @import { Backends, Client } from "../lib/backends.mjs" */
/** @import { Fleet, Options } from "../lib/fleet.mjs" */
/** @import { Row } from "../lib/rounds.mjs" */

import { getToken, newClient } from "../lib/backends.mjs";
import { withFleet } from "../lib/fleet.mjs";
import { measure } from "../lib/rounds.mjs";

/** More than the memory holds, by so much that connections may run ahead of each other. */
const CIRCLE = 1_920;
/** How many strangers a round has. */
const FRESH = 160;

/**
 * @param {Backends} backends
 * @param {{ rounds: number, warmUp: number }} how
 */
export async function tiers(backends, { rounds, warmUp }) {
  const clients = Array.from({ length: CIRCLE }, (_, n) => newClient(n));
  const strangers = Array.from({ length: FRESH * (rounds + 2) }, (_, n) => newClient(CIRCLE + n));
  const circle = { requests: clients.map((client) => getToken(client)), amount: CIRCLE };
  return withFleet(backends, async (fleet) => {
    /** @param {Options} options */
    const alone = async (options) => ({
      server: await fleet.start("broker", { clients, ...options }),
      ...circle,
      reads: 1,
    });
    const heats = {
      kv: {
        floor: { requests: [getToken()], amount: CIRCLE, server: await fleet.start("floor") },
        broker: await alone({ coordinator: false }),
        careful: { ...circle, reads: 1, server: await fleet.start("careful", { clients }) },
      },
      coordinated: { broker: await alone({}) },
      coordinator: { broker: await alone({ kv: "empty" }) },
      miss: {
        broker: { ...(await alone({ coordinator: false, kv: "empty" })), asks: 1 },
        careful: { ...circle, reads: 1, asks: 1, server: await fleet.start("careful", { clients, kv: "empty" }) },
      },
      firstMiss: { broker: await strangersRow(fleet, strangers) },
    };
    const settle = () => backends.forget();
    return measure(heats, { rounds, warmUp, settle, after: (heat) => check(backends, Object.values(heat)) });
  });
}

/**
 * Tokens that nobody has asked for before, each with a coordinator of its own: as many as the rounds will need.
 * @param {Fleet} fleet
 * @param {Client[]} strangers
 */
async function strangersRow(fleet, strangers) {
  const server = await fleet.start("broker", { clients: strangers, kv: "empty" });
  const all = strangers.map((client) => getToken(client));
  return {
    server,
    amount: FRESH,
    warmUp: FRESH,
    reads: 1,
    asks: 1,
    get requests() {
      return all.splice(0, FRESH);
    },
  };
}

/**
 * The requests went to KV and upstream as often as their rows say; else they would measure something else.
 * @param {Backends} backends
 * @param {Row[]} rows
 */
function check(backends, rows) {
  const gets = backends.kv.gets.length + backends.emptyKv.gets.length;
  const asked = backends.authority.requests.length;
  backends.forget();
  /** @param {"reads" | "asks"} field */
  const wanted = (field) => rows.reduce((sum, row) => sum + (row[field] ?? 0) * row.amount, 0);
  /** @type {(count: number, field: "reads" | "asks") => boolean} */
  const near = (count, field) => Math.abs(count - wanted(field)) <= 0.01 * wanted(field);
  if (!near(gets, "reads") || !near(asked, "asks")) {
    const names = rows.map(({ server }) => server.name);
    throw new Error(
      `${names}: ${gets} KV reads for ${wanted("reads")}, ${asked} token requests for ${wanted("asks")}.`,
    );
  }
}
