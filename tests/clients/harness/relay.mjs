// A relay between clients and the broker. It can cut the connections, and keeps what came from the broker. Where a client
// closes a connection, the broker's is reset: bare workerd does not notice before its next write that one was only closed.

/** @import { AddressInfo, Socket } from "node:net" */

import { once } from "node:events";
import { connect, createServer } from "node:net";

export class Relay {
  /** @type {Buffer[]} */
  #answered = [];
  /** @type {Set<Socket>} */
  #sockets = new Set();
  #server;

  /** @param {number} port The broker's. */
  constructor(port) {
    this.#server = createServer((client) => {
      const broker = connect(port, "127.0.0.1");
      broker.on("data", (chunk) => this.#answered.push(chunk));
      for (const socket of [client, broker]) this.#sockets.add(socket.on("error", () => {}));
      client.on("close", () => broker.resetAndDestroy());
      broker.on("close", () => client.destroy());
      client.pipe(broker).pipe(client);
    });
  }

  /**
   * Starts one. It does not keep the process alive.
   * @param {number} port The broker's.
   */
  static async start(port) {
    const relay = new Relay(port);
    relay.#server.listen(0, "127.0.0.1").unref();
    await once(relay.#server, "listening");
    return relay;
  }

  get url() {
    const { port } = /** @type {AddressInfo} */ (this.#server.address());
    return `http://127.0.0.1:${port}`;
  }

  /** Everything that came from the broker. */
  get answered() {
    return Buffer.concat(this.#answered);
  }

  /** Resets every connection, on both sides. */
  cut() {
    for (const socket of this.#sockets) socket.resetAndDestroy();
    this.#sockets.clear();
  }

  close() {
    this.#server.close();
    this.cut();
  }
}
