import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { maxOf } from '../../src/ip/address.js';
import { canonicalCidr, checkedCidr, cidrsOfRange, formatCidr } from '../../src/ip/cidr.js';
import { difference, union, type Interval } from '../../src/ip/intervals.js';
import type { AddressRange } from '../../src/ip/range.js';
import { formatRange } from '../../src/ip/range-text.js';
import { Api, type Answer } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

/** The free blocks that a pool must have: its supernets less its subnets, in the largest aligned blocks. */
function blocksLeft(supernets: readonly string[], subnets: readonly AddressRange[]): string[] {
  return supernets.flatMap((text) => {
    const net = checkedCidr(text);
    const held = union(
      subnets.filter(({ family }) => family === net.family).map(({ first, last }): Interval => [first, last]),
    );
    return difference([[net.first, net.last]], held).flatMap(([first, last]) =>
      cidrsOfRange({ family: net.family, first, last }).map(formatCidr),
    );
  });
}

describe('free blocks', () => {
  let database: TestDatabase;
  let client: pg.Client;
  let spaces = 0;

  beforeAll(async () => {
    database = await createTestDatabase();
    client = new pg.Client(database.url);
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  const id = (n: number): string => `${'0'.repeat(12)}${String(n).padStart(12, '0')}`;
  let next = 0;

  async function newPool(supernets: readonly string[]): Promise<string> {
    const pool = id(++next);
    await client.query('INSERT INTO pool (id, supernets) VALUES ($1, $2)', [pool, supernets]);
    return pool;
  }
  async function newSubnet(pool: string, { family, first, last }: AddressRange): Promise<string> {
    const subnet = id(++next);
    const { rows } = await client.query<{ id: string }>('INSERT INTO space DEFAULT VALUES RETURNING id');
    const text = (value: bigint): string => formatRange({ family, first: value, last: value });
    spaces++;
    await client.query('INSERT INTO subnet (id, pool_id, space_id, first, last) VALUES ($1, $2, $3, $4, $5)', [
      subnet,
      pool,
      rows[0]!.id,
      text(first),
      text(last),
    ]);
    return subnet;
  }
  async function freeBlocks(pool: string): Promise<string[]> {
    const { rows } = await client.query<{ block: string }>(
      'SELECT text(f.block) AS block FROM free_block f WHERE f.pool_id = $1 ORDER BY f.block',
      [pool],
    );
    return rows.map(({ block }) => canonicalCidr(block));
  }

  it('are the supernets less the subnets, whatever comes, moves and goes', async () => {
    const supernets = ['10.0.0.0/24', '10.0.1.0/24', '255.255.255.0/24', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ff00/120'];
    const base = supernets.map((text) => checkedCidr(text));
    const range = fc.record({ net: fc.nat(3), a: fc.nat(255), b: fc.nat(255) }).map(({ net, a, b }): AddressRange => {
      const { family, first } = base[net]!;
      return { family, first: first + BigInt(Math.min(a, b)), last: first + BigInt(Math.max(a, b)) };
    });
    const step = fc.record({ verb: fc.constantFrom('make', 'make', 'move', 'delete'), range, which: fc.nat(20) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 25 }), async (steps) => {
        const pool = await newPool(supernets);
        const held = new Map<string, AddressRange>();
        const clash = (wanted: AddressRange, except?: string): boolean =>
          [...held].some(
            ([key, one]) =>
              key !== except && one.family === wanted.family && one.first <= wanted.last && wanted.first <= one.last,
          );
        for (const { verb, range: wanted, which } of steps) {
          const known = [...held.keys()][which % Math.max(held.size, 1)];
          if (verb === 'make' && !clash(wanted)) held.set(await newSubnet(pool, wanted), wanted);
          else if (known === undefined) continue;
          else if (verb === 'move' && wanted.family === held.get(known)!.family && !clash(wanted, known)) {
            const text = (value: bigint): string => formatRange({ ...wanted, first: value, last: value });
            const values = [known, text(wanted.first), text(wanted.last)];
            await client.query('UPDATE subnet SET first = $2, last = $3 WHERE id = $1', values);
            held.set(known, wanted);
          } else if (verb === 'delete') {
            await client.query('DELETE FROM subnet WHERE id = $1', [known]);
            held.delete(known);
          }
          expect(await freeBlocks(pool)).toEqual(blocksLeft(supernets, [...held.values()]));
        }
        // Supernets that come to a pool later find its subnets.
        const late = await newPool([]);
        for (const one of held.values()) await newSubnet(late, one);
        await client.query('UPDATE pool SET supernets = $2 WHERE id = $1', [late, supernets]);
        expect(await freeBlocks(late)).toEqual(await freeBlocks(pool));
        await client.query('DELETE FROM pool WHERE id = ANY($1)', [[pool, late]]);
      }),
      { numRuns: 10 },
    );
    const { rows } = await client.query<{ n: number }>('SELECT count(*)::int AS n FROM free_block');
    expect([rows[0]!.n, spaces > 0]).toEqual([0, true]);
  }, 25_000);

  it('are as few as can be, up to the whole of both families', async () => {
    const pool = await newPool(['0.0.0.0/0', '::/0']);
    const four = await newSubnet(pool, { family: 4, first: maxOf(4), last: maxOf(4) });
    const six = await newSubnet(pool, { family: 6, first: 0n, last: 0n });
    expect((await freeBlocks(pool)).length).toBe(32 + 128);
    await client.query('DELETE FROM subnet WHERE id = ANY($1)', [[four, six]]);
    expect(await freeBlocks(pool)).toEqual(['0.0.0.0/0', '::/0']);
  });

  it('the database refuses subnets outside, and supernets that overlap or leave one out', async () => {
    const pool = await newPool(['10.0.0.0/25', '10.0.0.128/25']);
    const over = { family: 4 as const, first: 0x0a000000n, last: 0x0a0000ffn };
    await expect(newSubnet(pool, over)).rejects.toMatchObject({ constraint: 'subnet_within_supernet' });
    const subnet = await newSubnet(pool, { ...over, last: over.first });
    const change = (supernets: string[]): Promise<unknown> =>
      client.query('UPDATE pool SET supernets = $2 WHERE id = $1', [pool, supernets]);
    await expect(change(['10.0.0.128/25'])).rejects.toMatchObject({ constraint: 'subnet_within_supernet' });
    await expect(change([])).rejects.toMatchObject({ constraint: 'subnet_within_supernet' });
    await expect(change(['10.0.0.0/24', '10.0.0.0/25'])).rejects.toMatchObject({
      constraint: 'pool_supernets_disjoint',
    });
    await expect(
      client.query('UPDATE subnet SET last = $2 WHERE id = $1', [subnet, '10.0.0.128']),
    ).rejects.toMatchObject({ constraint: 'subnet_within_supernet' });
    await change(['10.0.0.0/24']);
    expect(await freeBlocks(pool)).toEqual(blocksLeft(['10.0.0.0/24'], [{ ...over, last: over.first }]));
  });
});

describe('carving by two processes', () => {
  let apis: [Api, Api];
  const api = (n = 0): Api => apis[n % 2]!;

  beforeAll(async () => {
    const first = await Api.start();
    apis = [first, await Api.start({ database: first.database, secret: first.secret })];
  });
  afterAll(async () => {
    await apis[1].close();
    await apis[0].close();
  });

  const pool = async (...supernets: string[]): Promise<string> =>
    ((await api().make('/pools', { supernets })) as { id: string }).id;
  const carve = (parent: string, body: object, n = 0): Promise<Answer> => api(n).post(`/pools/${parent}/subnets`, body);
  const cidrs = (answers: readonly Answer[]): string[] =>
    answers.filter(({ status }) => status === 201).map(({ body }) => body.cidr as string);

  it('64 requests at once for 40 networks: each once, then only pool-exhausted', async () => {
    const parent = await pool('10.0.0.0/27', '10.0.1.0/29');
    const answers = await Promise.all(Array.from({ length: 64 }, (_, n) => carve(parent, { prefixLength: 32 }, n)));
    const got = cidrs(answers);
    expect([got.length, new Set(got).size]).toEqual([40, 40]);
    expect(answers.filter(({ status }) => status !== 201).map(({ status, body }) => [status, body.code])).toEqual(
      Array(24).fill([409, 'pool-exhausted']),
    );
  });

  it('carved, given by hand and deleted at once: never an overlap that nobody asked for, and nothing is lost', async () => {
    const parent = await pool('10.0.0.0/22');
    const unexpected: string[] = [];
    await Promise.all(
      Array.from({ length: 12 }, async (_, n) => {
        for (let round = 0; round < 6; round++) {
          const byHand = n % 3 === 2;
          const body = byHand ? { cidr: `10.0.${round % 4}.${(n * 16) % 256}/28` } : { prefixLength: 26 + (n % 4) };
          const answer = await carve(parent, body, n);
          const allowed = byHand ? 'range-overlap' : 'pool-exhausted';
          if (answer.status === 201) {
            if (round % 2 === 0) await api(n + 1).delete(answer.headers.get('location')!);
          } else if (answer.body.code !== allowed) unexpected.push(answer.text);
        }
      }),
    );
    expect(unexpected).toEqual([]);
    const { subnets } = (await api().get(`/pools/${parent}/subnets?limit=1000`)).body as {
      subnets: { cidr: string }[];
    };
    const left = (await api().sql(
      'SELECT text(f.block) AS block FROM free_block f WHERE f.pool_id = $1 ORDER BY f.block',
      [parent],
    )) as { block: string }[];
    const held = subnets.map(({ cidr }) => checkedCidr(cidr));
    expect(left.map(({ block }) => block)).toEqual(blocksLeft(['10.0.0.0/22'], held));
  });

  it('takes the lowest of the smallest blocks, so that large blocks stay whole', async () => {
    const parent = await pool('10.0.0.0/16', '10.1.0.0/24');
    const one = async (prefixLength: number): Promise<string> =>
      (await carve(parent, { prefixLength })).body.cidr as string;
    expect([await one(26), await one(25), await one(28), await one(24)]).toEqual([
      ...['10.1.0.0/26', '10.1.0.128/25', '10.1.0.64/28', '10.0.0.0/24'],
    ]);
    expect(await one(17)).toBe('10.0.128.0/17');
    const full = await carve(parent, { prefixLength: 16 });
    expect([full.status, full.body.code, full.body.detail]).toEqual([
      ...[409, 'pool-exhausted', 'The IPv4 supernets of the pool have no free /16: the largest free block is a /18.'],
    ]);
    const made = (await carve(parent, { prefixLength: 24, gatewayAddress: null, exclusions: { first: 9 } })).body;
    expect(made).toMatchObject({ cidr: '10.0.1.0/24', exclusions: { first: 9, network: true, broadcast: true } });
  });

  it('knows its family', async () => {
    const both = await pool('10.0.0.0/24', '2001:db8::/32');
    const refused = async (parent: string, body: object): Promise<unknown[]> => {
      const answer = await carve(parent, body);
      return [answer.status, answer.body.errors[0].field];
    };
    expect(await refused(both, { prefixLength: 30 })).toEqual([422, 'family']);
    expect((await carve(both, { prefixLength: 64 })).body.cidr).toBe('2001:db8::/64');
    expect((await carve(both, { prefixLength: 32, family: 4 })).body.cidr).toBe('10.0.0.0/32');
    expect(await refused(both, { prefixLength: 64, family: 4 })).toEqual([422, 'prefixLength']);
    const four = await pool('10.0.0.0/24');
    expect(await refused(four, { prefixLength: 33 })).toEqual([422, 'prefixLength']);
    expect(await refused(four, { prefixLength: 24, family: 6 })).toEqual([422, 'family']);
    expect((await carve(four, { prefixLength: 24 })).body.cidr).toBe('10.0.0.0/24');
    expect((await carve(four, { prefixLength: 32 })).body.detail).toContain('nothing of them is free');
    expect((await carve('6b024480686c824ea09e15b6', { prefixLength: 32 })).status).toBe(404);
  });

  it('the same key carves once', async () => {
    const parent = await pool('10.0.0.0/24');
    const headers = { 'idempotency-key': 'carve' };
    const post = (n: number): Promise<Answer> =>
      api(n).post(`/pools/${parent}/subnets`, { prefixLength: 28 }, { headers });
    const answers = await Promise.all([post(0), post(1), post(0)]);
    expect(new Set(cidrs(answers)).size).toBe(1);
    expect((await api().get(`/pools/${parent}/subnets`)).body.subnets).toHaveLength(1);
  });

  it('supernets change as long as every subnet stays in one', async () => {
    const parent = await pool('10.0.0.0/24');
    const { cidr } = (await carve(parent, { prefixLength: 25 })).body as { cidr: string };
    const change = (supernets: unknown): Promise<Answer> => api().patch(`/pools/${parent}`, { supernets });
    for (const supernets of [[], null, ['10.0.0.128/25'], ['10.1.0.0/24']]) {
      const answer = await change(supernets);
      expect([answer.status, answer.body.code]).toEqual([409, 'range-in-use']);
      expect(answer.body.detail).toContain('10.0.0.0 to 10.0.0.127');
    }
    expect((await change(['10.0.0.0/16', '2001:DB8:0::/48'])).body.supernets).toEqual(['10.0.0.0/16', '2001:db8::/48']);
    expect((await api().put(`/pools/${parent}`, {})).body.supernets).toHaveLength(2);
    const overlap = await change(['10.0.0.0/16', '10.1.0.0/16', '10.0.9.0/24']);
    expect([overlap.status, overlap.body.errors[0].field]).toEqual([422, 'supernets.2']);
    expect((await carve(parent, { cidr })).body.code).toBe('range-overlap');
    const outside = await carve(parent, { start: '10.1.0.0', end: '10.1.0.9' });
    expect([outside.status, outside.body.errors[0].field]).toEqual([422, 'start']);
    // A pool without supernets takes what comes, and may say so again.
    const free = (await api().subnet('10.0.0.0', '10.0.0.9')).pool;
    expect((await api().patch(`/pools/${free}`, { supernets: null })).status).toBe(200);
    expect((await api().patch(`/pools/${free}`, { supernets: ['10.0.0.8/29'] })).status).toBe(409);
    expect((await api().patch(`/pools/${free}`, { supernets: ['10.0.0.0/28'] })).status).toBe(200);
    expect((await carve(free, { prefixLength: 30 })).body.cidr).toBe('10.0.0.12/30');
  });

  it('finds the next network among 2,000 with one look into an index', async () => {
    const parent = await pool('10.0.0.0/8');
    const made = `
      WITH s AS (INSERT INTO space SELECT FROM generate_series(1, 2000) RETURNING id)
      INSERT INTO subnet (id, pool_id, space_id, first, last)
      SELECT 'abcdef000000' || lpad(n::text, 12, '0'), $1, id, '10.0.0.0'::inet + 512 * n, '10.0.0.0'::inet + 512 * n + 255
      FROM (SELECT id, row_number() OVER () AS n FROM s) AS numbered`;
    await api().sql(made, [parent]);
    await api().sql('ANALYZE free_block');
    const plan = (await api().sql(
      `EXPLAIN (FORMAT JSON) SELECT host(f.block) AS first FROM free_block f
       WHERE f.pool_id = '${parent}' AND family(f.block) = 4 AND masklen(f.block) <= 24
       ORDER BY masklen(f.block) DESC, f.block LIMIT 1`,
    )) as { 'QUERY PLAN': unknown }[];
    const text = JSON.stringify(plan);
    expect([text.includes('free_block_fit'), text.includes('"Sort"'), text.includes('Seq Scan')]).toEqual([
      ...[true, false, false],
    ]);
    expect((await carve(parent, { prefixLength: 24 })).body.cidr).toBe('10.0.3.0/24');
    expect((await carve(parent, { prefixLength: 23 })).body.cidr).toBe('10.0.0.0/23');
  });
});
