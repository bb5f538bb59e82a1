// Workers Analytics Engine. docs/operations.md says which column is what; new ones go to the end.

/**
 * @param {AnalyticsEngineDataset} dataset
 * @param {string[]} blobs
 * @param {Float64Array} doubles
 */
export function count(dataset, blobs, doubles) {
  try {
    dataset.writeDataPoint({ indexes: [blobs[0]], blobs, doubles: [...doubles] });
  } catch {
    // Metrics are never why there is no token.
  }
}
