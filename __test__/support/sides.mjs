// The implementations under comparison.
import * as peers from '@mastra/observability';
import * as ours from 'mastra-native-exporter';

export const { CloudExporter: PeerExporter, MastraPlatformExporter: PeerPlatformExporter } = peers;
export const { CloudExporter: OurExporter, MastraPlatformExporter: OurPlatformExporter } = ours;

export const SIDES = {
  cloud: { peer: PeerExporter, ours: OurExporter },
  platform: { peer: PeerPlatformExporter, ours: OurPlatformExporter },
};
