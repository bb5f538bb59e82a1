// Workers Analytics Engine. docs/operations.md has the columns. New ones go to the end.

/**
 * @param {AnalyticsEngineDataset} dataset
 * @param {string[]} blobs
 * @param {Float64Array} doubles
 */
export function count(dataset, blobs, doubles) {
  try {
    dataset.writeDataPoint({ indexes: [blobs[0]], blobs, doubles: [...doubles] });
  } catch {
    // A caller gets its token also if metrics fail.
  }
}
