import type { GatewayMode } from '../../contract/desired-state.js';
import type { Config } from '../../platform/config/config.js';
import type { ProbeSettings } from './prober.js';

/** What the configuration says about probing; undefined when there is none, as in plan mode, which leaves no traces. */
export function probeSettings(
  { scope, rate, timeoutMs, attempts, intervalSeconds, sweepSeconds }: Config['probe'],
  mode: GatewayMode,
): ProbeSettings | undefined {
  if (scope === 'off' || mode === 'plan') return undefined;
  const sweepMs = scope === 'networks' ? sweepSeconds * 1_000 : undefined;
  return { rate, timeoutMs, attempts, intervalMs: intervalSeconds * 1_000, sweepMs };
}
