// `GET` from a server of this machine.

import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import { text } from "node:stream/consumers";

import { stopping } from "./run.mjs";

/**
 * Over https the server's certificate has to be one of the authority `ca` (PEM): `fetch` of the oldest Node.js trusts
 * only those that it knew when the process started.
 * @param {string} url
 * @param {string} [ca]
 * @param {AbortSignal} [signal]
 */
export async function get(url, ca, signal = stopping.signal) {
  const options = { agent: false, signal };
  const request = url.startsWith("https:") ? https.get(url, { ...options, ...(ca && { ca }) }) : http.get(url, options);
  const [response] = await once(request, "response");
  return new Response(await text(response), { status: response.statusCode });
}
