// A request to a broker under another name than that of this machine, as a proxy or a deployed Worker gets it.

/** @import { Body } from "./broker.mjs" */

import { once } from "node:events";
import { request } from "node:http";
import { text } from "node:stream/consumers";

import { assertDocumented } from "./openapi.mjs";

/**
 * @typedef {object} Addressed
 * @property {string} host The header `Host`, and with it the host of the URL that the Worker sees.
 * @property {string} path
 * @property {string} [method]
 * @property {Record<string, string>} [headers]
 * @property {URLSearchParams} [form]
 */

/**
 * Sends it over plain http. The answer has to be one that openapi.yaml has.
 * @param {{ broker: { port: number }, sweep: { record: (what: string, content: string) => void } }} world
 * @param {Addressed} addressed
 */
export async function sendTo(world, { host, path, form, method = form ? "POST" : "GET", headers = {} }) {
  const type = form && { "Content-Type": "application/x-www-form-urlencoded" };
  const options = { host: "127.0.0.1", port: world.broker.port, path, method, agent: false };
  const sent = request({ ...options, headers: { Host: host, ...type, ...headers } });
  sent.end(form?.toString());
  const [response] = await once(sent, "response");
  const answer = await text(response);
  /** @type {Body} */
  const body = answer === "" ? {} : JSON.parse(answer);
  world.sweep.record(`reply to ${host}`, body.access_token ? "" : answer);
  const reply = { status: Number(response.statusCode), headers: new Headers(response.headers), text: answer, body };
  const { pathname, searchParams: query } = new URL(path, "http://broker");
  assertDocumented({ ...reply, method, path: pathname, query, form });
  return reply;
}
