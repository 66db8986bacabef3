// The targets: our figure divided by the peer's, median of the pairs.
export const TARGETS = {
  mainUs: { tiny: 0.4, typical: 0.35, large: 0.28, unicode: 0.32, huge: 0.15 },
  processUs: { tiny: 0.8, typical: 0.75, large: 0.6, unicode: 0.7, huge: 0.5 },
  longestMs: { tiny: 0.5, typical: 0.08, large: 0.06, unicode: 0.06, huge: 0.06 },
};
