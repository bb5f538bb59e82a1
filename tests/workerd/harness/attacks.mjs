// Attacks without a client key, as raw bytes over many connections. abuse.test.mjs runs each a little, and
// bench/abuse.mjs a lot.
//
// A flood sends requests and counts the answers. A siege opens connections and keeps them open, with one more byte at
// each
// `tick`.

/** @import { Request } from "autocannon" */
/** @import { Besieging, Counts, Target } from "./traffic.mjs" */

import { randomBytes } from "node:crypto";

import { besiege, dropped, loaded, many, reset } from "./traffic.mjs";

/**
 * @typedef {object} Attack
 * @property {string} what
 * @property {number} few The amount of the test.
 * @property {number} many The amount of the measurement.
 * @property {string[]} answers Those that may be.
 */

/** @typedef {Attack & { send: (target: Target, amount: number) => Promise<Counts> }} Flood Requests that end. */

/** @typedef {Attack & { open: (target: Target, amount: number) => Promise<Besieging> }} Siege Connections that stay. */

/** Part of every wrong key, so that one search finds all of them in places where none may be. */
export const WRONG = randomBytes(15).toString("base64url");

const MEGABYTE = 1_000_000;

const wrongKey = () => `etb_${WRONG}${randomBytes(17).toString("base64url")}`;
/** @type {(line: string, ...headers: string[]) => string} */
const head = (line, ...headers) => `${[`${line} HTTP/1.1`, "Host: localhost", ...headers].join("\r\n")}\r\n\r\n`;
/** @param {string[]} headers */
const get = (...headers) => head("GET /token", ...headers);
const FORM = "Content-Type: application/x-www-form-urlencoded";
/** @type {(body: string, ...headers: string[]) => string} */
const post = (body, ...headers) => head("POST /oauth2/v2.0/token", FORM, ...headers) + body;
/** @param {string} body */
const sized = (body) => post(body, `Content-Length: ${body.length}`);
/** @param {string} id @param {string} key */
const form = (id, key, scope = "x") =>
  `grant_type=client_credentials&client_id=${id}&client_secret=${key}&scope=${scope}`;
/** @param {string} text */
const bearer = (text) => `Authorization: Bearer ${text}`;

/**
 * Three base64url parts, `bytes` long in all.
 * @param {number} bytes
 */
const jwtOf = (bytes) => `eyJhbGciOiJSUzI1NiJ9.${"e".repeat(bytes - 120)}.${"s".repeat(86)}`;

/**
 * @param {Record<string, string>} headers
 * @returns {Request}
 */
const token = (headers) => ({ method: "GET", path: "/token", headers });
/**
 * @param {string} body
 * @returns {Request}
 */
const endpoint = (body, headers = {}) => ({
  method: "POST",
  path: "/oauth2/v2.0/token",
  headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
  body,
});
/** @param {string} id @param {string} key */
const basic = (id, key) => ({ authorization: `Basic ${Buffer.from(`${id}:${key}`).toString("base64")}` });

