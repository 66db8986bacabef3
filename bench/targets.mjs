// The targets: what is compared, the figure, the profile, and the limit on the median of the ratios. 'ours:peer' is our
// figure divided by that of Mastra's JavaScript exporter.
const PROCESS = { tiny: 0.5, typical: 0.45, large: 0.45, unicode: 0.45, huge: 0.25 };

export const TARGETS = {
  'ours:peer': {
    mainUs: {
      tiny: 0.2, typical: 0.2, large: 0.18, unicode: 0.15, huge: 0.04,
      'cold-tiny': 0.35, 'cold-typical': 0.33, 'cold-large': 0.25, 'cold-unicode': 0.22, 'cold-huge': 0.05,
      'mixed-class': 0.4, 'mixed-map': 0.4, 'mixed-buffer': 0.4, 'mixed-toJSON': 0.4,
      many: 0.5, 'many-class': 0.5,
    },
    processUs: { ...PROCESS, ...Object.fromEntries(Object.entries(PROCESS).map(([name, limit]) => [`cold-${name}`, limit])) },
  },
  // JSON.stringify and nothing else.
  'ours:stringify': { mainUs: { 'many-15mb': 1.2 } },
  // The same application with no exporter.
  'ours:none': { p99Ms: { paced: 1.1 }, longestMs: { paced: 1.25 } },
  // The spool on and off. A tenth is the spread of the main thread's median.
  'spool:ours': { mainUs: { spool: 1.1 }, processUs: { spool: 1.25 } },
};
