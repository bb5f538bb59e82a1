// The plot: CPU time of a request by tier, the broker's beside its peers', as an SVG.

/** @import { Results } from "../run.mjs" */
/** @import { Measured, Spread } from "./rounds.mjs" */

import { spread } from "./rounds.mjs";

const WIDTH = 760;
const LEFT = 250;
const RIGHT = 70;
const BAR = 18;
const STEP = 26;
const TOP = 56;

const COLOURS = { floor: "#8c959f", broker: "#d9480f", peer: "#4c7fb0" };

/** @typedef {keyof typeof COLOURS} Colour */

/** @typedef {Spread & { label: string, kind: Colour }} Bar */

/**
 * @type {[string, "hits" | "proxy" | "tiers", [string, string, string, Colour][]][]} Group, scene, and its bars: label, heat,
 * row, colour.
 */
const GROUPS = [
  [
    "A hit, GET",
    "hits",
    [
      ["floor: a constant", "get", "floor", "floor"],
      ["broker", "get", "broker", "broker"],
      ["careful JavaScript", "get", "careful", "peer"],
      ["tutorial: a KV read each", "peers", "tutorial", "peer"],
      ["@azure/msal-node", "peers", "msal", "peer"],
    ],
  ],
  [
    "A hit, POST",
    "hits",
    [
      ["floor: a constant", "post", "floor", "floor"],
      ["broker", "post", "broker", "broker"],
      ["careful JavaScript", "post", "careful", "peer"],
    ],
  ],
  [
    "A proxied request, GET",
    "proxy",
    [
      ["floor: passed through", "get", "floor", "floor"],
      ["broker", "get", "broker", "broker"],
      ["careful JavaScript", "get", "careful", "peer"],
    ],
  ],
  [
    "KV hit",
    "tiers",
    [
      ["broker", "kv", "broker", "broker"],
      ["careful JavaScript", "kv", "careful", "peer"],
    ],
  ],
  ["Coordinator hit", "tiers", [["broker", "coordinator", "broker", "broker"]]],
  [
    "Miss",
    "tiers",
    [
      ["broker", "miss", "broker", "broker"],
      ["careful JavaScript", "miss", "careful", "peer"],
    ],
  ],
];

/** @param {Results} results */
export function plot(results) {
  const groups = GROUPS.map(([title, scene, bars]) => ({ title, bars: measuredBars(results[scene], bars) }));
  const most = Math.max(...groups.flatMap(({ bars }) => bars.map(({ high }) => high)));
  /** @param {number} micros */
  const scale = (micros) => (micros / most) * (WIDTH - LEFT - RIGHT);
  let y = TOP;
  const parts = [];
  for (const { title, bars } of groups) {
    parts.push(text(16, y + 14, title, 'font-weight="600"'));
    y += STEP;
    for (const one of bars) {
      parts.push(drawBar(one, y, scale));
      y += STEP;
    }
    y += 8;
  }
  return frame(y + 8, parts);
}

/**
 * @param {Measured} measured
 * @param {[string, string, string, Colour][]} bars
 * @returns {Bar[]}
 */
function measuredBars(measured, bars) {
  return bars.map(([label, heat, row, kind]) => ({
    label,
    kind,
    ...spread(measured[heat][row].map(({ cpu }) => cpu)),
  }));
}

/**
 * The median as a bar, the quartiles as a line over its end.
 * @param {Bar} bar
 * @param {number} y
 * @param {(micros: number) => number} scale
 */
function drawBar({ label, kind, median, low, high }, y, scale) {
  const middle = y + BAR / 2;
  const [from, to] = [low, high].map((micros) => (LEFT + scale(micros)).toFixed(1));
  return [
    text(LEFT - 10, y + 13, label, 'text-anchor="end"'),
    `<rect x="${LEFT}" y="${y}" width="${scale(median).toFixed(1)}" height="${BAR}" rx="2" fill="${COLOURS[kind]}"/>`,
    `<line x1="${from}" x2="${to}" y1="${middle}" y2="${middle}" stroke="#1f2328" stroke-width="1.5"/>`,
    text(LEFT + scale(Math.max(median, high)) + 8, y + 13, `${median.toFixed(0)} µs`),
  ].join("\n");
}

/**
 * @param {number} height
 * @param {string[]} parts
 */
function frame(height, parts) {
  const size = `width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}"`;
  const type = `font-family="system-ui, sans-serif" font-size="13" fill="#1f2328"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${type} role="img" aria-label="CPU time of a request by tier">
<rect width="100%" height="100%" fill="#ffffff"/>
${text(16, 24, "CPU time of the workerd process for each request", 'font-size="15" font-weight="600"')}
${text(16, 43, "median of the rounds; the line spans the quartiles; lower is better", 'fill="#59636e"')}
${parts.join("\n")}
</svg>
`;
}

/** @param {string} value */
const escape = (value) => value.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** @type {(x: number, y: number, value: string, attributes?: string) => string} */
const text = (x, y, value, attributes = "") =>
  `<text x="${x.toFixed(1)}" y="${y}" ${attributes}>${escape(value)}</text>`;
