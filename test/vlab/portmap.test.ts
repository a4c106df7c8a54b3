import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Agent } from './agent.js';
import { VlabLab, type FaceAnswer, type Sent } from './lab.js';

/** contracts/vlab.md sections 3 and 5: what `/api/1/ipam` answers, byte for byte as the clients read it. */
describe('the vLab face', () => {
  let lab: VlabLab;
  let agent: Agent;
  let gateway: string;
  let pool: string;
  let token: string;

  beforeAll(async () => {
    lab = await VlabLab.start();
    const ports = { tcp: { first: 50000, last: 50100 } };
    ({ gateway, pool } = await lab.api.gateway({ owner: 'Alice', networks: ['192.168.1.0/24'], ports }));
    agent = await Agent.start(lab.api, gateway);
    token = await lab.main.token();
    // It has spoken once.
    await map('first', 1);
  });
  afterAll(async () => {
    await agent.close();
    await lab.close();
  });
  beforeEach(async () => {
    agent.verdict = 'active';
    for (const port of Object.keys((await ask({})).body.content.ports as object)) await unmap(Number(port));
  });

  const ask = (sent: Sent): Promise<FaceAnswer> => lab.ask({ token, ...sent });
  const post = (body: object | string): Promise<FaceAnswer> =>
    ask({ method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });
  const wish = (name: string, host: number, more: object = {}): Record<string, unknown> => ({
    ...{ target_addr: `192.168.1.${host}`, target_port: 3389, target_name: name, target_component: 'Windows' },
    ...more,
  });
  const map = async (name: string, host: number, more: object = {}): Promise<number> =>
    (await post(wish(name, host, more))).body.content.conn_port as number;
  const unmap = (port: number): Promise<FaceAnswer> =>
    ask({ method: 'DELETE', body: JSON.stringify({ conn_port: port }) });

  it('makes, shows and deletes a map in the words of the contract', async () => {
    const made = await post(wish('win1', 20));
    const port = made.body.content.conn_port as number;
    expect([made.status, made.text]).toEqual([200, `{"error":null,"content":{"conn_port":${port}},"params":{}}`]);
    expect(port >= 50000 && port <= 50100).toBe(true);

    const shown = await ask({ path: '/portmap?name=win1&target_port=3389' });
    expect(shown.text).toBe(
      `{"error":null,"content":{"ports":{"${port}":{"name":"win1","target_addr":"192.168.1.20","target_port":3389,` +
        `"component":"Windows"}},"gateway_ip":"192.0.2.10"},"params":{"name":"win1","target_port":"3389"}}`,
    );
    const named = (name: string): string[] => shown.lines.filter((line) => line.toLowerCase().startsWith(`${name}: `));
    expect(named('content-type')).toEqual(['content-type: application/json']);
    expect(named('content-length')).toEqual([`content-length: ${Buffer.byteLength(shown.text)}`]);
    expect(named('link')).toEqual([`link: <${lab.main.url}/api/1/ipam/portmap?describe=true>; rel=help`]);

    const gone = await unmap(port);
    expect([gone.status, gone.text]).toEqual([200, '{"error":null,"content":{},"params":{}}']);
    const again = await unmap(port);
    expect([again.status, again.body.error]).toEqual([404, 'No such port mapping record']);
    expect((await ask({})).body.content.ports).toEqual({});
  });

  it('lists maps in the order of their creation, whatever their ports', async () => {
    const ports: number[] = [];
    for (let host = 1; host <= 6; host++) ports.push(await map(`m${host}`, host));
    const { text } = await ask({});
    expect([...text.matchAll(/"(\d{5})":\{/g)].map(([, port]) => Number(port))).toEqual(ports);
    // Drawn at random: six in order would be one chance in 720, from the first on none at all.
    expect(ports).not.toEqual([50000, 50001, 50002, 50003, 50004, 50005]);
  });

  it('filters exactly, all filters at once; 0 and empty are none', async () => {
    const [a, b] = [await map('a_b', 30), await map('axb', 31, { target_port: 22, target_component: 'Cent%' })];
    const found = async (query: string): Promise<number[]> =>
      Object.keys((await ask({ path: `/portmap?${query}` })).body.content.ports as object).map(Number);
    for (const [query, ports] of [
      ...([
        ['name=a_b', [a]],
        ['name=a%25', []],
        ['name=A_B', []],
        ['component=Cent%25', [b]],
      ] as const),
      ...([
        ['component=Cent', []],
        ['target_addr=192.168.1.31', [b]],
        ['target_addr=192.168.1.', []],
      ] as const),
      ...([
        [`conn_port=${a}`, [a]],
        ['target_port=22', [b]],
        ['target_port=22&name=a_b', []],
      ] as const),
      ...([
        ['target_port=99999', []],
        ['conn_port=-1', []],
        ['name=%00', []],
      ] as const),
      ...([['name=&conn_port=0&target_port=&component=', [a, b].sort()]] as const),
      ...([[`name=axb&component=Cent%25&target_addr=192.168.1.31&conn_port=${b}&target_port=22`, [b]]] as const),
    ]) {
      expect([query, (await found(query)).sort()]).toEqual([query, ports]);
    }
    const { status, body } = await ask({ path: '/portmap?conn_port=abc&target_port=22' });
    expect([status, body.error]).toEqual([400, 'Param conn_port must be a number, supplied: abc']);
    const other = await ask({ path: '/portmap?target_port=x1&conn_port=5&name=q&name=r' });
    expect(other.body).toEqual({
      error: 'Param target_port must be a number, supplied: x1',
      content: {},
      params: { target_port: 'x1', conn_port: '5', name: 'q' },
    });
  });

  it('answers the same target with the map that is there, also when both come at once', async () => {
    const ports = await Promise.all(Array.from({ length: 5 }, () => map('twice', 40)));
    expect(new Set([...ports, await map('twice', 40)]).size).toBe(1);
    expect(await map('twice', 40, { target_port: 22 })).not.toBe(ports[0]);
    expect(await map('twice', 40, { target_component: 'CentOS' })).not.toBe(ports[0]);
    expect(await map('other', 40)).not.toBe(ports[0]);
  });

  it('and the native API see the same maps', async () => {
    const alice = await lab.api.token({ sub: 'Alice', role: 'member' });
    const port = await map('here', 50);
    const { portMaps } = (await lab.api.get(`/port-maps?gateway=${gateway}&metadata=component:Windows`)).body;
    expect(portMaps).toMatchObject([
      {
        name: 'here',
        owner: 'Alice',
        connectionPort: port,
        address: '192.168.1.50',
        metadata: { component: 'Windows' },
      },
    ]);
    const body = { name: 'vm1', kind: 'CentOS', pool, gateway };
    const component = await lab.api.make('/components', body, { token: alice });
    const [first] = component.portMaps as { connectionPort: number; address: string }[];
    const shown = (await ask({ path: '/portmap?component=CentOS' })).body.content.ports;
    expect(shown).toEqual({
      [String(first?.connectionPort)]: {
        name: 'vm1',
        target_addr: first?.address,
        target_port: 22,
        component: 'CentOS',
      },
    });
    // A lease of hers may be mapped although no network of the gateway has it, and the map ends with the lease.
    const more = await map('vm1', 0, { target_addr: first?.address, target_component: 'CentOS' });
    expect((await lab.api.get(`/port-maps?connectionPort=${more}`)).body.portMaps[0].lease).toBe(
      component.leases[0].id,
    );
    // The map of a component is one for the same target too.
    expect(await map('vm1', 0, { target_addr: first?.address, target_component: 'CentOS', target_port: 22 })).toBe(
      first?.connectionPort,
    );
    const foreign = await lab.api.make('/port-maps', { gateway, address: '192.168.1.60', targetPort: 80 });
    expect((await unmap(foreign.connectionPort as number)).body.error).toBe('This belongs to another owner.');
    expect((await lab.api.delete(`/components/${component.id as string}`)).status).toBe(204);
    expect((await lab.api.delete(`/port-maps/${foreign.id as string}`)).status).toBe(204);
  });

  it.each<[unknown, string]>([
    ['', 'No JSON content body sent in HTTP request'],
    ['null', 'No JSON content body sent in HTTP request'],
    ['{"target_addr"', 'The body of the HTTP request is not JSON: '],
    ['[]', 'Input does not match schema. It must be an object.'],
    [{}, 'Input does not match schema. target_addr is required.'],
    [{ target_port: '22' }, 'Input does not match schema. target_port must be an integer.'],
    [{ target_port: true }, 'Input does not match schema. target_port must be an integer.'],
    [{ target_name: 1 }, 'Input does not match schema. target_name must be a string.'],
    [{ target_port: 0 }, 'target_port must be from 1 to 65535, supplied: 0'],
    [{ target_port: 65536 }, 'target_port must be from 1 to 65535, supplied: 65536'],
    [
      { target_addr: 'win1.example' },
      'target_addr must be an IPv4 address such as 192.168.1.20, supplied: win1.example',
    ],
    [{ target_addr: '192.168.1.0/24' }, 'target_addr must be an IPv4 address'],
    [{ target_addr: '192.168.1.9 -j ACCEPT' }, 'target_addr must be an IPv4 address'],
    [{ target_addr: '::1' }, 'target_addr must be an IPv4 address'],
    [{ target_addr: '10.99.0.1' }, 'target_addr is not one that the gateway'],
    [{ target_addr: '192.0.2.10' }, 'target_addr must be a machine behind the gateway, not the gateway itself'],
    [{ target_name: '' }, 'target_name must be 1 to 255 characters'],
    [{ target_name: 'a\nb' }, 'target_name must be 1 to 255 characters'],
    [{ target_component: ' ' }, 'target_component must be 1 to 255 characters'],
  ])('refuses to map %j', async (body, error) => {
    const whole =
      typeof body === 'string' || JSON.stringify(body) === '{}' ? (body as string) : wish('x', 2, body as object);
    const answer = await post(whole);
    expect([answer.status, String(answer.body.error).slice(0, error.length)]).toEqual([400, error]);
    expect((await ask({})).body.content.ports).toEqual({});
  });

  it('refuses to delete what is no number; an unknown one is 404', async () => {
    const del = (body: string): Promise<FaceAnswer> => ask({ method: 'DELETE', body });
    expect((await del('{"conn_port":"50000"}')).body.error).toBe(
      'Input does not match schema. conn_port must be an integer.',
    );
    expect((await del('{}')).status).toBe(400);
    for (const port of [0, -1, 1, 50000, 70000, 1e300]) expect((await del(`{"conn_port":${port}}`)).status).toBe(404);
    expect((await del(JSON.stringify({ conn_port: 1, pad: 'x'.repeat(70_000) }))).status).toBe(413);
  });

  it('leaves nothing behind when the gateway does not apply the map, or cannot', async () => {
    for (const verdict of ['nothing', 'failed'] as const) {
      agent.verdict = verdict;
      const { status, body } = await post(wish('late', 70));
      expect([verdict, status]).toEqual([verdict, 500]);
      expect(body.error).toMatch(
        /^The gateway gw-\w+ did not apply the port map in time: (the kernel refused|the gateway has)/,
      );
      expect((await ask({})).body.content.ports).toEqual({});
    }
  });

  it('says which ports there are when none is free', async () => {
    const small = { owner: 'tiny', name: 'tiny', externalAddress: '192.0.2.11', networks: ['192.168.2.0/24'] };
    const { id } = await lab.api.make('/gateways', { ...small, ports: { tcp: { first: 50000, last: 50001 } } });
    const other = await Agent.start(lab.api, id as string);
    const tiny = await lab.main.token({ username: 'tiny' });
    const make = (port: number): Promise<FaceAnswer> => {
      const body = { target_addr: '192.168.2.1', target_port: port, target_name: 'a', target_component: 'b' };
      return lab.ask({ method: 'POST', token: tiny, body: JSON.stringify(body) });
    };
    const ports = [(await make(1)).body.content.conn_port, (await make(2)).body.content.conn_port] as number[];
    expect(ports.sort()).toEqual([50000, 50001]);
    const { status, body } = await make(3);
    expect([status, body.error]).toEqual([409, "Too few of the gateway's tcp ports 50000 to 50001 are free."]);
    await other.close();
  });
});
