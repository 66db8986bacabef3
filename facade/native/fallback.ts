import { nativeBinding } from './load.js';
import { noStats, type ExporterStats } from './stats.js';

/** TypeScript requires this type for the base class of a mixin. */
type ExporterClass = new (...args: any[]) => object;

/**
 * The native exporter, or, when there is no binary, the peer's class with the same public surface: the peer's options
 * work, the native options have no effect, `stats()` counts nothing and `metrics()` is empty.
 */
export function nativeOr<Native extends ExporterClass>(native: Native, peer: () => ExporterClass): Native {
  if (nativeBinding.loaded) return native;
  const Fallback = class extends peer() {
    stats(): ExporterStats {
      return noStats();
    }
    metrics(): string {
      return '';
    }
  };
  return Fallback as unknown as Native;
}
