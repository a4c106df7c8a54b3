import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { formatAddress, storedAddress } from '../../src/ip/address.js';
import pg from 'pg';
import type { DesiredState } from '../../src/contract/desired-state.js';
import { Api, type Answer } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { expectSoundSpaces } from './spaces.js';

/** Runs the work `times` times with `clients` of them at once; answers in the order of the starts. */
async function concurrently<T>(clients: number, times: number, work: (n: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (next < times) {
        const n = next++;
        results[n] = await work(n);
      }
    }),
  );
  return results;
}

const count = (answers: readonly Answer[], status: number): number =>
  answers.filter((answer) => answer.status === status).length;

const ipv4 = (n: number): string => formatAddress({ family: 4, value: 0x0a000000n + BigInt(n) });

/** Two processes on one database; every claim below goes to one or the other in turn. */
describe('allocation by two processes', () => {
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

  const checkSpaces = (): Promise<void> => expectSoundSpaces(api().database);

  it('64 clients take a range of 254 addresses: each once, then only subnet-exhausted', async () => {
    const { subnet } = await api().subnet('10.1.0.1', '10.1.0.254');
    const answers = await concurrently(64, 320, (n) => api(n).post(`/subnets/${subnet}/reservations`, {}));
    const addresses = answers
      .filter(({ status }) => status === 201)
      .map(({ body }) => body.leases[0].address as string);
    expect(addresses).toHaveLength(254);
    expect(new Set(addresses).size).toBe(254);
    expect(addresses.every((address) => /^10\.1\.0\.([1-9]|[1-9]\d|1\d\d|2[0-4]\d|25[0-4])$/.test(address))).toBe(true);
    const others = answers.filter(({ status }) => status !== 201);
    expect(others.every(({ status, body }) => status === 409 && body.code === 'subnet-exhausted')).toBe(true);
    await checkSpaces();
  });

  it('64 clients take the 101 ports of a gateway: each once, then only ports-exhausted; udp is another space', async () => {
    const { gateway } = await api().gateway();
    const post = (n: number, protocol: string): Promise<Answer> =>
      api(n).post('/port-maps', { gateway, protocol, address: '10.30.0.1', targetPort: 22 });
    const answers = await concurrently(64, 160, (n) => post(n, 'tcp'));
    const ports = answers.filter(({ status }) => status === 201).map(({ body }) => body.connectionPort as number);
    expect(ports.sort((a, b) => a - b)).toEqual(Array.from({ length: 101 }, (_, n) => 50_000 + n));
    expect(answers.filter(({ status }) => status === 409).every(({ body }) => body.code === 'ports-exhausted')).toBe(
      true,
    );
    expect(count(answers, 409)).toBe(59);
    expect((await post(0, 'udp')).body.connectionPort).toBe(50_000);
    await checkSpaces();
  });

  it('claims and releases by both for a while leave nothing held twice and nothing lost', async () => {
    const { subnet, pool } = await api().subnet('10.2.0.0', '10.2.0.63');
    const end = Date.now() + 3_000;
    const statuses = new Map<number, number>();
    const note = ({ status }: Answer): void => void statuses.set(status, (statuses.get(status) ?? 0) + 1);
    await Promise.all(
      Array.from({ length: 24 }, async (_, n) => {
        const mine: string[] = [];
        while (Date.now() < end) {
          if (mine.length < 6 && Math.random() < 0.6) {
            const target = n % 3 === 0 ? `/pools/${pool}` : `/subnets/${subnet}`;
            const body =
              n % 4 === 0 ? { addresses: [`10.2.0.${Math.floor(Math.random() * 64)}`] } : { count: 1 + (n % 3) };
            const answer = await api(n).post(`${target}/reservations`, body);
            note(answer);
            if (answer.status === 201) mine.push(answer.body.id as string);
          } else if (mine.length > 0) {
            const [id] = mine.splice(Math.floor(Math.random() * mine.length), 1);
            note(await api(n + 1).delete(`/reservations/${id}`));
          }
        }
      }),
    );
    expect([...statuses.keys()].sort()).toEqual([201, 204, 409]);
    await checkSpaces();
    for (const { id } of (await api().get(`/subnets/${subnet}/reservations?limit=1000`)).body.reservations as {
      id: string;
    }[]) {
      expect((await api().delete(`/reservations/${id}`)).status).toBe(204);
    }
    const rows = await api().sql(
      `SELECT f.first, f.last FROM free_interval f JOIN subnet s USING (space_id) WHERE s.id = $1 ORDER BY f.last`,
      [subnet],
    );
    const chunks = await api().sql(
      `SELECT c.first, c.last FROM space_chunk c JOIN subnet s USING (space_id) WHERE s.id = $1 ORDER BY c.last`,
      [subnet],
    );
    expect(rows).toEqual(chunks); // as on the first day: one interval a chunk
  });

  it('n addresses are had all at once or not at all', async () => {
    const { subnet } = await api().subnet('10.3.0.0', '10.3.0.99');
    const answers = await concurrently(20, 20, (n) => api(n).post(`/subnets/${subnet}/reservations`, { count: 15 }));
    const granted = answers.filter(({ status }) => status === 201);
    expect(granted).toHaveLength(6);
    expect(granted.every(({ body }) => body.leases.length === 15)).toBe(true);
    expect(
      new Set(granted.flatMap(({ body }) => body.leases.map((lease: { address: string }) => lease.address))).size,
    ).toBe(90);
    expect((await api().get('/leases?address=10.3.0.99')).body.leases).toEqual([]);
    expect((await api().post(`/subnets/${subnet}/reservations`, { count: 11 })).body.code).toBe('subnet-exhausted');
    expect((await api().post(`/subnets/${subnet}/reservations`, { count: 10 })).status).toBe(201);
    await checkSpaces();
  });

  it('an address asked for by name is had once, all of a list or none', async () => {
    const { subnet } = await api().subnet('10.4.0.0', '10.4.0.255');
    const path = `/subnets/${subnet}/reservations`;
    const same = await concurrently(16, 16, (n) => api(n).post(path, { addresses: ['10.4.0.77'] }));
    expect(count(same, 201)).toBe(1);
    expect(same.filter(({ status }) => status !== 201).every(({ body }) => body.code === 'address-in-use')).toBe(true);
    expect((await api().post(path, { addresses: ['10.4.0.76', '10.4.0.77', '10.4.0.78'] })).body.code).toBe(
      'address-in-use',
    );
    const pair = await api().post(path, { addresses: ['10.4.0.255', '10.4.0.0'] });
    expect(pair.body.leases.map((lease: { address: string }) => lease.address).sort()).toEqual([
      '10.4.0.0',
      '10.4.0.255',
    ]);
    const outside = await api().post(path, { addresses: ['10.4.1.0'] });
    expect([outside.status, outside.body.errors[0].field]).toEqual([422, 'addresses']);
    await checkSpaces();
  });

  it('the lowest free address comes first, also after a release', async () => {
    const { subnet } = await api().subnet('10.5.0.0', '10.5.3.255');
    const path = `/subnets/${subnet}/reservations`;
    const ids: string[] = [];
    for (let n = 0; n < 70; n++) {
      const { body } = await api(n).post(path, {});
      expect(body.leases[0].address).toBe(`10.5.0.${n}`);
      ids.push(body.id as string);
    }
    for (const n of [66, 3, 64]) expect((await api().delete(`/reservations/${ids[n]}`)).status).toBe(204);
    for (const n of [3, 64, 66, 70]) expect((await api(n).post(path, {})).body.leases[0].address).toBe(`10.5.0.${n}`);
  });

  it('a pool gives from its subnets in their order, and is exhausted when all of them are', async () => {
    const { pool } = await api().subnet('10.6.0.0', '10.6.0.9');
    await api().make(`/pools/${pool}/subnets`, { start: '10.5.255.0', end: '10.5.255.9' });
    await api().make(`/pools/${pool}/subnets`, { start: 'fd00::', end: 'fd00::9' });
    const answers = await concurrently(16, 40, (n) => api(n).post(`/pools/${pool}/reservations`, {}));
    const addresses = answers
      .filter(({ status }) => status === 201)
      .map(({ body }) => body.leases[0].address as string);
    expect(new Set(addresses).size).toBe(30);
    expect(answers.filter(({ status }) => status !== 201).every(({ body }) => body.code === 'pool-exhausted')).toBe(
      true,
    );
    // ten at once come of one subnet, and nothing is left
    expect((await api().post(`/pools/${pool}/reservations`, { count: 2 })).body.code).toBe('pool-exhausted');
    await checkSpaces();
  });

  it('a pool finds the second subnet for what the first has too little for', async () => {
    const { pool } = await api().subnet('10.6.1.0', '10.6.1.3');
    await api().make(`/pools/${pool}/subnets`, { start: '10.6.2.0', end: '10.6.2.9' });
    const big = await api().make(`/pools/${pool}/reservations`, { count: 8 });
    expect(big.leases[0].address).toBe('10.6.2.0');
    const named = await api().make(`/pools/${pool}/reservations`, { addresses: ['10.6.2.9', '10.6.2.8'] });
    expect(named.leases).toHaveLength(2);
    const small = await api().make(`/pools/${pool}/reservations`, { count: 4 });
    expect(small.leases.map((lease: { address: string }) => lease.address)).toEqual([
      '10.6.1.0',
      '10.6.1.1',
      '10.6.1.2',
      '10.6.1.3',
    ]);
    await checkSpaces();
  });

  it('both ends of both families can be had', async () => {
    for (const [start, end] of [
      ['0.0.0.0', '0.0.0.1'],
      ['255.255.255.254', '255.255.255.255'],
      ['::', '::1'],
      ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
      ['::fffe:ffff:ffff', '::1:0:0:0'],
    ] as const) {
      const { subnet } = await api().subnet(start, end);
      const { id, leases } = await api().make(`/subnets/${subnet}/reservations`, { count: 2 });
      const got = leases.map((lease: { address: string }) => storedAddress(lease.address).value);
      expect(got).toEqual([storedAddress(start).value, storedAddress(start).value + 1n]);
      const stored = (await api().get(`/reservations/${id}/leases`)).body.leases;
      expect(stored.map((lease: { address: string }) => lease.address).sort()).toEqual(
        leases.map((lease: { address: string }) => lease.address).sort(),
      );
      expect((await api().delete(`/reservations/${id}`)).status).toBe(204);
      expect((await api().make(`/subnets/${subnet}/reservations`, { count: 2 })).leases).toHaveLength(2);
    }
    await checkSpaces();
  });

  it('a /0, a /8 and an IPv6 /64 are subnets as quick as a /24', async () => {
    for (const [start, end] of [
      ['0.0.0.0', '255.255.255.255'],
      ['10.0.0.0', '10.255.255.255'],
      ['2001:db8::', '2001:db8::ffff:ffff:ffff:ffff'],
      ['::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ] as const) {
      const { subnet } = await api().subnet(start, end);
      const [rows] = await api().sql(
        'SELECT count(*)::int AS n FROM free_interval f JOIN subnet s USING (space_id) WHERE s.id = $1',
        [subnet],
      );
      expect(rows.n).toBeLessThanOrEqual(16);
      const { leases } = await api().make(`/subnets/${subnet}/reservations`, {});
      expect(leases[0].address).toBe(start);
      const last = await api().make(`/subnets/${subnet}/reservations`, { addresses: [end] });
      expect(last.leases[0].address).toBe(end);
    }
    await checkSpaces();
  });

  it('a batch is not spoilt by one of its requests', async () => {
    const { subnet } = await api().subnet('10.7.0.0', '10.7.0.255');
    const path = `/subnets/${subnet}/reservations`;
    const id = '6b024480686c824ea09e15b6';
    await api().make(path, { id });
    const answers = await concurrently(40, 120, (n) => {
      if (n % 4 === 1) return api(n).post(path, { id });
      if (n % 4 === 2) return api(n).post(path, { addresses: ['10.8.0.0'] });
      if (n % 4 === 3) return api(n).post(path, { count: 4000 });
      return api(n).post(path, {});
    });
    const codes = answers.map(({ body }) => (body.code as string | undefined) ?? 'granted');
    for (const [n, code] of codes.entries()) {
      expect(code).toBe(['granted', 'duplicate-id', 'invalid-field', 'subnet-exhausted'][n % 4]);
    }
    await checkSpaces();
  });

  it('a client-chosen id is given to one of those who ask for it at once', async () => {
    const { subnet } = await api().subnet('10.7.1.0', '10.7.1.255');
    const id = '0192f0c1-7a3e-7c11-9d0a-3b5f6c7d8e9f';
    const answers = await concurrently(16, 16, (n) => api(n).post(`/subnets/${subnet}/reservations`, { id }));
    expect(count(answers, 201)).toBe(1);
    expect(answers.filter(({ status }) => status !== 201).every(({ body }) => body.code === 'duplicate-id')).toBe(true);
    await checkSpaces();
  });

  it('a component whose ports run out gives its address back', async () => {
    const { gateway, subnet } = await api().gateway({ ports: { tcp: { first: 60_000, last: 60_009 } } });
    const ports = [{ targetPort: 22 }, { targetPort: 443 }, { targetPort: 3389 }];
    const answers = await concurrently(12, 12, (n) =>
      api(n).post('/components', { name: `c${n}`, kind: 'x', gateway, ports }),
    );
    expect(count(answers, 201)).toBe(3);
    expect(answers.filter(({ status }) => status !== 201).every(({ body }) => body.code === 'ports-exhausted')).toBe(
      true,
    );
    expect((await api().get(`/subnets/${subnet}/reservations`)).body.reservations).toHaveLength(3);
    const refused = answers.findIndex(({ status }) => status !== 201);
    expect((await api().get(`/components/c${refused}`)).status).toBe(404);
    await checkSpaces();
  });

  it('the same component asked for by 32 clients at once is one claim with one answer', async () => {
    const { gateway, subnet } = await api().gateway();
    const body = { name: 'one', kind: 'centos', gateway, metadata: { b: 1, a: 2 } };
    const answers = await concurrently(32, 32, (n) => api(n).post('/components', body));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect((await api().get(`/subnets/${subnet}/reservations`)).body.reservations).toHaveLength(1);
    const other = await api().post('/components', { ...body, metadata: { a: 2, b: 1 } });
    expect([other.status, other.body.code]).toEqual([409, 'component-exists']);
    await checkSpaces();
  });

  it('different components of one name asked for at once: one is made, the others are refused', async () => {
    const { gateway } = await api().gateway();
    const answers = await concurrently(24, 24, (n) =>
      api(n).post('/components', { name: 'contested', kind: 'x', gateway, ports: [{ targetPort: 1000 + n }] }),
    );
    expect(count(answers, 201)).toBe(1);
    expect(answers.filter(({ status }) => status !== 201).every(({ body }) => body.code === 'component-exists')).toBe(
      true,
    );
    await checkSpaces();
  });

  it('components that ask for the same connection port do not share it', async () => {
    const { gateway } = await api().gateway();
    const answers = await concurrently(16, 16, (n) =>
      api(n).post('/components', {
        name: `p${n}`,
        kind: 'x',
        gateway,
        ports: [{ targetPort: 22, connectionPort: 50_050 }],
      }),
    );
    expect(count(answers, 201)).toBe(1);
    expect(answers.filter(({ status }) => status !== 201).every(({ body }) => body.code === 'port-in-use')).toBe(true);
    await checkSpaces();
  });

  it('a component with several addresses has every port for each of them', async () => {
    const { gateway } = await api().gateway();
    const component = await api().make('/components', { name: 'many', kind: 'ecs', gateway, count: 5 });
    expect(component.leases).toHaveLength(5);
    expect(component.portMaps).toHaveLength(10);
    for (const { address } of component.leases as { address: string }[]) {
      const maps = (component.portMaps as { address: string; targetPort: number }[]).filter(
        (map) => map.address === address,
      );
      expect(maps.map(({ targetPort }) => targetPort).sort((a, b) => a - b)).toEqual([22, 443]);
    }
    await checkSpaces();
  });

  it('overlapping subnets of one pool made at once: one is made; other pools do not care', async () => {
    const { id: pool } = await api().make('/pools', {});
    const answers = await concurrently(16, 16, (n) =>
      api(n).post(`/pools/${pool}/subnets`, { start: ipv4(n), end: ipv4(n + 100) }),
    );
    expect(count(answers, 201)).toBe(1);
    expect(answers.filter(({ status }) => status !== 201).every(({ body }) => body.code === 'range-overlap')).toBe(
      true,
    );
    const { id: other } = await api().make('/pools', {});
    await api().make(`/pools/${other}/subnets`, { start: ipv4(0), end: ipv4(100) });
  });

  it('a range that shrinks and grows under load never loses or doubles an address', async () => {
    const { subnet } = await api().subnet('10.9.0.0', '10.9.0.255');
    const end = Date.now() + 2_000;
    const seen = new Set<number>();
    await Promise.all([
      ...Array.from({ length: 8 }, async (_, n) => {
        while (Date.now() < end) {
          const answer = await api(n).post(`/subnets/${subnet}/reservations`, { count: 3 });
          seen.add(answer.status);
          if (answer.status === 201) seen.add((await api(n + 1).delete(`/reservations/${answer.body.id}`)).status);
        }
      }),
      (async () => {
        for (let n = 0; Date.now() < end; n++) {
          const range =
            n % 2 === 0 ? { start: '10.9.0.100', end: '10.9.0.199' } : { start: '10.9.0.0', end: '10.9.1.255' };
          seen.add((await api(n).patch(`/subnets/${subnet}`, range)).status);
        }
      })(),
    ]);
    expect([...seen].filter((status) => ![200, 201, 204, 409].includes(status))).toEqual([]);
    const stray = await api().sql(`
      SELECT 1 FROM lease l JOIN subnet s ON s.id = l.subnet_id WHERE l.address < s.first OR l.address > s.last`);
    expect(stray).toEqual([]);
    await checkSpaces();
  });

  it('pools deleted under load take everything with them', async () => {
    const { pool, subnet } = await api().subnet('10.10.0.0', '10.10.3.255');
    const path = `/subnets/${subnet}/reservations`;
    let granted = 0;
    const load = Promise.all(
      Array.from({ length: 12 }, async (_, n) => {
        const answers = new Set<string>();
        for (;;) {
          const { status, body } = await api(n).post(path, { count: 2 });
          answers.add(status === 201 ? 'granted' : (body.code as string));
          if (status !== 201) return answers;
          granted++;
          if (n % 2 === 0) answers.add(String((await api(n).delete(`/reservations/${body.id}`)).status));
        }
      }),
    );
    await eventually('load on both', () => granted > 48);
    expect((await api(1).delete(`/pools/${pool}`)).status).toBe(204);
    const seen = new Set((await load).flatMap((answers) => [...answers]));
    // A claim that was waiting for the subnet while it was deleted finds nothing free in it.
    const possible = ['granted', '204', '404', 'not-found', 'subnet-exhausted'];
    expect([...seen].filter((answer) => !possible.includes(answer))).toEqual([]);
    expect((await api().post(path, {})).body.code).toBe('not-found');
    expect(await api().sql('SELECT 1 FROM reservation WHERE subnet_id = $1', [subnet])).toEqual([]);
    await checkSpaces();
    // every reservation and lease that was made has its end in the events, once
    const unended = await api().sql(
      `
      SELECT subject FROM outbox WHERE type IN ('ipam.lease.created', 'ipam.lease.deleted') AND data->>'subnet' = $1
      GROUP BY subject HAVING count(*) <> 2`,
      [subnet],
    );
    expect(unended).toEqual([]);
  });

  it('a subnet that is being made while its pool is deleted goes too, and is told', async () => {
    const { id: pool } = await api().make('/pools', {});
    const id = '507f1f77bcf86cd799439012';
    const maker = new pg.Client(api().database);
    await maker.connect();
    await maker.query('BEGIN');
    await maker.query('SELECT 1 FROM pool WHERE id = $1 FOR KEY SHARE', [pool]);
    const deleted = api().delete(`/pools/${pool}`);
    await eventually('the deletion to wait', async () => {
      const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      return (await api().sql(waiting)).length > 0;
    });
    await maker.query(
      `WITH s AS (INSERT INTO space DEFAULT VALUES RETURNING id), added AS (SELECT space_add(id, 1, 9), id FROM s)
       INSERT INTO subnet (id, pool_id, space_id, first, last) SELECT $1, $2, id, '0.0.0.1', '0.0.0.9' FROM added`,
      [id, pool],
    );
    await maker.query('COMMIT');
    await maker.end();
    expect((await deleted).status).toBe(204);
    expect(await api().sql('SELECT type FROM outbox WHERE subject = $1', [`subnets/${id}`])).toEqual([
      { type: 'ipam.subnet.deleted' },
    ]);
    expect(await api().sql('SELECT 1 FROM subnet WHERE id = $1', [id])).toEqual([]);
  });

  it('components come and go while their gateway confirms, and in the end everything is free', async () => {
    const { gateway, subnet } = await api().gateway({ ports: { tcp: { first: 40_000, last: 40_019 } } });
    const agent = await api().token({ sub: 'agent', role: 'gateway', gateway });
    /** What an agent does: whatever is to be removed is gone, whatever is to be there is active. */
    const confirm = async (n: number): Promise<number> => {
      const state = (await api(n).get(`/gateways/${gateway}/desired-state`, { token: agent })).body as DesiredState;
      const report = {
        generation: state.generation,
        mode: 'apply',
        maps: state.maps.map(({ id, ruleId }) => ({ id, ruleId, status: 'active', reason: null })),
        gone: state.removing.map(({ id }) => id),
      };
      const { status } = await api(n).put(`/gateways/${gateway}/status`, report, { token: agent });
      seen.add(String(status));
      return state.maps.length + state.removing.length;
    };
    const seen = new Set<string>();
    await confirm(0);
    const end = Date.now() + 3_000;
    await Promise.all([
      ...Array.from({ length: 10 }, async (_, n) => {
        for (let times = 0; Date.now() < end; times++) {
          const name = `busy ${n} ${times}`;
          const body = { name, kind: 'x', gateway, subnet, ports: [{ targetPort: 22 }, { targetPort: 443 }] };
          const made = await api(n).post('/components', body);
          seen.add(made.status === 201 ? '201' : (made.body.code as string));
          if (made.status !== 201) continue;
          if (times % 3 === 1) {
            const lease = made.body.leases[0].id as string;
            const extra = await api(n).post('/port-maps', { gateway, lease, targetPort: 80 });
            seen.add(extra.status === 201 ? '201' : (extra.body.code as string));
          }
          // by name, by reservation, or map by map
          const gone = times % 2 === 0 ? `/components/${made.body.id}` : `/reservations/${made.body.reservation}`;
          seen.add(String((await api(n + 1).delete(gone)).status));
          seen.add(String((await api(n).delete(`/port-maps/${made.body.portMaps[0].id}`)).status));
          if (times % 2 === 1) seen.add(String((await api(n).delete(`/components/${made.body.id}`)).status));
        }
      }),
      ...[0, 1].map(async (n) => {
        while (Date.now() < end) await confirm(n);
      }),
    ]);
    expect([...seen].filter((one) => !['201', '204', '404', 'ports-exhausted'].includes(one))).toEqual([]);
    await checkSpaces();
    await eventually('nothing to be left', async () => (await confirm(0)) === 0);
    await checkSpaces();
    const held = await api().sql(
      `SELECT 1 FROM lease WHERE subnet_id = $1 UNION ALL SELECT 1 FROM resting_address r JOIN subnet s USING (space_id) WHERE s.id = $1`,
      [subnet],
    );
    expect(held).toEqual([]);
  });

  it('a key that was used with one component is known for another, also when requests were folded into one', async () => {
    const { gateway } = await api().gateway();
    const body = { name: 'folded', kind: 'router', gateway };
    const keys = Array.from({ length: 8 }, (_, n) => `folded-${n}`);
    const post = (key: string, more: object = {}): Promise<Answer> =>
      api().post('/components', { ...body, ...more }, { headers: { 'idempotency-key': key } });
    const answers = await Promise.all(keys.map((key) => post(key)));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    for (const key of keys) expect((await post(key, { name: 'other' })).body.code).toBe('idempotency-key-reused');
  });
});
