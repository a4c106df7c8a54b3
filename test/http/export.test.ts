import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api } from '../support/api.js';
import { eventually } from '../support/eventually.js';

const HEX_ID = '6b024480686c824ea09e15b6';
const METADATA = '{"z":1,"a":12345678901234567890,"text":"line\\nbreak \\"q\\" ü 😀",\n "list":[1,\n2]}';

/** A reader of RFC 4180 of its own, as strict as the RFC. */
function parseCsv(text: string): string[][] {
  const lines: string[][] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  let line: string[] = [];
  while (cell.lastIndex < text.length) {
    const at = cell.lastIndex;
    const match = cell.exec(text);
    if (match === null) throw new Error(`no CSV at ${at}: ${text.slice(at, at + 40)}`);
    line.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === '\r\n') {
      lines.push(line);
      line = [];
    }
  }
  return lines;
}

describe('export', () => {
  let api: Api;
  let subnet: string;
  let subnet6: string;

  beforeAll(async () => {
    api = await Api.start();
    await api.post(
      '/pools',
      `{"id":"${HEX_ID}","name":"=cmd|' /C calc'!A0","tags":["a,b","ü\\"q\\""],"metadata":${METADATA}}`,
    );
    subnet = (await api.make(`/pools/${HEX_ID}/subnets`, { name: 'four', start: '10.0.0.0', end: '10.0.255.255' })).id;
    subnet6 = (await api.make(`/pools/${HEX_ID}/subnets`, { start: '::1.2.3.0', end: '::1.2.3.255' })).id;
    await api.make(`/subnets/${subnet}/reservations`, { count: 3, owner: 'O\'Neil, "Bob"', metadata: -5, ttl: 3600 });
    await api.make(`/subnets/${subnet6}/reservations`, { metadata: '@x' });
    await api.subnet('10.0.0.0', '10.0.0.255');
  });
  afterAll(() => api.close());

  const open = (signal: AbortSignal): Promise<Response> =>
    fetch(`${api.url}/export?format=ndjson`, { headers: { authorization: `Bearer ${api.admin}` }, signal });
  const NOUNS = ['pools', 'subnets', 'reservations', 'leases'];

  it('gives what the lists give, at one moment, in one JSON document', async () => {
    const { status, headers, body } = await api.get('/export');
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(Object.keys(body)).toEqual(NOUNS);
    for (const noun of NOUNS) {
      const listed = (await api.get(`/${noun}?limit=1000`, { headers: { accept: 'application/json' } })).body[noun];
      const byId = (rows: { id: string }[]): { id: string }[] => rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
      expect(body[noun]).toHaveLength(listed.length);
      expect(byId(listed)).toMatchObject(byId(body[noun]));
    }
  });

  it('keeps metadata as it was written, but for line breaks between its tokens', async () => {
    const { text } = await api.get('/export?type=pools');
    expect(text).toContain(`"metadata":${METADATA.replaceAll('\n', ' ')}`);
  });

  it('gives one object a line, and last of all how many', async () => {
    const response = await open(new AbortController().signal);
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const text = await response.text();
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string });
    const counts = { pool: 2, subnet: 3, reservation: 2, lease: 4 };
    expect(lines.at(-1)).toEqual({ type: 'end', ...counts });
    for (const [noun, count] of Object.entries(counts)) {
      expect(lines.filter(({ type }) => type === noun)).toHaveLength(count);
    }
  });

  it('gives CSV in which no cell is a formula, and from which every value can be read', async () => {
    const { headers, text } = await api.get('/export?format=csv');
    expect(headers.get('content-type')).toMatch(/^text\/csv/);
    const [names = [], ...lines] = parseCsv(text);
    expect(lines).toHaveLength(11);
    expect(lines.flat().filter((cell) => /^[=+\-@\t\r]/.test(cell))).toEqual([]);
    const rows = lines.map((line) =>
      Object.fromEntries(line.map((cell, n) => [names[n], cell.replace(/^'(?=[=+\-@\t\r'])/, '')])),
    );
    const json = (await api.get('/export')).body as Record<string, Record<string, unknown>[]>;
    for (const noun of NOUNS) {
      for (const document of json[noun] ?? []) {
        const row = rows.find(({ type, id }) => `${type}s` === noun && id === document['id']) ?? {};
        for (const [name, value] of Object.entries(document)) {
          const cell = row[name] ?? 'missing';
          if (typeof value === 'object' && value !== null) expect(JSON.parse(cell)).toEqual(value);
          else if (name === 'metadata') expect(JSON.parse(cell)).toEqual(value);
          else expect([name, cell]).toEqual([name, [value].join('')]);
        }
      }
    }
    expect(rows.find(({ id }) => id === HEX_ID)?.['metadata']).toBe(METADATA);
  });

  it('gives one pool and what is in it, by its id or its name', async () => {
    for (const pool of ['P', ((await api.get('/pools?name=P')).body.pools as { id: string }[])[0]?.id ?? '']) {
      const { body } = await api.get(`/export?pool=${pool}`);
      expect(NOUNS.map((noun) => body[noun].length)).toEqual([1, 1, 0, 0]);
    }
    const { body } = await api.get(`/export?type=leases&pool=${HEX_ID}`);
    expect(Object.keys(body)).toEqual(['leases']);
    expect(body.leases).toHaveLength(4);
    expect((await api.get('/export?pool=nobody')).body.errors).toEqual([{ field: 'pool', message: 'names no pool' }]);
  });

  it('is for admins and readers', async () => {
    for (const [role, status] of [
      ['reader', 200],
      ['member', 403],
    ] as const) {
      const token = await api.token({ sub: 'somebody', role });
      expect([role, (await api.get('/export', { token })).status]).toEqual([role, status]);
    }
  });

  describe('of many', () => {
    const COUNT = 20_000;

    beforeAll(async () => {
      await api.sql(
        `INSERT INTO reservation (id, pool_id, subnet_id, owner, metadata)
        SELECT lpad(to_hex(n), 24, '0'), $1, $2, 'bulk', to_json(repeat('x', 1600)) FROM generate_series(1, ${COUNT}) n`,
        [HEX_ID, subnet],
      );
    });

    const snapshots = async (): Promise<number> =>
      (
        await api.sql(`SELECT FROM pg_stat_activity WHERE datname = current_database()
        AND xact_start IS NOT NULL AND query LIKE 'FETCH %'`)
      ).length;

    it('comes whole, all of one moment, whatever changes meanwhile', async () => {
      const stop = new AbortController();
      const response = await open(stop.signal);
      await api.sql(
        `UPDATE reservation SET name = 'changed' WHERE owner = 'bulk' AND id > lpad(to_hex(${COUNT - 100}), 24, '0')`,
      );
      await api.sql(`DELETE FROM pool WHERE name = 'P'`);
      const text = await response.text();
      expect(text).not.toContain('"changed"');
      expect(JSON.parse(text.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({ pool: 2, reservation: COUNT + 2 });
    });

    it('ends when its client goes away, and two at once are enough', async () => {
      const stop = new AbortController();
      await Promise.all([open(stop.signal), open(stop.signal)]);
      const third = await api.get('/export');
      expect([third.status, third.body.code, third.headers.get('retry-after')]).toEqual([503, 'unavailable', '5']);
      await eventually('two snapshots', async () => ((await snapshots()) === 2 ? true : undefined));
      stop.abort();
      await eventually('no snapshot open', async () => ((await snapshots()) === 0 ? true : undefined));
      expect((await api.get('/export?type=pools')).status).toBe(200);
    });

    it('breaks off, for the client to see, when the database goes away', async () => {
      const stop = new AbortController();
      const response = await open(stop.signal);
      await api.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()`);
      await expect(response.text()).rejects.toThrow();
      await eventually('an export that works again', async () =>
        (await api.get('/export?type=pools')).status === 200 ? true : undefined,
      );
    });

    it('does not hold what it writes in memory', async () => {
      const rss = async (): Promise<number> => {
        const { readFile } = await import('node:fs/promises');
        return Number(/VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${api.pid}/status`, 'utf8'))?.[1]) / 1024;
      };
      const before = await rss();
      const response = await open(new AbortController().signal);
      let bytes = 0;
      for await (const chunk of response.body ?? []) bytes += (chunk as Uint8Array).length;
      expect(bytes).toBeGreaterThan(30e6);
      expect((await rss()) - before).toBeLessThan(80);
    });
  });
});
