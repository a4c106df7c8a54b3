import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api, dump } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { ended, send } from './importing.js';

const POOL = '6b024480686c824ea09e0001';
const SUBNET = '6b024480686c824ea09e0002';
const COUNT = 30_000;

/** Every second address of a /16. */
const FILE = Array.from({ length: COUNT }, (_, n) => {
  const address = `10.0.${n >> 7}.${(n & 127) * 2}`;
  return `${JSON.stringify({ type: 'lease', address, subnet: SUBNET, name: `vm-${n}`, metadata: { n, text: 'x'.repeat(200) } })}\n`;
}).join('');

describe('an import of many', () => {
  let api: Api;

  beforeAll(async () => {
    api = await Api.start();
    await api.make('/pools', { id: POOL });
    await api.make(`/pools/${POOL}/subnets`, { id: SUBNET, start: '10.0.0.0', end: '10.0.255.255' });
  });
  afterAll(() => api.close());

  const importing = async (): Promise<boolean> =>
    (
      await api.sql(`SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%staged_%'
      AND pid <> pg_backend_pid() AND xact_start IS NOT NULL`)
    ).length > 0;

  it('is as if it had never been when the process is killed in the middle', async () => {
    const before = await dump(api.database);
    const answer = send(api, FILE, 'ndjson').catch(() => 'broken off');
    await eventually('an import at work', importing);
    await api.end('SIGKILL');
    expect(await answer).toBe('broken off');
    await eventually('its transaction gone', async () => !(await importing()));
    expect(await dump(api.database)).toEqual(before);
    const { database, secret } = api;
    const first = api;
    api = await Api.start({ database, secret });
    const close = api.close.bind(api);
    api.close = async () => {
      await close();
      await first.close();
    };
  });

  it('is not applied when its client goes away', async () => {
    const before = await dump(api.database);
    const stop = new AbortController();
    const answer = fetch(`${api.url}/import`, {
      method: 'POST',
      headers: { authorization: `Bearer ${api.admin}`, 'content-type': 'application/x-ndjson' },
      body: FILE,
      signal: stop.signal,
    });
    await eventually('an import at work', importing);
    const busy = await send(api, FILE, 'ndjson');
    expect([busy.status, busy.body.code, busy.headers.get('retry-after')]).toEqual([503, 'unavailable', '5']);
    stop.abort();
    await answer.then((response) => response.text()).catch(() => undefined);
    await eventually('its transaction gone', async () => !(await importing()));
    expect(await dump(api.database)).toEqual(before);
    await eventually('room for the next', async () => (await send(api, '', 'ndjson')).status === 200);
  });

  it('holds little of it in memory, and nothing twice while others claim', async () => {
    const peak = async (): Promise<number> =>
      Number(/VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${api.pid}/status`, 'utf8'))?.[1]) / 1024;
    const before = await peak();
    let running = true;
    let claimed = 0;
    // the addresses between those of the file, so that both can have what they ask for
    const claims = async (): Promise<void> => {
      for (let n = 1; running; n += 2) {
        const body = { addresses: [`10.0.${n >> 8}.${n & 255}`] };
        const { status } = await api.post(`/subnets/${SUBNET}/reservations`, body);
        expect([201, 409, 503]).toContain(status);
        if (status === 201) claimed++;
      }
    };
    const others = [claims(), claims()];
    const outcome = await ended(send(api, FILE, 'ndjson'));
    running = false;
    await Promise.all(others);
    expect(outcome).toMatchObject({ done: true, applied: { lease: COUNT } });
    expect(claimed).toBeGreaterThan(0);
    expect(await api.sql('SELECT FROM lease')).toHaveLength(COUNT + claimed);
    const [sum] = (await api.sql(`
      SELECT (SELECT count(*) FROM lease)::int AS held,
             (SELECT sum(last - first + 1) FROM free_interval)::int AS free,
             (SELECT count(*)::int FROM lease l JOIN subnet s ON s.id = l.subnet_id
              WHERE address_position(l.address) >= (SELECT f.first FROM free_interval f
                WHERE f.space_id = s.space_id AND f.last >= address_position(l.address) ORDER BY f.last LIMIT 1)) AS both`)) as [
      { held: number; free: number; both: number },
    ];
    expect(sum.held + sum.free).toBe(65_536);
    expect(sum.both).toBe(0);
    expect((await peak()) - before).toBeLessThan(120);
  });

  it('rewrites free space once, and leaves it as single claims would', async () => {
    await api.delete(`/pools/${POOL}`);
    const [{ last }] = (await api.sql('SELECT max(id)::text AS last FROM outbox_packed')) as [{ last: string }];
    await api.make('/pools', { id: POOL });
    await api.make(`/pools/${POOL}/subnets`, { id: SUBNET, start: '10.0.0.0', end: '10.0.255.255' });
    expect(await ended(send(api, FILE, 'ndjson'))).toMatchObject({
      done: true,
      applied: { lease: COUNT, reservation: COUNT },
    });
    const rows = await api.sql(`SELECT first::text, last::text FROM free_interval ORDER BY last LIMIT 2`);
    expect(rows).toEqual([
      { first: '167772161', last: '167772161' },
      { first: '167772163', last: '167772163' },
    ]);
    const told = await api.sql(
      `SELECT type, count(*)::int AS n FROM outbox
       WHERE seq > ($1::bigint << 20) AND type IN ('ipam.lease.created', 'ipam.reservation.created') GROUP BY 1 ORDER BY 1`,
      [last],
    );
    expect(told).toEqual([
      { type: 'ipam.lease.created', n: COUNT },
      { type: 'ipam.reservation.created', n: COUNT },
    ]);
  });
});
