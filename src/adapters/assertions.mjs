// A client assertion is good once in the whole network: one object for each client knows which were used.

import { within } from "./timeout.mjs";

const PATH = "/assertions";
const PREFIX = "used:";

/** Whether nobody has used the assertion `id` of `clientId` before; it is remembered until `until`, in milliseconds. */
export async function useOnce(namespace, clientId, id, until, ms) {
  const body = JSON.stringify({ id, until });
  const object = namespace.getByName(`assertions:${clientId}`);
  const { status } = await within(ms, object.fetch(`https://coordinator${PATH}`, { method: "POST", body }));
  if (status !== 200 && status !== 409) throw "failed";
  return status === 200;
}

export const isAboutAssertion = (request) => new URL(request.url).pathname === PATH;

/** In the object: 200 for the first use, 409 for any other. No other request is heard between the two steps. */
export async function noteUse(request, storage) {
  const { id, until } = await request.json();
  if (await storage.get(PREFIX + id)) return new Response(null, { status: 409 });
  await storage.put(PREFIX + id, until);
  if (Math.random() < 0.02) await forgetExpired(storage);
  return new Response();
}

/** From anywhere among them, as many as the runtime deletes at once: more than came since the last time. */
async function forgetExpired(storage) {
  const now = Date.now();
  const start =
    PREFIX +
    Math.floor(Math.random() * 256)
      .toString(16)
      .padStart(2, "0");
  const some = await storage.list({ prefix: PREFIX, start, limit: 128 });
  await storage.delete([...some].filter(([, until]) => until < now).map(([name]) => name));
}
