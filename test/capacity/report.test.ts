import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatAddress, storedAddress } from '../../src/ip/address.js';
import { Api } from '../support/api.js';

let api: Api;
beforeAll(async () => {
  api = await Api.start();
});
afterAll(() => api.close());

const DAY_MS = 24 * 3_600_000;

interface Block {
  first: bigint;
  length: number;
}

/** The largest aligned blocks that make up first...last, as RFC 4632 would aggregate them: one after another. */
function aggregate(first: bigint, last: bigint): Block[] {
  const blocks: Block[] = [];
  for (let at = first; at <= last;) {
    let k = 0;
    while (k < 32 && at % 2n ** BigInt(k + 1) === 0n && at + 2n ** BigInt(k + 1) - 1n <= last) k++;
    blocks.push({ first: at, length: 32 - k });
    at += 2n ** BigInt(k);
  }
  return blocks;
}

/** Runs of numbers that follow each other. */
function runsOf(free: readonly bigint[]): [bigint, bigint][] {
  const runs: [bigint, bigint][] = [];
  for (const one of free) {
    const last = runs.at(-1);
    if (last?.[1] === one - 1n) last[1] = one;
    else runs.push([one, one]);
  }
  return runs;
}

const v4 = (value: bigint): string => formatAddress({ family: 4, value });
const START = storedAddress('10.9.0.3').value;
const SIZE = 400;

