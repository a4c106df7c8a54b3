import type { Config } from '../../platform/config/config.js';
import type { LinkSettings } from './jetstream-link.js';

/** What of the configuration the publisher needs; undefined without NATS. */
export function linkSettings({ url, ...nats }: Config['nats']): LinkSettings | undefined {
  if (url === undefined) return undefined;
  return {
    url,
    name: nats.stream,
    prefix: nats.subjectPrefix,
    replicas: nats.streamReplicas,
    maxAgeDays: nats.streamMaxAgeDays,
    maxBytes: nats.streamMaxBytes,
  };
}
