import type { DesiredState } from '../../contract/desired-state.js';
import type { ControlPlaneClient } from '../control-plane-client.js';
import type { Log } from '../settings.js';
import { whyNoPings } from './pinger.js';
import { Prober, type ProbeSettings } from './prober.js';
import { ReachabilityReporter } from './reachability-reporter.js';
import { targetsOf } from './targets.js';

/** Desired state -> looks -> reports of what changed. Without leave to ping only TCP ports are tried. */
export function startProbes(
  settings: ProbeSettings,
  client: ControlPlaneClient,
  log: Log,
): { submit(desired: DesiredState): void; close(): Promise<void> } {
  const reason = whyNoPings();
  if (reason !== undefined) log('warn', `no machine is pinged: ${reason}`);
  const reporter = new ReachabilityReporter(client, log);
  const prober = new Prober(settings, (news) => reporter.tell(news), log);
  return {
    submit: (desired) => prober.submit(targetsOf(desired)),
    close: async () => {
      await prober.close();
      await reporter.close();
    },
  };
}
