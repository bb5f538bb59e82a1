// Compares what a hit costs a Worker of the account: by RPC, by `fetch` over the same service binding, and in the isolate of the
// broker. All of a process counts, so the side of the calling Worker does too.
//
//   node bench/main.mjs rpc [--quick]

import { main, parseArguments } from "../scripts/lib/run.mjs";
import { openBackends } from "./lib/backends.mjs";
import { table } from "./lib/report.mjs";
import { ratio, spread } from "./lib/rounds.mjs";
import { CALLS, rpc } from "./scenes/rpc.mjs";

const usage = "Usage: node bench/main.mjs rpc [--quick]";
const options = /** @type {const} */ ({ quick: { type: "boolean" } });

const TITLES = {
  fetch: "`fetch` of `GET /token`, and `.json()`",
  rpc: "`getToken` by RPC",
  mounted: "`brokerAs` in the isolate of the broker",
};

main(async () => {
  const { quick } = parseArguments(options, usage).values;
  const backends = await openBackends();
  try {
    const rows = await rpc(backends, { rounds: quick ? 3 : 21, warmUp: quick ? 12_800 : 64_000 });
    const lines = Object.entries(TITLES).map(([name, title]) => {
      const micros = spread(rows[name].map(({ cpu }) => cpu / CALLS));
      const times = ratio(rows[name], rows.fetch);
      return [
        title,
        micros.median.toFixed(1),
        `${times.median.toFixed(2)} (${times.low.toFixed(2)}–${times.high.toFixed(2)})`,
      ];
    });
    console.log(table(["A hit", "µs CPU", "× `fetch`"], "lrr", lines));
  } finally {
    await backends.close();
  }
});