const lies = [
  post("a=b", "Content-Length: -1"),
  post("a=b", "Content-Length: 3", "Content-Length: 4"),
  post("a=b", "Content-Length: 99999999999999999999"),
  post("a=b", "Content-Length: three"),
  post("3\r\na=b\r\n0\r\n\r\n", "Content-Length: 3", "Transfer-Encoding: chunked"),
  post("zz\r\na=b\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
  post("ffffffffffffffffff\r\na=b", "Transfer-Encoding: chunked"),
  post("a=b and what the next request would begin with", "Content-Length: 3"),
];

/** @type {Flood[]} */
export const FLOODS = [
  {
    what: "wrong keys, `GET /token`",
    few: 1_000,
    many: 10_000,
    answers: ["401"],
    send: (target, amount) => loaded(target, amount, () => token({ authorization: `Bearer ${wrongKey()}` })),
  },
  {
    what: "wrong keys of a known client, token endpoint",
    few: 500,
    many: 10_000,
    answers: ["401"],
    send: (target, amount) => loaded(target, amount, () => endpoint(form(target.id, wrongKey()))),
  },
  {
    what: "unknown clients, `Basic`, token endpoint",
    few: 500,
    many: 10_000,
    answers: ["401"],
    send: (target, amount) =>
      loaded(target, amount, (n) => endpoint("grant_type=client_credentials", basic(`nobody-${n}`, wrongKey()))),
  },
  {
    what: "wrong keys, `/api/…`",
    few: 500,
    many: 10_000,
    answers: ["401"],
    send: (target, amount) =>
      loaded(target, amount, () => ({
        method: "GET",
        path: "/api/a/b",
        headers: { authorization: `Bearer ${wrongKey()}` },
      })),
  },
  {
    // The answer comes before the body is read.
    what: "a body of 1 MB without a proof, `/api/…`",
    few: 16,
    many: 500,
    answers: ["401", "closed"],
    send: (target, amount) =>
      dropped(target, amount, () => head("PUT /api/a/b", `Content-Length: ${MEGABYTE}`) + "x".repeat(MEGABYTE)),
  },
  {
    what: "1,000 headers",
    few: 64,
    many: 2_000,
    answers: ["401"],
    send: (target, amount) => dropped(target, amount, () => get(...many(1_000, (n) => `X-Flood-${n}: ${n}`))),
  },
  {
    what: "a header of 1 MB",
    few: 16,
    many: 500,
    answers: ["431", "closed"],
    send: (target, amount) => dropped(target, amount, () => get(`X-Flood: ${"x".repeat(MEGABYTE)}`)),
  },
  {
    what: "500 `Authorization` headers",
    few: 16,
    many: 400,
    answers: ["401"],
    send: (target, amount) => dropped(target, amount, () => get(...many(500, () => bearer(wrongKey())))),
  },
  {
    what: "a bearer of 15 kB that looks like a JWT",
    few: 64,
    many: 2_000,
    answers: ["401"],
    send: (target, amount) => dropped(target, amount, () => get(bearer(jwtOf(15_000)))),
  },
  {
    what: "a bearer of 1 MB that looks like a JWT",
    few: 16,
    many: 500,
    answers: ["431", "closed"],
    send: (target, amount) => dropped(target, amount, () => get(bearer(jwtOf(MEGABYTE)))),
  },
  {
    what: "a query of 60 kB",
    few: 64,
    many: 2_000,
    answers: ["400"],
    send: (target, amount) =>
      dropped(target, amount, () => head(`GET /token?scope=${"x".repeat(60_000)}`, bearer(wrongKey()))),
  },
  {
    what: "a query of 1 MB",
    few: 16,
    many: 500,
    answers: ["431", "closed"],
    send: (target, amount) =>
      dropped(target, amount, () => head(`GET /token?scope=${"x".repeat(MEGABYTE)}`, bearer(wrongKey()))),
  },
  {
    // The answer comes before the body is read, and the connection may be reset before the answer arrives.
    what: "a body of 1 MB",
    few: 16,
    many: 500,
    answers: ["413", "closed"],
    send: (target, amount) => dropped(target, amount, () => sized("x".repeat(MEGABYTE))),
  },
  {
    what: "a client id of 15 kB",
    few: 64,
    many: 2_000,
    answers: ["401"],
    send: (target, amount) => dropped(target, amount, () => sized(form("x".repeat(15_000), wrongKey()))),
  },
  {
    what: "a scope of 15 kB",
    few: 64,
    many: 2_000,
    answers: ["401"],
    send: (target, amount) => dropped(target, amount, () => sized(form(target.id, wrongKey(), "x".repeat(15_000)))),
  },
  {
    what: "4,000 parameters",
    few: 64,
    many: 2_000,
    answers: ["401"],
    send: (target, amount) =>
      dropped(target, amount, () => sized(`${"a=&".repeat(4_000)}${form(target.id, wrongKey())}`)),
  },
  {
    what: "chunked bodies over 16 KiB that do not end",
    few: 64,
    many: 2_000,
    answers: ["413", "closed"],
    send: (target, amount) =>
      dropped(target, amount, () => post(`1000\r\n${"x".repeat(4096)}\r\n`.repeat(5), "Transfer-Encoding: chunked")),
  },
  {
    what: "lengths that are lies",
    few: lies.length * 8,
    many: 4_000,
    answers: ["400", "401", "closed"],
    send: (target, amount) => dropped(target, amount, (n) => lies[n % lies.length] ?? ""),
  },
  {
    what: "connections reset in the middle of a body",
    few: 200,
    many: 5_000,
    answers: ["gone before an answer"],
    send: (target, amount) => reset(target, amount, () => post("grant_type=", "Content-Length: 1000")),
  },
];

/** @type {Siege[]} */
export const SIEGES = [
  {
    what: "connections that say nothing",
    few: 200,
    many: 4_000,
    answers: ["held open"],
    open: (target, amount) => besiege(target, amount),
  },
  {
    what: "half a request line",
    few: 200,
    many: 4_000,
    answers: ["held open"],
    open: (target, amount) => besiege(target, amount, "GET /tok"),
  },
  {
    what: "headers that trickle",
    few: 100,
    many: 2_000,
    answers: ["held open"],
    open: (target, amount) =>
      besiege(target, amount, "GET /token HTTP/1.1\r\nHost: localhost\r\n", (n) => `X-${n}: a\r\n`),
  },
  {
    what: "bodies that trickle",
    few: 100,
    many: 2_000,
    answers: ["held open"],
    open: (target, amount) => besiege(target, amount, post("grant_type=", "Content-Length: 16000"), () => "a"),
  },
  {
    what: "chunked bodies that trickle",
    few: 100,
    many: 2_000,
    answers: ["held open"],
    open: (target, amount) => besiege(target, amount, post("", "Transfer-Encoding: chunked"), () => "1\r\na\r\n"),
  },
];
