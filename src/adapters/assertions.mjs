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
  // Not each time: it looks at every one.
  if (Math.random() < 0.02) await forgetExpired(storage);
  return new Response();
}

async function forgetExpired(storage) {
  const now = Date.now();
  const expired = [...(await storage.list({ prefix: PREFIX }))].filter(([, until]) => until < now);
  // That many the runtime takes at once.
  await storage.delete(expired.slice(0, 128).map(([name]) => name));
}
