import type { ObservedDrift, StatusReport } from '../../contract/desired-state.js';
import type { Family } from '../../platform/metrics/exposition.js';
import { Counter, Histogram } from '../../platform/metrics/instruments.js';

/** What a pass consists of. `report` is the telling of it, which goes on beside the next pass. */
export const PHASES = ['read', 'plan', 'apply', 'verify', 'flush', 'report'] as const;
export type Phase = (typeof PHASES)[number];

/** Seconds. From a change of one map with nft to a first load of 50,000 with iptables. */
const DURATIONS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const gauge = (name: string, help: string, value: number | undefined): Family => ({
  name,
  help,
  type: 'gauge',
  samples: value === undefined ? [] : [{ value }],
});

/** What one gateway process counts while it works. Adding to it is a look-up in a map. */
export class GatewayMetrics {
  private readonly phases = new Histogram<'phase'>(
    'berth_gateway_phase_seconds',
    'Time of each step of a pass: read, plan, apply, verify (reading back), flush (cutting connections), report',
    DURATIONS,
  );
  private readonly failures = new Counter<'phase'>(
    'berth_gateway_phase_failures_total',
    'Steps that failed and are tried again',
  );
  private readonly passes = new Counter<'outcome'>(
    'berth_gateway_passes_total',
    'Passes by outcome: done, or failed (a map of them could not be had)',
  );
  private readonly drift = new Counter<'outcome'>(
    'berth_gateway_drift_total',
    'Changes by other programs that were found, by what came of them: repaired, contested, failed',
  );
  private wanted: { generation: number; maps: number } | undefined;
  private reached: number | undefined;
  private passedAt: number | undefined;

  constructor() {
    // Rates need a first value: an alert on a failure must not miss the first one.
    for (const phase of PHASES) this.failures.of({ phase });
    for (const outcome of ['done', 'failed']) this.passes.of({ outcome });
    for (const outcome of ['repaired', 'contested', 'failed']) this.drift.of({ outcome });
  }

  /** Times some work as a phase; what it throws counts as a failure of it. */
  async time<T>(phase: Phase, work: () => Promise<T>): Promise<T> {
    const from = performance.now();
    try {
      return await work();
    } catch (error) {
      this.failures.add({ phase });
      throw error;
    } finally {
      this.observe(phase, from);
    }
  }

  /** `from`: when it began, by `performance.now()`. */
  observe(phase: Phase, from: number): void {
    this.phases.observe({ phase }, (performance.now() - from) / 1_000);
  }

  desired(generation: number, maps: number): void {
    this.wanted = { generation, maps };
  }

  /** A pass has ended with this to say. One about drifted maps is said in the middle of a pass, and is none. */
  passed({ maps, generation }: StatusReport, now = Date.now()): void {
    if (maps.length > 0 && maps.every(({ status }) => status === 'drifted')) return;
    const isDone = maps.every(({ status }) => status !== 'failed');
    this.passes.add({ outcome: isDone ? 'done' : 'failed' });
    if (!isDone) return;
    this.reached = generation;
    this.passedAt = now;
  }

  found({ outcome }: ObservedDrift): void {
    this.drift.add({ outcome });
  }

  families(): Family[] {
    const { wanted, reached, passedAt } = this;
    return [
      ...[this.phases, this.failures, this.passes, this.drift].map((one) => one.family()),
      gauge('berth_gateway_maps', 'Port maps that the control plane wants here', wanted?.maps),
      gauge('berth_gateway_desired_generation', 'Generation of the latest desired state', wanted?.generation),
      gauge('berth_gateway_applied_generation', 'Generation that the kernel was last found to hold', reached),
      gauge(
        'berth_gateway_last_pass_timestamp_seconds',
        'When a pass last ended well, seconds since 1970',
        passedAt === undefined ? undefined : passedAt / 1_000,
      ),
    ];
  }
}
