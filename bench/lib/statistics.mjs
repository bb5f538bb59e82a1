// Whether two samples differ.

/** @type {(sorted: number[], part: number) => number} */
export const quantile = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];

/** @param {number[]} values */
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** @param {number[]} values */
function variance(values) {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1);
}

/**
 * Welch's t-test: the difference of the means, its 95 % confidence interval, and t.
 * @param {number[]} a
 * @param {number[]} b
 */
export function welch(a, b) {
  const difference = mean(a) - mean(b);
  const error = Math.sqrt(variance(a) / a.length + variance(b) / b.length);
  return { difference, low: difference - 1.96 * error, high: difference + 1.96 * error, t: difference / error };
}

/**
 * The Mann–Whitney U test, in its normal approximation for large samples: z.
 * @param {number[]} a
 * @param {number[]} b
 */
export function mannWhitney(a, b) {
  const all = [...a.map((value) => ({ value, ofA: true })), ...b.map((value) => ({ value, ofA: false }))];
  all.sort((x, y) => x.value - y.value);
  let rankSum = 0;
  for (let from = 0, to; from < all.length; from = to) {
    to = from + 1;
    while (to < all.length && all[to].value === all[from].value) to++;
    // Equal values share the mean of their ranks.
    for (let n = from; n < to; n++) if (all[n].ofA) rankSum += (from + to + 1) / 2;
  }
  const u = rankSum - (a.length * (a.length + 1)) / 2;
  const deviation = Math.sqrt((a.length * b.length * (a.length + b.length + 1)) / 12);
  return (u - (a.length * b.length) / 2) / deviation;
}
