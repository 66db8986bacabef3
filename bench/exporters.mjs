// Who exports, by side.
const OPTIONS = { accessToken: 'bench', logLevel: 'error' };
const nothing = async () => {};

/** An exporter that does nothing: the application as it is without one. */
export const NONE = { name: 'none', onTracingEvent() {}, exportTracingEvent: nothing, flush: nothing, shutdown: nothing };

const SIDES = {
  none: () => NONE,
  stringify: () => ({ ...NONE, onTracingEvent: ({ exportedSpan }) => void JSON.stringify(exportedSpan) }),
  peer: async (endpoint) => {
    const { CloudExporter } = await import('@mastra/observability');
    return new CloudExporter({ ...OPTIONS, endpoint });
  },
  ours: (endpoint) => native({ endpoint }),
  spool: (endpoint, spoolDirectory) => native({ endpoint, spoolDirectory }),
};

async function native(options) {
  const { CloudExporter } = await import('mastra-native-exporter');
  // Huge spans are made faster than any collector accepts them. The peer has no limit, so ours gets one that is never
  // reached.
  return new CloudExporter({ ...OPTIONS, maxQueueBytes: 2 ** 31, ...options });
}

/** @param {keyof typeof SIDES} side @param {string} spoolDirectory  for the side that has a spool */
export const createExporter = (side, endpoint, spoolDirectory) => SIDES[side](endpoint, spoolDirectory);

/** Whether the side sends what it is given. */
export const sends = (side) => side !== 'none' && side !== 'stringify';
