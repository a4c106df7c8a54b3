import { query } from '../support/api.js';
import { placeOf } from './addresses.js';
import { usable, type Shape } from './model.js';
import type { Told, Violation } from './record.js';

const EVENTS = `
  SELECT (seq >> 20)::float8 AS batch, split_part(type, '.', 2) AS noun, split_part(type, '.', 3) AS verb,
         split_part(subject, '/', 2) AS id, owner, data::text AS data, extract(epoch FROM created_at) * 1000 AS at
  FROM outbox WHERE type !~ 'threshold|expiring' ORDER BY seq`;

export async function readEvents(database: string): Promise<Told[]> {
  const rows = (await query(database, EVENTS)) as (Omit<Told, 'at'> & { data: string; at: string })[];
  return rows.map((row) => ({ ...row, data: JSON.parse(row.data) as unknown, at: Number(row.at) }));
}

/** The shape of a subnet's document. */
export function shapeOf(data: Told['data']): Shape {
  const { first, last, network } = data.exclusions as { first: number; last: number; network: boolean };
  const [start, end] = [placeOf(data.start as string), placeOf(data.end as string)];
  return { first: start, last: end, rules: { first, last, ranges: [], unusable: network } };
}

/**
 * Goes through the events as if they were all that there is: each resource begins with version 1, every change is told
 * once, with the next version, nothing comes after its end; no address has two holders at once, each lies in what its
 * subnet gives out then, subnets of a pool never overlap.
 */
export class Replay {
  readonly violations: Violation[] = [];
  /** Version of what is there now, by `<noun> <id>`. */
  readonly there = new Map<string, number>();
  private readonly gone = new Set<string>();
  private readonly holders = new Map<string, string>();
  private readonly subnets = new Map<string, { pool: string; shape: Shape }>();

  constructor(events: readonly Told[]) {
    for (const event of events) this.follow(event);
  }

  private follow(event: Told): void {
    const { noun, verb, id, data } = event;
    const key = `${noun} ${id}`;
    const before = this.there.get(key);
    const violates = (rule: string): void => void this.violations.push({ rule, id });
    if (this.gone.has(key) && noun !== 'quota') violates(`${noun}.${verb} after its end`);
    if (verb === 'created') {
      if (before !== undefined || data.version !== 1)
        violates(`${noun}.created twice, or with version ${data.version}`);
      this.there.set(key, 1);
    } else if (before === undefined) violates(`${noun}.${verb} of what was never made`);
    else if (verb === 'deleted') {
      if (data.version !== before) violates(`${noun}.deleted says version ${data.version}, it was ${before}`);
      this.there.delete(key);
      this.gone.add(key);
    } else {
      if (data.version !== before + 1) violates(`${noun}.${verb} says version ${data.version} after ${before}`);
      this.there.set(key, data.version as number);
    }
    if (noun === 'lease') this.followLease(event, violates);
    if (noun === 'subnet') this.followSubnet(event, violates);
  }

  private followLease({ verb, id, data }: Told, violates: (rule: string) => void): void {
    if (verb === 'updated') return;
    const key = `${String(data.subnet)} ${placeOf(data.address as string)}`;
    const holder = this.holders.get(key);
    if (verb === 'deleted') {
      if (holder !== id) violates(`${data.address} released, but ${holder ?? 'nobody'} held it`);
      this.holders.delete(key);
      return;
    }
    if (holder !== undefined) violates(`two holders of ${data.address}: ${holder} as well`);
    this.holders.set(key, id);
    const subnet = this.subnets.get(data.subnet as string);
    if (subnet === undefined) violates(`${data.address} given of a subnet that is not there`);
    else if (!usable(subnet.shape, 4).includes(placeOf(data.address as string))) {
      violates(`${data.address} given, which is excluded or outside of its subnet`);
    }
  }

  private followSubnet({ verb, id, data }: Told, violates: (rule: string) => void): void {
    if (verb === 'deleted') {
      this.subnets.delete(id);
      if (this.heldIn(id).length > 0) violates('a subnet is gone, and addresses of it are held');
      return;
    }
    const [shape, pool] = [shapeOf(data), data.pool as string];
    for (const [other, there] of this.subnets) {
      const overlaps = there.shape.first <= shape.last && shape.first <= there.shape.last;
      if (other !== id && there.pool === pool && overlaps) violates(`overlaps subnet ${other}`);
    }
    this.subnets.set(id, { pool, shape });
    const places = usable(shape, 4);
    const out = this.heldIn(id).filter((place) => !places.includes(place));
    if (out.length > 0) violates(`places ${out.join()} are held and fell out`);
  }

  private heldIn(subnet: string): number[] {
    return [...this.holders.keys()].filter((key) => key.startsWith(subnet)).map((key) => Number(key.split(' ')[1]));
  }
}

const TABLES = ['pool', 'subnet', 'reservation', 'lease'] as const;

/** What is there is what the events say, with the same versions. */
export async function sameAsTold(database: string, { there }: Replay): Promise<Violation[]> {
  const found = new Map<string, number>();
  for (const table of TABLES) {
    const rows = (await query(database, `SELECT id, version FROM ${table}`)) as { id: string; version: number }[];
    for (const { id, version } of rows) found.set(`${table} ${id}`, version);
  }
  const keys = new Set([...found.keys(), ...there.keys()].filter((key) => !key.startsWith('quota')));
  return [...keys].flatMap((key) => {
    const [now, told] = [found.get(key), there.get(key)];
    const rule = `${key} has version ${now ?? 'none'}, its events say ${told ?? 'none'}`;
    return now === told ? [] : [{ rule, id: key.split(' ')[1] ?? '' }];
  });
}

const ENDED = `SELECT lease_id AS id, owner, count(*)::int AS times FROM address_history WHERE released GROUP BY 1, 2`;

/** Every lease that ended is in the past once, with its owner; nothing else is. */
export async function samePast(database: string, events: readonly Told[]): Promise<Violation[]> {
  const past = (await query(database, ENDED)) as { id: string; owner: string; times: number }[];
  const recorded = new Map(past.map(({ id, owner, times }) => [id, `${owner} ${times}`]));
  const ended = events.filter(({ noun, verb }) => noun === 'lease' && verb === 'deleted');
  const missing = ended.filter(({ id, owner }) => recorded.get(id) !== `${owner ?? ''} 1`);
  for (const { id } of ended) recorded.delete(id);
  return [
    ...missing.map(({ id }) => ({ rule: 'a lease that ended is not in the past, once, with its owner', id })),
    ...[...recorded.keys()].map((id) => ({ rule: 'the past knows the end of a lease that nobody told', id })),
  ];
}
