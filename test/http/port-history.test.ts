import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api } from '../support/api.js';
import { eventually } from '../support/eventually.js';

interface Segment {
  owner: string;
  gateway: string;
  since: string;
  until: string | null;
  ended: string | null;
  endedBy: string | null;
  reason: string | null;
  portMap: { id: string; name: string };
  target: { address: string; port: number };
  component: string | null;
}

describe('the past of the ports of a public address', () => {
  let api: Api;
  let gateway: string;
  let last = 0;
  /** A gateway with a public address of its own. */
  const place = async (): Promise<string> => {
    const externalAddress = `198.51.100.${++last}`;
    gateway = (await api.gateway({ externalAddress })).gateway;
    return externalAddress;
  };
  beforeAll(async () => {
    api = await Api.start();
  });
  afterAll(() => api.close());

  const past = async (address: string, query = '', token?: string): Promise<Segment[]> => {
    const path = `/addresses/${address}/ports/tcp/50000/history${query}`;
    const answer = await api.get(path, token === undefined ? {} : { token });
    expect([answer.text, answer.status]).toEqual([answer.text, 200]);
    return answer.body.history as Segment[];
  };
  const map = (more: object = {}) =>
    api.make('/port-maps', { gateway, address: '10.30.0.1', targetPort: 22, connectionPort: 50_000, ...more });
  const report = async (gone: string[]): Promise<void> => {
    const token = await api.token({ sub: 'agent', role: 'gateway', gateway });
    const body = { generation: 0, mode: 'apply', maps: [], gone };
    expect((await api.put(`/gateways/${gateway}/status`, body, { token })).status).toBe(204);
  };
  const tick = async (): Promise<void> => {
    const from = Date.now();
    await eventually('the next millisecond', () => Date.now() > from + 1);
  };

  it('tells who had a port and where it led, until the gateway has confirmed that the rule is gone', async () => {
    const address = await place();
    await report([]); // from now on it must confirm
    const first = await map({ name: 'ssh', owner: 'ann' });
    await tick();
    await api.patch(`/port-maps/${first.id}`, { name: 'ssh2' });
    await tick();
    expect((await api.delete(`/port-maps/${first.id}`)).status).toBe(204);
    // the rule may still be there, and so may the connections
    expect((await past(address))[0]).toMatchObject({ owner: 'ann', until: null, ended: null });
    await report([first.id]);
    const second = await map({ targetPort: 80, address: '10.30.0.2', owner: 'bob' });
    const segments = await past(address);
    expect(segments.map((s) => [s.owner, s.portMap.name, s.target, s.ended, s.endedBy, s.reason])).toEqual([
      ['bob', '', { address: '10.30.0.2', port: 80 }, null, null, null],
      ['ann', 'ssh2', { address: '10.30.0.1', port: 22 }, 'released', 'root', null],
      ['ann', 'ssh', { address: '10.30.0.1', port: 22 }, 'changed', 'root', 'port map changed'],
    ]);
    expect(segments[2]?.until).toBe(segments[1]?.since);
    for (const segment of segments) expect(await past(address, `?at=${segment.since}`)).toEqual([segment]);
    expect((await past(address, `?at=${new Date().toISOString()}`))[0]?.portMap.id).toBe(second.id);
    const bob = await api.token({ sub: 'bob', role: 'member' });
    expect((await past(address, '', bob)).map((segment) => segment.owner)).toEqual(['bob']);
    const page = await api.get(`/addresses/${address}/ports/tcp/50000/history?limit=2`);
    const next = /<([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1] ?? '';
    expect([...page.body.history, ...(await api.get(next)).body.history]).toEqual(segments);
  });

  it('knows the component, after it is gone, and who deleted it', async () => {
    const address = await place();
    await report([]);
    const component = await api.make('/components', { name: 'web', kind: 'x', gateway, ports: [{ targetPort: 443 }] });
    await tick();
    expect((await api.delete(`/components/${component.id}`)).status).toBe(204);
    expect((await past(address))[0]).toMatchObject({ component: component.id, until: null });
    await report([component.portMaps[0].id]);
    expect((await past(address))[0]).toMatchObject({
      component: component.id,
      target: { address: component.leases[0].address, port: 443 },
      ended: 'released',
      endedBy: 'root',
      reason: 'component deleted',
    });
  });

  it('survives its gateway, and tells two with one public address apart', async () => {
    const address = await place();
    const before = gateway;
    await map({ name: 'a' });
    await tick();
    gateway = (await api.gateway({ externalAddress: address })).gateway;
    await map({ name: 'b' }); // the same port of the same address, on a standby
    expect((await past(address)).map((segment) => segment.portMap.name)).toEqual(['b', 'a']);
    expect((await api.delete(`/gateways/${before}?force=true`)).status).toBe(204);
    const [segment, ...rest] = await past(address, `?gateway=${before}`);
    expect([segment?.portMap.name, segment?.ended, segment?.reason, rest]).toEqual([
      'a',
      'released',
      'gateway deleted',
      [],
    ]);
  });
});
