// A client assertion is good once in the whole network: one object for each client knows which were used.

import { within } from "./timeout.mjs";

const PATH = "/assertions";

/** Whether nobody has used the assertion `id` of `clientId` before; it is remembered until `until`, in milliseconds. */
export async function useOnce(namespace, clientId, id, until, ms) {
  const body = JSON.stringify({ id, until });
  const object = namespace.getByName(`assertions:${clientId}`);
  const { status } = await within(ms, object.fetch(`https://coordinator${PATH}`, { method: "POST", body }));
  if (status !== 200 && status !== 409) throw "failed";
  return status === 200;
}

export const isAboutAssertion = (request) => new URL(request.url).pathname === PATH;

/** In the object: 200 for the first use, 409 for any other. */
export async function noteUse(request, { sql }) {
  const { id, until } = await request.json();
  sql.exec("CREATE TABLE IF NOT EXISTS used_assertions (id TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID");
  // Not each time: it looks at every row.
  if (Math.random() < 0.02) sql.exec("DELETE FROM used_assertions WHERE until < ?", Date.now());
  const [used] = sql.exec("SELECT 1 FROM used_assertions WHERE id = ?", id).toArray();
  if (used === undefined) sql.exec("INSERT INTO used_assertions VALUES (?, ?)", id, until);
  return new Response(null, { status: used === undefined ? 200 : 409 });
}
