import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Family } from './exposition.js';

const RESOLUTION_MS = 20;

const gauge = (name: string, help: string, value: number): Family => ({
  name,
  help,
  type: 'gauge',
  samples: [{ value }],
});

/** What is known of the process itself, under the names that dashboards for Node.js expect. */
export class ProcessMetrics {
  private readonly delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  private readonly startedAt = Date.now() / 1000 - process.uptime();

  constructor() {
    this.delay.enable();
  }

  families(): Family[] {
    const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    return [
      {
        name: 'process_cpu_seconds_total',
        help: 'CPU time, user and system',
        type: 'counter',
        samples: [{ value: (user + system) / 1e6 }],
      },
      gauge('process_start_time_seconds', 'Start of the process, seconds since 1970', this.startedAt),
      gauge('process_resident_memory_bytes', 'Resident memory', rss),
      gauge('nodejs_heap_size_total_bytes', 'Heap of the JavaScript engine', heapTotal),
      gauge('nodejs_heap_size_used_bytes', 'Heap in use', heapUsed),
      gauge('nodejs_external_memory_bytes', 'Memory outside the heap that objects in it hold', external),
      ...this.delays(),
    ];
  }

  /** How late timers were since the last look: each look begins anew, so that a peak of last week does not hide today's. */
  private delays(): Family[] {
    const { delay } = this;
    const seconds = (nanoseconds: number): number =>
      Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1e3) : 0;
    const told = [
      gauge(
        'nodejs_eventloop_lag_mean_seconds',
        'Mean lag of the event loop since the last scrape',
        seconds(delay.mean),
      ),
      gauge('nodejs_eventloop_lag_p99_seconds', '99th percentile of the same', seconds(delay.percentile(99))),
      gauge('nodejs_eventloop_lag_max_seconds', 'Greatest of the same', delay.count === 0 ? 0 : seconds(delay.max)),
    ];
    delay.reset();
    return told;
  }

  stop(): void {
    this.delay.disable();
  }
}
