import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { storedAddress } from '../../src/ip/address.js';
import { expectSoundSpaces } from '../database/spaces.js';
import { Api, dump } from '../support/api.js';
import { eventually } from '../support/eventually.js';

const addressesOf = ({ leases }: { leases: { address: string }[] }): string[] => leases.map(({ address }) => address);
const numbersOf = (body: { leases: { address: string }[] }): bigint[] =>
  addressesOf(body).map((address) => storedAddress(address).value);
const inRow = (numbers: readonly bigint[]): boolean => numbers.every((one, n) => one === numbers[0]! + BigInt(n));

/** Two processes on one database. */
describe('asking for addresses', () => {
  let apis: [Api, Api];
  const api = (n = 0): Api => apis[n % 2]!;

  beforeAll(async () => {
    const first = await Api.start();
    apis = [first, await Api.start({ database: first.database, secret: first.secret })];
  });
  afterAll(async () => {
    await expectSoundSpaces(api().database);
    await apis[1].close();
    await apis[0].close();
  });

  /** A pool of these settings with one subnet; answers with the path of its reservations. */
  async function subnetOf(settings: Record<string, unknown>, start: string, end: string): Promise<string> {
    const pool = await api().make('/pools', settings);
    const subnet = await api().make(`/pools/${pool.id}/subnets`, { start, end });
    return `/subnets/${subnet.id}/reservations`;
  }
  const release = async (id: string, n = 0): Promise<void> =>
    expect((await api(n).delete(`/reservations/${id}`)).status).toBe(204);

  describe('blocks', () => {
    it('two processes racing for blocks and single addresses get each address once, and blocks in a row', async () => {
      const path = await subnetOf({}, '10.1.0.0', '10.1.1.255');
      const bodies = [{ count: 5, contiguous: true }, { prefixLength: 29 }, {}, { count: 3, align: 4 }];
      const answers = await Promise.all(
        Array.from({ length: 160 }, async (_, n) => ({
          kind: n % 4,
          answer: await api(n % 3).post(path, bodies[n % 4]),
        })),
      );
      const granted = answers.filter(({ answer }) => answer.status === 201);
      expect(answers.filter(({ answer }) => answer.status !== 201).every(({ answer }) => answer.status === 409)).toBe(
        true,
      );
      const all = granted.flatMap(({ answer }) => numbersOf(answer.body));
      expect(new Set(all).size).toBe(all.length);
      for (const { kind, answer } of granted) {
        const numbers = numbersOf(answer.body);
        expect(numbers).toHaveLength([5, 8, 1, 3][kind]!);
        expect(inRow(numbers)).toBe(true);
        if (kind === 1) expect(numbers[0]! % 8n).toBe(0n);
        if (kind === 3) expect(numbers[0]! % 4n).toBe(0n);
      }
      // 160 requests for 680 addresses of 512: what was refused really did not fit
      const taken = new Set(all);
      const first = storedAddress('10.1.0.0').value;
      const fits = Array.from({ length: 64 }, (_, n) => first + BigInt(n * 8)).filter((start) =>
        Array.from({ length: 8 }, (_, n) => start + BigInt(n)).every((one) => !taken.has(one)),
      );
      const more = await api().post(path, { prefixLength: 29 });
      expect(more.status).toBe(fits.length > 0 ? 201 : 409);
    });

    it('goes into the smallest hole, across chunks, and says what it could not find', async () => {
      const path = await subnetOf({}, '10.2.0.0', '10.2.0.255'); // chunks of 16
      await api().make(path, { addresses: ['10.2.0.20', '10.2.0.60', '10.2.0.255'] });
      // holes: 0-19, 21-59, 61-254
      expect(addressesOf(await api().make(path, { count: 39, contiguous: true })).at(0)).toBe('10.2.0.21');
      expect(addressesOf(await api().make(path, { count: 2, contiguous: true }))).toEqual(['10.2.0.0', '10.2.0.1']);
      expect(addressesOf(await api().make(path, { prefixLength: 26 })).at(0)).toBe('10.2.0.64');
      const refused = await api().post(path, { count: 200, contiguous: true });
      expect([refused.status, refused.body.code]).toEqual([409, 'subnet-exhausted']);
      expect(refused.body.detail).toMatch(/200 addresses in a row/);
      const pool = await api().make('/pools', {});
      await api().make(`/pools/${pool.id}/subnets`, { start: 'fd00::', end: 'fd00::ffff' });
      await api().make(`/pools/${pool.id}/subnets`, { start: '10.0.0.0', end: '10.0.0.63' });
      const v4 = await api().make(`/pools/${pool.id}/reservations`, { prefixLength: 28 });
      expect(addressesOf(v4).at(0)).toBe('10.0.0.0');
      const v6 = await api().make(`/pools/${pool.id}/reservations`, { prefixLength: 124 });
      expect(v6.leases).toHaveLength(16);
      expect(addressesOf(v6).at(0)).toBe('fd00::');
    });

    it.each([
      [{ count: 4, prefixLength: 28 }, 'count'],
      [{ prefixLength: 40 }, 'prefixLength'],
      [{ prefixLength: 128 }, 'prefixLength'], // of an IPv4 subnet
      [{ align: 3 }, 'align'],
      [{ align: 4, prefixLength: 30 }, 'align'],
      [{ contiguous: false, align: 4 }, 'contiguous'],
      [{ addresses: ['10.3.0.1'], contiguous: true }, 'contiguous'],
      [{ addresses: ['10.3.0.1'], prefixLength: 30 }, 'prefixLength'],
      [{ addresses: ['10.3.0.1'], count: 2 }, 'count'],
      [{ otherwise: 'next' }, 'otherwise'],
    ])('%j contradicts itself', async (body, field) => {
      const path = await subnetOf({}, '10.3.0.0', '10.3.0.9');
      const { status, body: problem } = await api().post(path, body);
      expect([status, problem.errors?.[0]?.field]).toEqual([422, field]);
    });
  });

  describe('this address, else the next', () => {
    it('takes those that are free and the next free ones for the others', async () => {
      const path = await subnetOf({}, '10.4.0.0', '10.4.0.9');
      await api().make(path, { addresses: ['10.4.0.5', '10.4.0.0'] });
      const wanted = { addresses: ['10.4.0.5', '10.4.0.8', '10.4.0.0'] };
      expect((await api().post(path, { ...wanted, otherwise: 'refuse' })).body.code).toBe('address-in-use');
      const got = await api().make(path, { ...wanted, otherwise: 'next' });
      expect(addressesOf(got)).toEqual(['10.4.0.1', '10.4.0.2', '10.4.0.8']);
      await api().make(path, { count: 4 }); // one is left
      const over = await api().post(path, { addresses: ['10.4.0.9', '10.4.0.8'], otherwise: 'next' });
      expect([over.status, over.body.code]).toEqual([409, 'subnet-exhausted']);
      expect(addressesOf(await api().make(path, { addresses: ['10.4.0.8'], otherwise: 'next' }))).toEqual(['10.4.0.9']);
    });

    it('many who want the same get one of it and others of the rest, by two processes', async () => {
      const path = await subnetOf({}, '10.4.1.0', '10.4.1.39');
      const answers = await Promise.all(
        Array.from({ length: 48 }, (_, n) => api(n).post(path, { addresses: ['10.4.1.30'], otherwise: 'next' })),
      );
      const granted = answers.filter(({ status }) => status === 201).flatMap(({ body }) => addressesOf(body));
      expect(granted).toHaveLength(40);
      expect(new Set(granted).size).toBe(40);
      expect(answers.filter(({ status }) => status !== 201).map(({ body }) => body.code)).toEqual(
        Array.from({ length: 8 }, () => 'subnet-exhausted'),
      );
    });
  });

  describe('dry run', () => {
    it('answers as the request would, and changes nothing', async () => {
      const path = await subnetOf({ quarantine: 3600 }, '10.5.0.0', '10.5.0.63');
      const { id } = await api().make(path, { count: 2 });
      await release(id as string);
      const before = await dump(api().database);
      const id2 = '6b024480686c824ea09e15b6';
      for (const body of [
        { id: id2, name: 'soon', count: 3, metadata: { a: 1 } },
        { prefixLength: 28 },
        { addresses: ['10.5.0.7'] },
        { addresses: ['10.5.0.0'], owner: 'root' }, // its own, resting
      ]) {
        const answer = await api().post(`${path}?dryRun=true`, body, { headers: { 'idempotency-key': 'look' } });
        expect([answer.status, answer.headers.get('location'), answer.headers.get('etag')]).toEqual([200, null, null]);
        expect(answer.body.leases.length).toBeGreaterThan(0);
        expect(await dump(api().database)).toEqual(before);
      }
      const { body: exhausted } = await api().post(`${path}?dryRun=true`, { count: 64 });
      expect(exhausted.code).toBe('subnet-exhausted');
      expect(await dump(api().database)).toEqual(before);
      const looked = (await api().post(`${path}?dryRun=true`, { id: id2, count: 3 })).body;
      const made = await api().make(`${path}?dryRun=false`, { id: id2, count: 3 });
      expect(addressesOf(made)).toEqual(addressesOf(looked));
      expect((await api().post(`${path}?dryRun=true`, { id: id2 })).body.code).toBe('duplicate-id');
    });
  });

  describe('policies', () => {
    it('random: unforeseeable, each once, by two processes, until nothing is left', async () => {
      const path = await subnetOf({ policy: 'random' }, '10.6.0.0', '10.6.0.127');
      const first = await api().make(path, { count: 8 });
      expect(inRow(numbersOf(first))).toBe(false); // one time in 10^12 it is
      const answers = await Promise.all(Array.from({ length: 150 }, (_, n) => api(n).post(path, {})));
      const granted = answers.filter(({ status }) => status === 201).flatMap(({ body }) => addressesOf(body));
      expect(new Set(granted).size).toBe(120);
      expect(granted).toHaveLength(120);
      expect(answers.filter(({ status }) => status === 409)).toHaveLength(30);
    });

    it('least recently released: never used ones first, then in the order of their release', async () => {
      const path = await subnetOf({ policy: 'least-recently-released' }, '10.7.0.0', '10.7.0.7');
      const ids = new Map<string, string>();
      for (let n = 0; n < 6; n++) {
        const made = await api(n).make(path, {});
        ids.set(addressesOf(made)[0]!, made.id as string);
      }
      expect([...ids.keys()]).toEqual([0, 1, 2, 3, 4, 5].map((n) => `10.7.0.${n}`));
      for (const n of [4, 1, 3]) await release(ids.get(`10.7.0.${n}`)!, n);
      const got: string[] = [];
      for (let n = 0; n < 5; n++) got.push(...addressesOf(await api(n).make(path, {})));
      expect(got).toEqual(['10.7.0.6', '10.7.0.7', '10.7.0.4', '10.7.0.1', '10.7.0.3']);
      expect((await api().post(path, {})).body.code).toBe('subnet-exhausted');
      for (const n of [5, 0, 2]) await release(ids.get(`10.7.0.${n}`)!, n);
      // One too many: what it had got goes back to where it was in the line.
      expect((await api().post(path, { count: 4 })).status).toBe(409);
      expect(addressesOf(await api().make(path, { count: 2 }))).toEqual(['10.7.0.0', '10.7.0.5']);
      expect(addressesOf(await api().make(path, {}))).toEqual(['10.7.0.2']);
    });

    it('least recently released, raced by two processes: each once and all of them', async () => {
      const path = await subnetOf({ policy: 'least-recently-released' }, '10.7.1.0', '10.7.1.31');
      await release((await api().make(path, { count: 32 })).id as string);
      const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => api(n).post(path, {})));
      const granted = answers.filter(({ status }) => status === 201).flatMap(({ body }) => addressesOf(body));
      expect([granted.length, new Set(granted).size]).toEqual([32, 32]);
    });

    it('is a pool field like others: shown, changed by PATCH, left alone by those who do not know it', async () => {
      const pool = await api().make('/pools', { policy: 'random', quarantine: 60, reuseEarly: true });
      expect(pool).toMatchObject({ policy: 'random', quarantine: 60, reuseEarly: true });
      const path = `/pools/${pool.id}`;
      expect((await api().put(path, { name: 'x' })).body).toMatchObject({ policy: 'random', quarantine: 60 });
      expect((await api().patch(path, { policy: 'first' })).body).toMatchObject({ policy: 'first', quarantine: 60 });
      expect((await api().make('/pools', {})).policy).toBe('first');
      for (const [field, value] of [
        ['policy', 'sparse'],
        ['quarantine', 31_536_001],
        ['quarantine', -1],
        ['reuseEarly', 'no'],
      ] as const) {
        const { status, body } = await api().patch(path, { [field]: value });
        expect([status, body.errors?.[0]?.field]).toEqual([422, field]);
      }
    });
  });

  describe('quarantine', () => {
    it('a released address is its last owner’s only, and others are told until when', async () => {
      const path = await subnetOf({ quarantine: 3600 }, '10.8.0.0', '10.8.0.3');
      const member = async (sub: string) => ({ token: await api().token({ sub, role: 'member' }) });
      const [ann, bob] = [await member('ann'), await member('bob')];
      const had = await api().make(path, { addresses: ['10.8.0.1'] }, ann);
      await release(had.id as string);
      const asked = await api(1).post(path, { addresses: ['10.8.0.1'] }, bob);
      expect([asked.status, asked.body.code]).toEqual([409, 'address-in-use']);
      expect(asked.body.detail).toMatch(/^10\.8\.0\.1 rests after its release until \d{4}-\d\d-\d\dT/);
      const other = await api().make(path, { addresses: ['10.8.0.1'], otherwise: 'next' }, bob);
      expect(addressesOf(other)).toEqual(['10.8.0.0']);
      // both in one batch, perhaps: it is Ann's
      const race = await Promise.all([
        api().post(path, { addresses: ['10.8.0.1'] }, bob),
        api().post(path, { addresses: ['10.8.0.1'] }, ann),
        api().post(path, { addresses: ['10.8.0.1'] }, bob),
      ]);
      expect(race.map(({ status }) => status)).toEqual([409, 201, 409]);
      await release(race[1].body.id as string);
      expect((await api().make(path, { count: 2 }, bob)).leases).toHaveLength(2);
      const nothing = await api().post(path, {}, ann);
      expect([nothing.status, nothing.body.code]).toEqual([409, 'subnet-exhausted']);
      expect(nothing.body.detail).toMatch(/One rests after a release, the first until \d{4}-/);
    });

    it('rests as long as it says, then anybody has it: by name, when nothing else is left, or swept', async () => {
      const path = await subnetOf({ quarantine: 3600 }, '10.8.1.0', '10.8.1.3');
      const made = await api().make(path, { count: 4 });
      await release(made.id as string);
      const end = (list: string[]): Promise<unknown> =>
        api().sql(`UPDATE quarantine SET until = now() - interval '1 second' WHERE position = ANY ($1::numeric[])`, [
          list.map((address) => String(storedAddress(address).value)),
        ]);
      const as = { owner: 'somebody' };
      expect((await api().post(path, as)).body.detail).toMatch(/4 rest after a release/);
      await end(['10.8.1.2']);
      expect(addressesOf(await api().make(path, { ...as, addresses: ['10.8.1.2'] }))).toEqual(['10.8.1.2']);
      await end(['10.8.1.1']);
      expect(addressesOf(await api().make(path, as))).toEqual(['10.8.1.1']);
      await end(['10.8.1.0', '10.8.1.3']);
      await eventually('the sweep', async () => {
        const [{ n }] = await api().sql(
          `SELECT count(*)::int AS n FROM quarantine WHERE position BETWEEN $1 AND $2`,
          ['10.8.1.0', '10.8.1.3'].map((address) => String(storedAddress(address).value)),
        );
        return n === 0;
      });
      expect(addressesOf(await api().make(path, { ...as, count: 2, contiguous: false }))).toEqual([
        '10.8.1.0',
        '10.8.1.3',
      ]);
    });

    it('gives what rests before its time, oldest first, if the pool allows it and nothing else is left', async () => {
      const path = await subnetOf({ quarantine: 3600, reuseEarly: true }, '10.8.2.0', '10.8.2.7');
      const ids: string[] = [];
      for (let n = 0; n < 4; n++) ids.push((await api().make(path, {})).id as string);
      for (const n of [2, 0, 3]) await release(ids[n]!);
      const as = { owner: 'somebody' };
      expect(addressesOf(await api().make(path, { ...as, count: 4 })).at(0)).toBe('10.8.2.4');
      expect(addressesOf(await api().make(path, as))).toEqual(['10.8.2.2']);
      // all or none: two rest, three are wanted, and the two go on resting
      expect((await api().post(path, { ...as, count: 3 })).status).toBe(409);
      const rests = await api().sql(
        `SELECT position FROM quarantine WHERE owner = 'root' AND position BETWEEN $1 AND $2`,
        [String(storedAddress('10.8.2.0').value), String(storedAddress('10.8.2.7').value)],
      );
      expect(rests).toHaveLength(2);
      expect(addressesOf(await api().make(path, { ...as, count: 2 }))).toEqual(['10.8.2.0', '10.8.2.3']);
    });

    it('a subnet shrinks over resting addresses, and takes them along when it goes', async () => {
      const pool = await api().make('/pools', { quarantine: 3600 });
      const subnet = await api().make(`/pools/${pool.id}/subnets`, { start: '10.8.3.0', end: '10.8.3.31' });
      const path = `/subnets/${subnet.id}/reservations`;
      await release((await api().make(path, { count: 32 })).id as string);
      const shrunk = await api().patch(`/subnets/${subnet.id}`, { end: '10.8.3.15' });
      expect(shrunk.status).toBe(200);
      expect((await api().post(path, { owner: 'somebody' })).body.detail).toMatch(/16 rest after a release/);
      expect((await api().delete(`/pools/${pool.id}`)).status).toBe(204);
      const left = await api().sql('SELECT 1 FROM quarantine WHERE position BETWEEN $1 AND $2', [
        String(storedAddress('10.8.3.0').value),
        String(storedAddress('10.8.3.31').value),
      ]);
      expect(left).toEqual([]);
    });

    it('follows the wait for a gateway that may still forward to the address', async () => {
      const { gateway, pool } = await api().gateway();
      await api().patch(`/pools/${pool}`, { quarantine: 3600 });
      const agent = { token: await api().token({ sub: 'agent', role: 'gateway', gateway }) };
      const report = async (gone: string[]): Promise<void> => {
        const { generation } = (await api().get(`/gateways/${gateway}/desired-state`, agent)).body;
        const answer = await api().put(
          `/gateways/${gateway}/status`,
          { generation, mode: 'apply', maps: [], gone },
          agent,
        );
        expect([answer.status, answer.text]).toEqual([204, '']);
      };
      await report([]); // it has spoken: rules may be in its kernel
      const component = await api().make('/components', {
        ...{ name: 'goes', kind: 'x', gateway, owner: 'eve' },
        ports: [{ targetPort: 22 }],
      });
      const { id } = component.portMaps[0];
      expect((await api().delete(`/components/${component.id}`)).status).toBe(204);
      const resting = (): Promise<unknown[]> => api().sql(`SELECT owner FROM quarantine WHERE owner = 'eve'`);
      expect(await resting()).toEqual([]);
      expect(await api().sql('SELECT owner FROM resting_address')).toEqual([{ owner: 'eve' }]);
      await report([id as string]);
      expect(await resting()).toEqual([{ owner: 'eve' }]);
      expect(await api().sql('SELECT owner FROM resting_address')).toEqual([]);
    });
  });
});
