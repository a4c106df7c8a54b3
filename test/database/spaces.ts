import { expect } from '@jest/globals';
import { storedAddress } from '../../src/ip/address.js';
import { query } from '../support/api.js';

interface Interval {
  space: string;
  first: bigint;
  last: bigint;
}

const HELD = `
  SELECT s.space_id AS space, host(l.address) AS address FROM lease l JOIN subnet s ON s.id = l.subnet_id`;
const NUMBERED = `
  SELECT space_id AS space, connection_port AS position FROM port_map JOIN gateway_ports USING (gateway_id, protocol)
  UNION ALL SELECT DISTINCT space_id, position FROM resting_address
  UNION ALL SELECT space_id, position FROM quarantine`;

/** In every space: free + held + resting is the size, nothing is two of them, and free intervals do not overlap. */
export async function expectSoundSpaces(database: string): Promise<void> {
  const used = new Map<string, bigint[]>();
  const use = (space: string, position: bigint): void => void used.set(space, [...(used.get(space) ?? []), position]);
  for (const { space, address } of (await query(database, HELD)) as { space: string; address: string }[]) {
    use(space, storedAddress(address).value);
  }
  for (const { space, position } of (await query(database, NUMBERED)) as { space: string; position: string }[]) {
    use(space, BigInt(position));
  }
  const free = bySpace(await intervals(database, 'free_interval'));
  for (const [space, chunks] of bySpace(await intervals(database, 'space_chunk'))) {
    const [held, open] = [used.get(space) ?? [], free.get(space) ?? []];
    expect(new Set(held).size).toBe(held.length);
    expect(sizeOf(open) + BigInt(held.length)).toBe(sizeOf(chunks));
    expect(held.filter((one) => open.some(({ first, last }) => first <= one && one <= last))).toEqual([]);
    expect(open.slice(1).filter(({ first }, index) => first <= (open[index]?.last ?? 0n))).toEqual([]);
    used.delete(space);
  }
  expect([...used.keys()]).toEqual([]);
}

async function intervals(database: string, table: 'free_interval' | 'space_chunk'): Promise<Interval[]> {
  const rows = await query(database, `SELECT space_id, first, last FROM ${table} ORDER BY space_id, last`);
  return (rows as Record<string, string>[]).map((row) => ({
    space: row['space_id']!,
    first: BigInt(row['first']!),
    last: BigInt(row['last']!),
  }));
}

const sizeOf = (list: readonly Interval[]): bigint =>
  list.reduce((sum, { first, last }) => sum + last - first + 1n, 0n);

function bySpace(list: readonly Interval[]): Map<string, Interval[]> {
  const map = new Map<string, Interval[]>();
  for (const one of list) map.set(one.space, [...(map.get(one.space) ?? []), one]);
  return map;
}
