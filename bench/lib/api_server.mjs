// The API behind the proxies, in a process of its own. It speaks just enough HTTP/1.1 for the runtime's `fetch`: requests one
// after the other on a connection that stays open. It costs a fraction of Node.js's own server, which would take the
// processor from the Workers. Each answer is a constant.
//
// `lib/api.mjs` starts it.

/** @import { AddressInfo, Socket } from "node:net" */

import { createServer } from "node:net";

/** An answer as of Microsoft Graph. */
const FIELDS = [
  "Content-Type: application/json; odata.metadata=minimal",
  "Cache-Control: private",
  "Strict-Transport-Security: max-age=31536000",
  "request-id: 6cd4b6b4-6b1b-4a3c-8f7f-0d9d7a1d5e55",
  'ETag: W/"12ab"',
  "OData-Version: 4.0",
  "Date: Fri, 27 Nov 2026 10:00:00 GMT",
].join("\r\n");

const USER = JSON.stringify({
  "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users/$entity",
  id: "87d349ed-44d7-43e1-9a83-5f2406dee5bd",
  displayName: "Adele Vance",
  mail: "AdeleV@contoso.example",
  jobTitle: "Retail Manager",
  officeLocation: "18/2111",
  preferredLanguage: "en-US",
});

/** With its frame, 1 KiB. */
const MESSAGE = JSON.stringify({ body: "x".repeat(1_013) });

/** @param {string} body */
const sized = (body) => `Content-Length: ${body.length}\r\n\r\n${body}`;
/** @param {string} body */
const chunked = (body) => `Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
/** @param {string} rest */
const ok = (rest) => Buffer.from(`HTTP/1.1 200 OK\r\n${FIELDS}\r\n${rest}`);

const ANSWERS = { get: ok(sized(USER)), chunked: ok(chunked(USER)), post: ok(sized(MESSAGE)) };
const REFUSED = Buffer.from("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");

/** @param {string} head */
function answerTo(head) {
  if (!/\r\nauthorization: Bearer ./i.test(head)) return REFUSED;
  if (head.startsWith("POST")) return ANSWERS.post;
  return head.includes("/chunked?") ? ANSWERS.chunked : ANSWERS.get;
}

/** @param {Socket} socket */
function serve(socket) {
  let received = "";
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.on("data", (bytes) => {
    received += bytes.toString("latin1");
    for (let request = first(received); request !== undefined; request = first(received)) {
      received = received.slice(request.length);
      socket.write(answerTo(request.head));
    }
  });
}

/**
 * The first request in `text`, if it is complete: its head, and the length of all.
 * @param {string} text
 */
function first(text) {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const head = text.slice(0, end);
  const body = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  const length = end + 4 + body;
  return text.length < length ? undefined : { head, length };
}

const server = createServer(serve);
server.listen(0, "127.0.0.1", () => process.send?.(/** @type {AddressInfo} */ (server.address()).port));
process.on("disconnect", () => process.exit());
