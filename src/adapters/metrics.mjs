// Workers Analytics Engine. docs/operations.md says which column is what; new ones go to the end.

export function write(dataset, texts, upstreamMs, upstreamRequests, status) {
  try {
    dataset.writeDataPoint({ indexes: [texts[0]], blobs: texts, doubles: [upstreamMs, upstreamRequests, status] });
  } catch {
    // Metrics are never why there is no token.
  }
}
