import type { Firewall } from '../firewall/firewall.js';
import type { GatewayMetrics } from './gateway-metrics.js';

/** A firewall of which the time of each phase is taken. */
export interface Timed {
  firewall: Firewall;
  /** A pass has ended: what is read from now on is not read back. */
  endPass: () => void;
}

/**
 * Around a firewall, so that neither the reconciler nor a backend knows of clocks. A reading after a writing of the same pass
 * is its verification. Costs a microsecond a call.
 */
export function timed(firewall: Firewall, metrics: GatewayMetrics): Timed {
  let hasWritten = false;
  const around: Firewall = {
    name: firewall.name,
    variant: (family) => firewall.variant(family),
    bucketOf: (protocol, port) => firewall.bucketOf(protocol, port),
    read: (family, scope) => metrics.time(hasWritten ? 'verify' : 'read', () => firewall.read(family, scope)),
    merge: (live, part, scope) => firewall.merge(live, part, scope),
    changed: (before, after) => firewall.changed(before, after),
    view: (live) => firewall.view(live),
    plan: (desired, live, options) => {
      const from = performance.now();
      try {
        return firewall.plan(desired, live, options);
      } finally {
        metrics.observe('plan', from);
      }
    },
    planRemoval: (live) => firewall.planRemoval(live),
    apply: async (family, transactions) => {
      hasWritten = true;
      await metrics.time('apply', () => firewall.apply(family, transactions));
    },
    flush: (family, flows) => metrics.time('flush', () => firewall.flush(family, flows)),
    pids: () => firewall.pids(),
    close: () => firewall.close(),
  };
  return { firewall: around, endPass: () => (hasWritten = false) };
}
