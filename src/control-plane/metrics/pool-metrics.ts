import type { Family, Labels } from '../../platform/metrics/exposition.js';

/** A row of FULLEST_POOLS. As doubles: a gauge has 15 digits or so, of an IPv6 subnet the first ones. */
export interface PoolRow {
  id: string;
  name: string;
  held: number;
  free: number;
  resting: number;
  excluded: number;
  utilization: number;
  rate: number | null;
}

const STATES = ['held', 'free', 'resting', 'excluded'] as const;

/** Gauges of pools as the roll-up knows them. */
export function poolFamilies(pools: readonly PoolRow[]): Family[] {
  const labels = ({ id, name }: PoolRow): Labels => ({ pool: id, name });
  return [
    {
      name: 'berth_pool_addresses',
      help: 'Addresses of a pool by state: held, free, resting, excluded',
      type: 'gauge',
      samples: pools.flatMap((pool) =>
        STATES.map((state) => ({ labels: { ...labels(pool), state }, value: pool[state] })),
      ),
    },
    {
      name: 'berth_pool_utilization_ratio',
      help: 'Share of what a pool can hand out that is not free, 0 to 1',
      type: 'gauge',
      samples: pools.map((pool) => ({ labels: labels(pool), value: pool.utilization })),
    },
    {
      name: 'berth_pool_days_to_exhaustion',
      help: 'Days until nothing is free at the trend of the last 30 days; absent where that does not grow or is not known',
      type: 'gauge',
      samples: pools.flatMap((pool) => {
        const days = daysOf(pool);
        return days === undefined ? [] : [{ labels: labels(pool), value: days }];
      }),
    },
  ];
}

function daysOf({ utilization, free, rate }: PoolRow): number | undefined {
  if (free === 0) return utilization > 0 ? 0 : undefined;
  return rate !== null && rate > 0 ? free / rate : undefined;
}
