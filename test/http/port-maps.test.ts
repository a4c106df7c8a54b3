import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Api, dump, type Answer } from '../support/api.js';
import { eventually } from '../support/eventually.js';

interface Map {
  id: string;
  ruleId: string;
  connectionPort: number;
}

describe('the life of port maps', () => {
  let api: Api;
  let gateway: string;
  let subnet: string;
  let agent: string;

  beforeAll(async () => {
    api = await Api.start();
  });
  afterAll(() => api.close());
  beforeEach(async () => {
    ({ gateway, subnet } = await api.gateway({ ports: { tcp: { first: 50_000, last: 50_002 } } }));
    agent = await api.token({ sub: 'agent', role: 'gateway', gateway });
  });

  const desired = (query = ''): Promise<Answer> =>
    api.get(`/gateways/${gateway}/desired-state${query}`, { token: agent });
  const report = async (body: object, generation = 0): Promise<void> => {
    const full = { generation, mode: 'apply', maps: [], gone: [], ...body };
    const { status, text } = await api.put(`/gateways/${gateway}/status`, full, { token: agent });
    expect([status, text]).toEqual([204, '']);
  };
  const mapsOf = async (): Promise<Map[]> => (await desired()).body.maps as Map[];
  const saw = async (id: string, status: string, reason: string | null = null, ruleId?: string): Promise<void> => {
    const map = (await mapsOf()).find((one) => one.id === id);
    await report({ maps: [{ id, ruleId: ruleId ?? map?.ruleId, status, reason }] });
  };
  const make = (body: object = {}): Promise<Answer['body']> =>
    api.make('/port-maps', { gateway, address: '10.30.0.1', targetPort: 22, ...body });
  const statusOf = async (id: string): Promise<unknown[]> => {
    const { body } = await api.get(`/port-maps/${id}`);
    return [body.status, body.reason];
  };
  /** The generation that all changes so far have. */
  const settled = async (): Promise<number> => {
    await eventually(
      'all events to have a position',
      async () => (await api.sql('SELECT 1 FROM outbox WHERE position IS NULL')).length === 0,
    );
    return (await desired()).body.generation as number;
  };

  it('begins pending, and is what the gateway says it saw', async () => {
    const map = await make({ name: 'web', tags: ['a'], metadata: { b: 1, a: 2 } });
    expect(map).toMatchObject({
      gateway,
      protocol: 'tcp',
      connectionPort: 50_000,
      externalAddress: '192.0.2.10',
      status: 'pending',
      lease: null,
      component: null,
      version: 1,
    });
    await saw(map.id, 'active');
    expect(await statusOf(map.id)).toEqual(['active', null]);
    await saw(map.id, 'drifted', 'somebody removed the rule');
    expect(await statusOf(map.id)).toEqual(['drifted', 'somebody removed the rule']);
    await saw(map.id, 'failed', 'iptables says no');
    expect(await statusOf(map.id)).toEqual(['failed', 'iptables says no']);
    const { body } = await api.get(`/gateways/${gateway}`);
    expect(body.mode).toBe('apply');
    expect(Date.parse(body.lastSeenAt as string)).toBeGreaterThan(Date.now() - 60_000);
  });

  it('a report that says nothing new changes nothing but when the gateway was seen', async () => {
    const map = await make();
    await saw(map.id, 'active');
    const before = await dump(api.database);
    await saw(map.id, 'active');
    const after = await dump(api.database);
    expect({ ...after, gateway: '' }).toEqual({ ...before, gateway: '' });
  });

  it('a report about another rule, another gateway or no map is passed over', async () => {
    const map = await make();
    const other = await api.gateway();
    await saw(map.id, 'active', null, 'berth1:0000000000000000');
    expect((await statusOf(map.id))[0]).toBe('pending');
    const stranger = await api.token({ sub: 'x', role: 'gateway', gateway: other.gateway });
    const [{ ruleId }] = (await mapsOf()) as [Map];
    const maps = [{ id: map.id, ruleId, status: 'active', reason: null }];
    await api.put(
      `/gateways/${other.gateway}/status`,
      { generation: 0, mode: 'apply', maps, gone: [map.id] },
      { token: stranger },
    );
    expect((await statusOf(map.id))[0]).toBe('pending');
    await report({
      maps: [{ ...maps[0], id: '6b024480686c824ea09e15b6' }],
      gone: ['6b024480686c824ea09e15b6', 'x', map.id],
    });
    expect((await statusOf(map.id))[0]).toBe('pending'); // gone counts only for what is being removed
  });

  it('of a gateway that never spoke goes at once, with its port', async () => {
    const map = await make();
    const gone = await api.delete(`/port-maps/${map.id}`);
    expect([gone.status, gone.headers.get('location')]).toEqual([204, '/port-maps']);
    expect((await api.get(`/port-maps/${map.id}`)).status).toBe(404);
    expect((await make()).connectionPort).toBe(50_000);
  });

  it('of a gateway that spoke keeps its port until the gateway says that the rule is gone', async () => {
    await report({});
    const map = await make();
    expect((await api.delete(`/port-maps/${map.id}`)).status).toBe(204);
    expect((await statusOf(map.id))[0]).toBe('removing');
    const state = (await desired()).body;
    expect(state.maps).toEqual([]);
    expect(state.removing.map(({ id }: Map) => id)).toEqual([map.id]);
    expect((await api.delete(`/port-maps/${map.id}`)).status).toBe(204); // again: the same, without another event
    expect(
      (await api.post('/port-maps', { gateway, address: '10.30.0.1', targetPort: 1, connectionPort: 50_000 })).body
        .code,
    ).toBe('port-in-use');
    expect((await make()).connectionPort).toBe(50_001);
    await saw(map.id, 'active', null, state.removing[0].ruleId as string);
    expect((await statusOf(map.id))[0]).toBe('removing'); // no report brings it back
    await report({ gone: [map.id] });
    expect((await api.get(`/port-maps/${map.id}`)).status).toBe(404);
    expect((await make()).connectionPort).toBe(50_000);
    const types = await api.sql('SELECT type FROM outbox WHERE subject = $1 ORDER BY seq', [`port-maps/${map.id}`]);
    expect(types.map(({ type }) => type as string)).toEqual([
      'ipam.port-map.created',
      'ipam.port-map.removing',
      'ipam.port-map.deleted',
    ]);
  });

  it('its ports are exhausted while they wait for their old rules to go, and free afterwards', async () => {
    await report({});
    const maps = [await make(), await make(), await make()];
    for (const { id } of maps) await api.delete(`/port-maps/${id}`);
    const refused = await api.post('/port-maps', { gateway, address: '10.30.0.1', targetPort: 1 });
    expect([refused.status, refused.body.code]).toEqual([409, 'ports-exhausted']);
    await report({ gone: maps.map(({ id }) => id as string) });
    expect((await make()).connectionPort).toBe(50_000);
  });

  describe('to a lease', () => {
    const reserve = (): Promise<Answer['body']> => api.make(`/subnets/${subnet}/reservations`, {});
    const addressOf = async (): Promise<string> => {
      const { id, leases } = await reserve();
      await api.delete(`/reservations/${id}`);
      return leases[0].address as string;
    };

    it('leads to its address, and goes with it', async () => {
      const { id, leases } = await reserve();
      const map = await api.make('/port-maps', { gateway, lease: leases[0].id, targetPort: 3389 });
      expect(map).toMatchObject({ lease: leases[0].id, address: '10.20.0.1' });
      expect((await api.delete(`/reservations/${id}`)).status).toBe(204);
      expect((await api.get(`/port-maps/${map.id}`)).status).toBe(404);
      expect(await addressOf()).toBe('10.20.0.1');
    });

    it('lets a released address rest until the last map to it is gone', async () => {
      await report({});
      const { id, leases } = await reserve();
      const maps = [
        await api.make('/port-maps', { gateway, lease: leases[0].id, targetPort: 22 }),
        await api.make('/port-maps', { gateway, lease: leases[0].id, targetPort: 443 }),
      ];
      expect((await api.delete(`/reservations/${id}`)).status).toBe(204);
      for (const map of maps) {
        const { body } = await api.get(`/port-maps/${map.id}`);
        expect([body.status, body.lease]).toEqual(['removing', null]);
      }
      expect(await addressOf()).toBe('10.20.0.2');
      const asked = await api.post(`/subnets/${subnet}/reservations`, { addresses: ['10.20.0.1'] });
      expect([asked.status, asked.body.code]).toEqual([409, 'address-in-use']);
      await report({ gone: [maps[0].id] });
      expect(await addressOf()).toBe('10.20.0.2');
      await report({ gone: [maps[1].id] });
      expect(await addressOf()).toBe('10.20.0.1');
    });

    it('does not make the address rest when both maps go in one report, twice', async () => {
      await report({});
      const { id, leases } = await reserve();
      const maps = await Promise.all(
        [22, 443].map((targetPort) => api.make('/port-maps', { gateway, lease: leases[0].id, targetPort })),
      );
      await api.delete(`/reservations/${id}`);
      const gone = maps.map((map) => map.id as string);
      await Promise.all([report({ gone }), report({ gone }), report({ gone: gone.slice(1) })]);
      expect(await addressOf()).toBe('10.20.0.1');
    });

    it('that was deleted before its lease leaves nothing behind', async () => {
      await report({});
      const { id, leases } = await reserve();
      const map = await api.make('/port-maps', { gateway, lease: leases[0].id, targetPort: 22 });
      await api.delete(`/port-maps/${map.id}`);
      await api.delete(`/reservations/${id}`);
      expect(await addressOf()).toBe('10.20.0.2'); // its rule may still be in the kernel
      await report({ gone: [map.id] });
      expect(await addressOf()).toBe('10.20.0.1');
    });

    it('goes when the subnet or the pool goes, and its port waits for the gateway', async () => {
      await report({});
      const { leases } = await reserve();
      const map = await api.make('/port-maps', { gateway, lease: leases[0].id, targetPort: 22 });
      expect((await api.delete(`/subnets/${subnet}`)).status).toBe(204);
      expect((await statusOf(map.id))[0]).toBe('removing');
      await report({ gone: [map.id] });
      expect((await api.get(`/port-maps/${map.id}`)).status).toBe(404);
      expect((await make()).connectionPort).toBe(50_000);
    });
  });

  describe('components', () => {
    let name: string;
    beforeEach(() => {
      name = `vm of ${gateway}`;
    });
    const component = (body: object = {}): Promise<Answer['body']> =>
      api.make('/components', { name, kind: 'centos', gateway, ...body });

    it('are claimed and released as one, and a new one of the name may be made at once', async () => {
      await report({});
      const made = await component({ ports: [{ targetPort: 22 }, { targetPort: 53, protocol: 'udp' }] });
      expect(made.portMaps.map((map: { protocol: string }) => map.protocol)).toEqual(['tcp', 'udp']);
      expect(
        made.portMaps.every(
          (map: { component: string; lease: string }) => map.component === made.id && map.lease === made.leases[0].id,
        ),
      ).toBe(true);
      expect((await api.get(`/components/${name}`)).body).toEqual(made);
      expect((await api.get(`/components/${made.id}`)).body).toEqual(made);
      expect((await api.delete(`/components/${name}`)).status).toBe(204);
      expect((await api.get(`/components/${name}`)).status).toBe(404);
      expect((await api.get(`/reservations/${made.reservation}`)).status).toBe(404);
      const next = await component();
      expect(next.leases[0].address).toBe('10.20.0.2'); // the first rests
      await report({ gone: made.portMaps.map(({ id }: Map) => id) });
      expect((await component({ name: `${name}, 2` })).leases[0].address).toBe('10.20.0.1');
    });

    it('asked for again with the same words are the same, whatever has become of them', async () => {
      const first = await api.post('/components', { name, kind: 'centos', gateway });
      const { name: called } = (await api.get(`/gateways/${gateway}`)).body as { name: string };
      for (const body of [
        { name, kind: 'centos', gateway },
        { name, kind: 'centos', gateway: called },
        {
          name,
          kind: 'centos',
          gateway,
          count: 1,
          tags: [],
          metadata: null,
          ports: [{ targetPort: 22, protocol: 'tcp' }],
          owner: 'root',
        },
      ]) {
        const again = await api.post('/components', body);
        expect([again.status, again.text, again.headers.get('location')]).toEqual([
          201,
          first.text,
          first.headers.get('location'),
        ]);
      }
      for (const body of [
        { kind: 'dns' },
        { ports: [{ targetPort: 23 }] },
        { count: 2 },
        { tags: ['x'] },
        { metadata: 1 },
        { subnet },
      ]) {
        const before = await dump(api.database);
        const other = await api.post('/components', { name, kind: 'centos', gateway, ...body });
        expect([other.status, other.body.code]).toEqual([409, 'component-exists']);
        expect(await dump(api.database)).toEqual(before);
      }
      const lou = await api.token({ sub: 'lou', role: 'member' });
      expect((await api.post('/components', { name, kind: 'centos', gateway }, { token: lou })).status).toBe(201);
      await api.delete(`/components/${name}`, { token: lou });
      await api.delete(`/components/${name}`);
    });

    it('a gateway that has some is deleted only by force, with all of it', async () => {
      await report({});
      const { id } = await component();
      await make();
      const refused = await api.delete(`/gateways/${gateway}`);
      expect([refused.status, refused.body.code]).toEqual([409, 'in-use']);
      expect((await api.get(`/components/${id}`)).status).toBe(200);
      expect((await api.delete(`/gateways/${gateway}?force=true`)).status).toBe(204);
      for (const path of [`/components/${id}`, `/gateways/${gateway}`]) expect((await api.get(path)).status).toBe(404);
      expect((await api.get(`/port-maps?gateway=${gateway}`)).body.portMaps).toEqual([]);
      expect((await api.make(`/subnets/${subnet}/reservations`, {})).leases[0].address).toBe('10.20.0.1');
    });
  });

  describe('desired state', () => {
    it('holds what the gateway needs, and its generation grows with each change that concerns it', async () => {
      const first = await settled();
      const map = await make({ protocol: 'udp' });
      const second = await settled();
      expect(second).toBeGreaterThan(first);
      const { body } = await desired();
      expect(body.gateway).toMatchObject({ id: gateway, externalAddress: '192.0.2.10', networks: ['10.30.0.0/16'] });
      expect(body.maps).toEqual([
        {
          id: map.id,
          ruleId: expect.stringMatching(/^berth1:[0-9a-f]{16}$/),
          protocol: 'udp',
          connectionPort: 50_000,
          address: '10.30.0.1',
          targetPort: 22,
        },
      ]);
      await saw(map.id, 'active');
      await api.patch(`/port-maps/${map.id}`, { name: 'only a name' });
      const other = await api.gateway();
      await api.make('/port-maps', { gateway: other.gateway, address: '10.30.0.1', targetPort: 1 });
      expect(await settled()).toBe(second); // none of these is the gateway's concern
      await api.patch(`/gateways/${gateway}`, { networks: ['10.31.0.0/16'] });
      expect(await settled()).toBeGreaterThan(second);
    });

    it('wakes the gateway when something changes, and no sooner', async () => {
      const generation = await settled();
      const waiting = Array.from({ length: 10 }, () => desired(`?after=${generation}&wait=60`));
      const other = await api.gateway();
      await api.make('/port-maps', { gateway: other.gateway, address: '10.30.0.1', targetPort: 1 });
      const early = await Promise.race([...waiting, api.get('/health/live').then(() => undefined)]);
      expect(early).toBeUndefined();
      const started = performance.now();
      const map = await make();
      const states = await Promise.all(waiting);
      expect(performance.now() - started).toBeLessThan(900); // not the safety net of a second, let alone the 60
      for (const { status, body } of states) {
        expect(status).toBe(200);
        expect(body.maps.map(({ id }: Map) => id)).toEqual([map.id]);
        expect(body.generation).toBeGreaterThan(generation);
      }
    });

    it('answers 204 when nothing came within the time, at once without one', async () => {
      const generation = await settled();
      const started = performance.now();
      const nothing = await desired(`?after=${generation}&wait=1`);
      expect([nothing.status, nothing.text]).toEqual([204, '']);
      expect(performance.now() - started).toBeGreaterThan(950);
      expect((await desired(`?after=${generation}`)).status).toBe(204);
      expect((await desired(`?after=${generation - 1}&wait=60`)).status).toBe(200);
      expect((await desired(`?after=${generation + 1000}&wait=60`)).body.generation).toBe(generation); // a restored database
    });

    it('that 200 gateways wait for holds no connection of the database', async () => {
      const generation = await settled();
      const stop = new AbortController();
      const waiting = Array.from({ length: 200 }, () =>
        fetch(`${api.url}/gateways/${gateway}/desired-state?after=${generation}&wait=60`, {
          headers: { authorization: `Bearer ${agent}` },
          signal: stop.signal,
        }).then((response) => response.status),
      );
      const answers = await Promise.all(Array.from({ length: 50 }, () => api.get('/pools')));
      expect(answers.every(({ status }) => status === 200)).toBe(true);
      await make();
      expect(new Set(await Promise.all(waiting))).toEqual(new Set([200]));
      stop.abort();
    });
  });

  it('lists are filtered by gateway, component, status, owner and address', async () => {
    const map = await make({ owner: 'kim', address: '10.30.9.9' });
    const ids = async (query: string): Promise<string[]> =>
      ((await api.get(`/port-maps?limit=1000&${query}`)).body.portMaps as Map[]).map(({ id }) => id);
    expect(await ids(`gateway=${gateway}`)).toEqual([map.id]);
    for (const query of ['owner=kim', 'address=10.30.9.9', `status=pending&gateway=${gateway}`])
      expect(await ids(query)).toContain(map.id);
    for (const query of ['owner=lou', 'address=10.30.9.8', `status=active&gateway=${gateway}`])
      expect(await ids(query)).not.toContain(map.id);
  });

  it('the ports of a gateway grow, and shrink while none in use falls out', async () => {
    await make();
    const resize = (first: number, last: number): Promise<Answer> =>
      api.patch(`/gateways/${gateway}`, { ports: { tcp: { first, last } } });
    expect((await resize(50_001, 50_009)).body.code).toBe('range-in-use');
    expect((await resize(50_000, 50_000)).status).toBe(200);
    expect((await api.post('/port-maps', { gateway, address: '10.30.0.1', targetPort: 1 })).body.code).toBe(
      'ports-exhausted',
    );
    expect((await resize(1, 65_535)).status).toBe(200);
    expect((await make()).connectionPort).toBe(1);
    expect((await make({ connectionPort: 65_535 })).connectionPort).toBe(65_535);
  });
});
