import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Api, dump, type Answer } from '../support/api.js';

interface Result {
  status: number;
  location?: string;
  reservation?: { id: string; subnet: string; owner: string; leases: { address: string }[] };
  problem?: { code: string; status: number; detail: string; errors: { field: string }[] };
}

const resultsOf = ({ status, body, text }: Answer): Result[] => {
  if (status !== 200) throw new Error(`bulk answered ${status}: ${text}`);
  return (body as { results: Result[] }).results;
};
const statuses = (answer: Answer): number[] => resultsOf(answer).map(({ status }) => status);
const codes = (answer: Answer): (string | number)[] =>
  resultsOf(answer).map(({ status, problem }) => problem?.code ?? status);
const addresses = (answer: Answer): string[] =>
  resultsOf(answer).flatMap(({ reservation }) => reservation?.leases.map(({ address }) => address) ?? []);

describe('POST /reservations/bulk', () => {
  let api: Api;
  let other: Api;

  beforeAll(async () => {
    api = await Api.start();
    other = await Api.start({ database: api.database, secret: api.secret });
  });
  afterAll(async () => {
    await other.close();
    await api.close();
  });

  const bulk = (body: object, options?: object, at = api): Promise<Answer> =>
    at.post('/reservations/bulk', body, options);
  const nothing = '6b024480686c824ea09e15b6';
  const mine = '6b024480686c824ea09e15b7';

  it('makes and releases, item by item in order, as single requests would', async () => {
    const { pool, subnet } = await api.subnet('10.1.0.1', '10.1.0.20');
    const made = await bulk({
      create: [
        { subnet, name: 'one', metadata: { big: 1 }, ttl: 600 },
        { pool, count: 3, owner: 'ann' },
        { subnet, addresses: ['10.1.0.20'] },
        { pool, prefixLength: 30 },
      ],
    });
    expect(statuses(made)).toEqual([201, 201, 201, 201]);
    const [one, three, given, block] = resultsOf(made);
    expect(one).toMatchObject({
      location: `/reservations/${one?.reservation?.id ?? ''}`,
      reservation: { name: 'one', metadata: { big: 1 }, ttl: 600, subnet, pool },
    });
    expect(three?.reservation).toMatchObject({ owner: 'ann', leases: [{}, {}, {}] });
    expect(given?.reservation?.leases[0]?.address).toBe('10.1.0.20');
    expect(block?.reservation?.leases).toHaveLength(4);
    expect(new Set(addresses(made)).size).toBe(9);
    expect((await api.get(one?.location ?? '')).body).toEqual(one?.reservation);

    const ids = resultsOf(made).map(({ reservation }) => reservation?.id ?? '');
    const gone = await bulk({
      create: [{ subnet, id: mine }],
      release: [{ id: ids[0], reason: 'moved', ifMatch: '"1"' }, ids[1], ids[1], { id: ids[2], ifMatch: '"9"' }],
    });
    expect(codes(gone)).toEqual([204, 204, 'not-found', 'precondition-failed', 201]);
    expect(resultsOf(gone)[3]?.problem?.errors[0]?.field).toBe('release.3');
    expect((await api.get(`/reservations/${mine}`)).body.leases[0].address).toBe('10.1.0.1');
    const told = await api.sql(`SELECT data::text AS text FROM outbox WHERE data::text LIKE '%moved%'`);
    expect(told).toHaveLength(2); // the lease's and the reservation's
    expect(statuses(await bulk({}))).toEqual([]);
  });

  it('gives what it releases: a full subnet and a used up quota are swapped in one request', async () => {
    const { pool, subnet } = await api.subnet('10.2.0.1', '10.2.0.8');
    await api.put('/quotas/swap', { addresses: 8 });
    const create = [{ subnet, count: 4, owner: 'swap' }, ...Array.from({ length: 4 }, () => ({ pool, owner: 'swap' }))];
    const full = await bulk({ create });
    expect(statuses(full)).toEqual([201, 201, 201, 201, 201]);
    expect(codes(await bulk({ create: [{ subnet }, { subnet, owner: 'swap' }] }))).toEqual([
      'subnet-exhausted',
      'quota-exceeded',
    ]);
    const release = resultsOf(full).map(({ reservation }) => reservation?.id ?? '');
    const id = release[0] ?? '';
    const again = [{ subnet, addresses: ['10.2.0.3', '10.2.0.8'], owner: 'swap', id }, ...create.slice(0, 3)];
    const swapped = await bulk({ release, create: again, atomic: true });
    expect(statuses(swapped)).toEqual([204, 204, 204, 204, 204, 201, 201, 201, 201]);
    expect(addresses(swapped).sort()).toEqual(addresses(full).sort());
    expect((await api.get(`/reservations/${id}`)).body.leases).toHaveLength(2);
  });

  it('counts a quota over the whole batch, and refuses nobody for what nobody has', async () => {
    const { subnet } = await api.subnet('10.3.0.1', '10.3.0.5');
    await api.put('/quotas/team', { addresses: 6 });
    const team = { subnet, owner: 'team' };
    const answer = await bulk({ create: [{ ...team, count: 6 }, ...Array.from({ length: 4 }, () => team)] });
    expect(codes(answer)).toEqual(['subnet-exhausted', 201, 201, 201, 201]);
    const more = await api.subnet('10.3.1.1', '10.3.1.9');
    const crowd = await bulk({ create: Array.from({ length: 4 }, () => ({ subnet: more.subnet, owner: 'team' })) });
    expect(codes(crowd)).toEqual([201, 201, 'quota-exceeded', 'quota-exceeded']);
  });

  it('has a problem for each item, which names it; what is no request is refused whole', async () => {
    const { subnet } = await api.subnet('10.4.0.1', '10.4.0.9');
    const theirs = await api.make(`/subnets/${subnet}/reservations`, { owner: 'bob' });
    const token = await api.token({ sub: 'ann', role: 'member' });
    const items = {
      release: [theirs.id as string, 'nonsense'],
      create: [
        { subnet, owner: 'bob' },
        { subnet: nothing },
        { pool: nothing },
        { subnet, addresses: [theirs.leases[0].address as string] },
        { subnet, addresses: ['10.9.9.9'] },
        { subnet, count: 2, addresses: ['10.4.0.9'] },
        { subnet, id: theirs.id as string },
        { subnet },
      ],
    };
    const answer = await bulk(items, { token });
    expect(codes(answer)).toEqual([
      ...['forbidden', 'not-found', 'forbidden', 'not-found', 'not-found', 'address-in-use'],
      ...['invalid-field', 'invalid-field', 'duplicate-id', 201],
    ]);
    expect(resultsOf(answer)[6]?.problem?.errors[0]?.field).toBe('create.4.addresses');
    expect(resultsOf(answer)[9]?.reservation?.owner).toBe('ann');

    const before = await dump(api.database);
    const whole: [object, string][] = [
      [{ create: [{ subnet }, {}] }, 'create.1.subnet'],
      [{ create: [{ subnet, pool: nothing }] }, 'create.0.subnet'],
      [{ create: [{ subnet, count: 0 }] }, 'create.0.count'],
      [{ create: [{ subnet, zebra: 1 }] }, 'create.0.zebra'],
      [{ release: [{ reason: 'x' }] }, 'release.0.id'],
      [{ release: [7] }, 'release'],
      [{ release: Array(500).fill(nothing), create: Array(501).fill({ subnet }) }, 'create'],
      [{ create: Array(5).fill({ subnet, count: 4096 }) }, 'create'],
    ];
    for (const [body, field] of whole) {
      const refused = await bulk(body);
      expect([refused.status, refused.body.errors[0].field]).toEqual([422, field]);
    }
    expect(await dump(api.database)).toEqual(before);
  });

  it('atomic: the first that fails is the answer, and nothing is written', async () => {
    const { subnet } = await api.subnet('10.5.0.1', '10.5.0.4');
    const held = await api.make(`/subnets/${subnet}/reservations`, {});
    const before = await dump(api.database);
    const fails: [object, number, string, string][] = [
      [{ release: [held.id], create: [{ subnet, count: 4 }, { subnet }] }, 409, 'subnet-exhausted', 'create.1'],
      [{ release: [held.id, nothing], create: [{ subnet: nothing }] }, 404, 'not-found', 'release.1'],
      [{ release: [{ id: held.id as string, ifMatch: '"7"' }] }, 412, 'precondition-failed', 'release.0'],
      [{ create: [{ subnet }, { subnet, addresses: ['::1'] }] }, 422, 'invalid-field', 'create.1.addresses'],
    ];
    for (const [body, status, code, field] of fails) {
      const answer = await bulk({ ...body, atomic: true }, { headers: { 'idempotency-key': randomUUID() } });
      expect([answer.status, answer.body.code, answer.body.errors[0].field]).toEqual([status, code, field]);
    }
    expect(await dump(api.database)).toEqual(before);
  });

  it('is done once for one Idempotency-Key', async () => {
    const { pool } = await api.subnet('10.6.0.1', '10.6.0.99');
    const options = { headers: { 'idempotency-key': randomUUID() } };
    const body = { create: [{ pool }, { pool }, { pool: nothing }] };
    const [first, second] = [await bulk(body, options), await bulk(body, options, other)];
    expect(statuses(first)).toEqual([201, 201, 404]);
    expect(second.text).toBe(first.text);
    expect((await bulk({ create: [{ pool }] }, options)).body.code).toBe('idempotency-key-reused');
  });

  it('500 at a time over many subnets and pools, racing with single ones in two processes: all distinct', async () => {
    const { pool, subnet } = await api.subnet('10.7.0.1', '10.7.3.254');
    const second = await api.subnet('10.7.0.1', '10.7.3.254');
    const third = await api.make(`/pools/${second.pool}/subnets`, { start: '10.8.0.1', end: '10.8.3.254' });
    const targets = [{ pool }, { subnet }, { pool: second.pool }, { subnet: third.id as string }];
    const create = Array.from({ length: 500 }, (_, n) => targets[n % 4] ?? { pool });
    const held = resultsOf(await bulk({ create: create.slice(0, 100) })).map(
      ({ reservation }) => reservation?.id ?? '',
    );
    const [batches, singles] = await Promise.all([
      Promise.all([
        bulk({ create }),
        bulk({ release: held, create: [...create].reverse() }, {}, other),
        bulk({ create: create.slice(0, 200), atomic: true }, {}, other),
      ]),
      Promise.all(
        Array.from({ length: 60 }, (_, n) =>
          (n % 2 === 0 ? api : other).post(
            n % 3 === 0 ? `/pools/${second.pool}/reservations` : `/subnets/${subnet}/reservations`,
            {},
          ),
        ),
      ),
    ]);
    expect(new Set(batches.flatMap(statuses))).toEqual(new Set([201, 204]));
    expect(new Set(singles.map(({ status }) => status))).toEqual(new Set([201]));
    const places = [
      ...batches.flatMap(resultsOf).flatMap(({ reservation }) => reservation ?? []),
      ...singles.map(({ body }) => body as NonNullable<Result['reservation']>),
    ].map(({ subnet: place, leases }) => `${place} ${leases[0]?.address ?? ''}`);
    expect(places).toHaveLength(500 + 500 + 200 + 60);
    expect(new Set(places).size).toBe(places.length);
    const [{ n }] = await api.sql('SELECT count(*)::int AS n FROM lease l WHERE subnet_id = ANY($1)', [
      [subnet, second.subnet, third.id],
    ]);
    expect(n).toBe(places.length);
  });
});
