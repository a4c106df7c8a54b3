import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { exposition, type Family } from '../../platform/metrics/exposition.js';
import { Metrics } from '../../platform/metrics/metrics.js';
import { ProcessMetrics } from '../../platform/metrics/process-metrics.js';
import { Problem } from '../../platform/problem/problem.js';
import { dnsFamilies } from '../dns/dns-metrics.js';
import { ZONES } from '../dns/dns.queries.js';
import type { ZoneRow } from '../dns/dns-zones.controller.js';
import { FULLEST_POOLS, OUTBOX, ROUND } from './metrics.queries.js';
import { poolFamilies, type PoolRow } from './pool-metrics.js';

/** Pools that are told one by one, the fullest first: series cost Prometheus memory. How many are left out is told too. */
const MAX_POOLS = 1_000;
const MAX_ZONES = 100;
const MAX_WAITING = 100_000;

interface Outbox {
  bytes: number;
  unsequenced: number;
  sequencerLag: number | null;
  unpublished: number;
  natsLag: number | null;
  kept: number;
  parked: number;
  epoch: number;
  held: boolean | null;
  holder: string | null;
}

const gauge = (name: string, help: string, value: number): Family => ({
  name,
  help,
  type: 'gauge',
  samples: [{ value }],
});

/**
 * What GET /metrics tells: this process from memory, pools and outbox from the database. With the database away, the first
 * and `berth_database_up 0`.
 */
@Injectable()
export class MetricsService implements OnApplicationShutdown {
  private readonly process = new ProcessMetrics();

  constructor(
    private readonly database: Database,
    private readonly metrics: Metrics,
    private readonly withNats: boolean,
  ) {}

  async text(): Promise<string> {
    const shared = await this.shared();
    const up = gauge('berth_database_up', '1 when PostgreSQL answers this process', shared === undefined ? 0 : 1);
    return exposition([up, ...this.metrics.families(), ...this.process.families(), ...(shared ?? [])]);
  }

  /** What every process tells alike. */
  private async shared(): Promise<Family[] | undefined> {
    try {
      const [round] = await this.database.query<{ pools: number; took: number; age: number }>(ROUND);
      const pools = await this.database.query<PoolRow>(FULLEST_POOLS, [MAX_POOLS]);
      const [outbox] = await this.database.query<Outbox>(OUTBOX, [MAX_WAITING]);
      if (round === undefined || outbox === undefined) throw new Error('a row of the migrations is missing');
      return [
        ...poolFamilies(pools),
        gauge('berth_pools', 'Pools there are', round.pools),
        gauge('berth_pools_left_out', 'Pools without series of their own', Math.max(0, round.pools - pools.length)),
        gauge('berth_capacity_age_seconds', 'Age of the figures of pools', round.age),
        gauge('berth_capacity_round_seconds', 'How long the last round of measuring took', round.took),
        ...this.outboxFamilies(outbox),
        ...dnsFamilies(await this.database.query<ZoneRow>(ZONES, [MAX_ZONES])),
      ];
    } catch (error) {
      if (error instanceof Problem && error.code === 'unavailable') return undefined;
      throw error;
    }
  }

  private outboxFamilies(outbox: Outbox): Family[] {
    const lags = [{ labels: { reader: 'sequencer' }, value: outbox.sequencerLag ?? 0 }];
    if (this.withNats) lags.push({ labels: { reader: 'nats' }, value: outbox.natsLag ?? 0 });
    return [
      gauge('berth_outbox_bytes', 'Size of the outbox with its indexes', outbox.bytes),
      gauge('berth_outbox_events', 'Events that the outbox keeps', outbox.kept),
      gauge(
        'berth_outbox_unsequenced',
        'Transactions whose events have no place in the stream yet',
        outbox.unsequenced,
      ),
      {
        name: 'berth_outbox_lag_seconds',
        help: 'Age of the oldest event that a reader has not dealt with',
        type: 'gauge',
        samples: lags,
      },
      ...(this.withNats ? publisherFamilies(outbox) : []),
    ];
  }

  onApplicationShutdown(): void {
    this.process.stop();
  }
}

function publisherFamilies({ unpublished, parked, epoch, held, holder }: Outbox): Family[] {
  return [
    gauge('berth_outbox_unpublished', 'Events that NATS has not acknowledged', unpublished),
    gauge('berth_outbox_parked', 'Events that NATS does not take, kept aside', parked),
    gauge('berth_publisher_epoch', 'Grows with every process that takes over publishing', epoch),
    {
      name: 'berth_publisher_held',
      help: '1 while a process holds the lease, which it does while it is at work',
      type: 'gauge',
      samples: [{ labels: { holder: holder ?? '' }, value: held === true ? 1 : 0 }],
    },
  ];
}
