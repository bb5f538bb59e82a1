// What the stand-in MCP server offers, and the memory by which a client resumes a stream.

/** @import { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js" */

import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";

const TOOLS = [
  {
    name: "echo",
    description: "Gives the text back.",
    inputSchema: { type: "object", properties: { text: { type: "string" } } },
  },
  { name: "report", description: "Tells of its progress, then gives its result.", inputSchema: { type: "object" } },
];

/**
 * A server with two tools. `report` notifies its caller, then waits for the gate.
 * @param {() => Promise<unknown>} gate
 */
export function newMcpServer(gate) {
  const capabilities = { tools: { listChanged: true } };
  const server = new Server({ name: "stand-in", version: "1.0.0" }, { capabilities });
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: TOOLS }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { sendNotification, _meta }) => {
    if (params.name === "echo") return textOf(String(params.arguments?.text));
    const progressToken = _meta?.progressToken ?? 0;
    await sendNotification({ method: "notifications/progress", params: { progressToken, progress: 1, total: 2 } });
    await gate();
    return textOf("the report");
  });
  return server;
}

/** @param {string} text */
const textOf = (text) => ({ content: [{ type: /** @type {const} */ ("text"), text }] });

/** Keeps the events of all streams of a session. */
export class EventStore {
  /** @type {{ stream: string, message: JSONRPCMessage }[]} */
  #events = [];

  /**
   * @param {string} stream
   * @param {JSONRPCMessage} message
   */
  async storeEvent(stream, message) {
    return `event:${this.#events.push({ stream, message })}`;
  }

  /**
   * @param {string} id
   * @param {{ send: (id: string, message: JSONRPCMessage) => Promise<void> }} to
   */
  async replayEventsAfter(id, { send }) {
    const stream = this.#events[numberOf(id) - 1]?.stream ?? "";
    for (const [index, event] of [...this.#events.entries()].slice(numberOf(id))) {
      if (event.stream === stream) await send(`event:${index + 1}`, event.message);
    }
    return stream;
  }
}

/** @param {string} id */
const numberOf = (id) => Number(id.split(":")[1]);