describe('GET /subnets/{id}/capacity', () => {
  it('has the free blocks that are left by any pattern of held addresses', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(SIZE - 1), { maxLength: 300 }), async (held) => {
        const { pool, subnet } = await api.subnet(v4(START), v4(START + BigInt(SIZE) - 1n));
        const addresses = held.map((offset) => v4(START + BigInt(offset)));
        if (held.length > 0) await api.make(`/subnets/${subnet}/reservations`, { addresses });
        const taken = new Set(held);
        const free = Array.from({ length: SIZE }, (_, n) => n).filter((n) => !taken.has(n));
        const runs = runsOf(free.map((n) => START + BigInt(n)));
        const blocks = runs.flatMap(([first, last]) => aggregate(first, last));
        const { body } = await api.get(`/subnets/${subnet}/capacity`);
        expect(body).toMatchObject({
          ...{ size: String(SIZE), held: String(held.length), free: String(free.length) },
          ...{ resting: '0', excluded: '0', utilization: held.length / SIZE, truncated: false },
        });
        const [space] = body.freeSpace;
        expect(space).toMatchObject({ family: 4, runs: String(runs.length) });
        const counts = new Map<number, number>();
        for (const { length } of blocks) counts.set(length, (counts.get(length) ?? 0) + 1);
        const told = space.blocks as { prefixLength: number; blocks: string; fits: string }[];
        expect(
          new Map(told.filter((one) => one.blocks !== '0').map((one) => [one.prefixLength, Number(one.blocks)])),
        ).toEqual(counts);
        for (const { prefixLength, fits } of told) {
          const inside = blocks.reduce(
            (sum, { length }) => sum + (length > prefixLength ? 0 : 2 ** (prefixLength - length)),
            0,
          );
          expect([prefixLength, fits]).toEqual([prefixLength, String(inside)]);
        }
        const longest = runs.reduce((best, run) => (run[1] - run[0] > best[1] - best[0] ? run : best));
        const size = String(longest[1] - longest[0] + 1n);
        expect(space.largestRun).toEqual({ start: v4(longest[0]), end: v4(longest[1]), size });
        const largest = blocks.reduce((best, block) => (block.length < best.length ? block : best));
        expect(space.largestBlock).toBe(`${v4(largest.first)}/${largest.length}`);
        // A pool is its subnets.
        const whole = (await api.get(`/pools/${pool}/capacity`)).body;
        expect({ ...whole, measuredAt: '' }).toEqual({ ...body, measuredAt: '' });
      }),
      { numRuns: 8 },
    );
  });

  it('joins free space across chunks: a fresh subnet is one run', async () => {
    const { subnet } = await api.subnet('10.0.0.0', '10.255.255.255');
    const { body } = await api.get(`/subnets/${subnet}/capacity`);
    expect(body.freeSpace).toEqual([
      {
        ...{ family: 4, runs: '1', largestBlock: '10.0.0.0/8' },
        largestRun: { start: '10.0.0.0', end: '10.255.255.255', size: String(2 ** 24) },
        blocks: expect.arrayContaining([
          { prefixLength: 8, blocks: '1', fits: '1' },
          { prefixLength: 24, blocks: '0', fits: '65536' },
        ]),
      },
    ]);
    expect(body.freeSpace[0].blocks).toHaveLength(25);
  });

  it('counts both families of a pool, up to all of IPv6', async () => {
    const { id: pool } = await api.make('/pools', {});
    await api.make(`/pools/${pool}/subnets`, { start: '::', end: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff' });
    await api.make(`/pools/${pool}/subnets`, { start: '255.255.255.254', end: '255.255.255.255' });
    const { body } = await api.get(`/pools/${pool}/capacity`);
    expect(body).toMatchObject({ size: String(2n ** 128n + 2n), free: String(2n ** 128n + 2n), utilization: 0 });
    expect(body.freeSpace.map((one: { largestBlock: string }) => one.largestBlock)).toEqual([
      '255.255.255.254/31',
      '::/0',
    ]);
    expect(body.freeSpace[1].blocks.at(-1)).toEqual({ prefixLength: 128, blocks: '0', fits: String(2n ** 128n) });
  });

  it('is empty for what is empty, or full', async () => {
    const { id: pool } = await api.make('/pools', {});
    const nothing = { size: '0', held: '0', free: '0', resting: '0', excluded: '0', utilization: 0 };
    expect((await api.get(`/pools/${pool}/capacity`)).body).toMatchObject({ ...nothing, freeSpace: [] });
    const { id } = await api.make(`/pools/${pool}/subnets`, { start: '10.0.0.1', end: '10.0.0.1' });
    await api.make(`/subnets/${id}/reservations`, {});
    expect((await api.get(`/subnets/${id}/capacity`)).body).toMatchObject({
      ...{ size: '1', held: '1', free: '0', utilization: 1, freeSpace: [] },
      exhaustion: { days: 0, soonest: 0, latest: 0 },
    });
  });

  it('says so when free space is in more pieces than it looks at', async () => {
    const { subnet } = await api.subnet('10.0.0.0', '10.7.255.255');
    const [{ space_id: space }] = await api.sql('SELECT space_id FROM subnet WHERE id = $1', [subnet]);
    await api.sql('DELETE FROM free_interval WHERE space_id = $1', [space]);
    await api.sql(
      `INSERT INTO free_interval (space_id, first, last)
       SELECT $1, 167772160 + 2 * n, 167772160 + 2 * n FROM generate_series(0, 50000) AS n`,
      [space],
    );
    const { body } = await api.get(`/subnets/${subnet}/capacity`);
    expect(body).toMatchObject({ free: '50001', truncated: true, freeSpace: [{ runs: '50000' }] });
  });

  it('knows when it will be full from the samples of its past', async () => {
    const { pool, subnet } = await api.subnet('10.0.0.0', '10.0.3.255');
    await api.make(`/subnets/${subnet}/reservations`, { count: 24 });
    expect((await api.get(`/pools/${pool}/capacity`)).body).toMatchObject({
      rate: null,
      exhaustion: { days: null, soonest: null, latest: null, reason: 'history-too-short' },
    });
    // ten days of ten a day, up to what is held now; the first is older, and counts from its end
    await api.sql(
      `INSERT INTO capacity_sample (resource_id, at, held, free)
       SELECT $1, now() - make_interval(hours => 12 * n), 24 - n, 1000 FROM generate_series(0, 20) AS n`,
      [pool],
    );
    const { body } = await api.get(`/pools/${pool}/capacity`);
    expect(body.rate.perDay).toBeGreaterThan(1.8);
    expect(body.rate.perDay).toBeLessThan(2.2);
    const { days, soonest, latest } = body.exhaustion;
    expect(days).toBeCloseTo(1000 / body.rate.perDay, -1);
    expect(soonest).toBeLessThanOrEqual(days);
    expect(latest).toBeGreaterThanOrEqual(days);
    expect(Date.parse(body.measuredAt)).toBeGreaterThan(Date.now() - DAY_MS);
  });

  it('is 404 for what is not there', async () => {
    for (const path of ['/pools/6b024480686c824ea09e15b6/capacity', '/subnets/x/capacity']) {
      expect((await api.get(path)).body).toMatchObject({ code: 'not-found' });
    }
  });
});
