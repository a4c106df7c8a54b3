import type { Database } from '../../platform/database/database.js';
import type { Unit } from '../events/unit-of-work.js';
import { BEGIN_HOUR, FORGET_SAMPLES, RATES_DUE, SAMPLE_CHANGED, SAMPLES, SET_RATES } from './sample.queries.js';
import { rateOf, TREND_DAYS, type Sample } from './trend.js';

/** Pools whose samples are read at a time. */
const RATES_BATCH = 100;

/** Once an hour, by whoever measures first in it; false at any other time. */
export async function takeSamples(unit: Unit, keepDays: number): Promise<boolean> {
  const [hour] = await unit.query(BEGIN_HOUR);
  if (hour === undefined) return false;
  await unit.query(SAMPLE_CHANGED);
  await unit.query(FORGET_SAMPLES, [keepDays]);
  return true;
}

/** Computes the rates of pools from their samples, a batch at a time; the metrics tell them. */
export async function updateRates(database: Database): Promise<void> {
  for (let after = ''; ;) {
    const pools = await database.query<{ id: string; held: string; now: number }>(RATES_DUE, [after, RATES_BATCH]);
    const last = pools.at(-1);
    if (last === undefined) return;
    after = last.id;
    const ids = pools.map(({ id }) => id);
    const histories = new Map<string, Sample[]>(ids.map((id) => [id, []]));
    const rows = await database.query<{ id: string; at: number; held: string }>(SAMPLES, [ids, TREND_DAYS]);
    for (const { id, at, held } of rows) histories.get(id)?.push({ at, held: BigInt(held) });
    const rates = pools.map(({ id, held, now }) => rateOf(histories.get(id) ?? [], now, BigInt(held))?.perDay ?? null);
    await database.query(SET_RATES, [ids, rates]);
    if (pools.length < RATES_BATCH) return;
  }
}
