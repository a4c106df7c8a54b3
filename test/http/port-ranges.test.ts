import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parseDesiredState } from '../../src/contract/desired-state.schema.js';
import type { DesiredState } from '../../src/contract/desired-state.js';
import { ruleId } from '../../src/contract/rule-id.js';
import { Api, type Answer } from '../support/api.js';

describe('port maps of several ports', () => {
  let api: Api;
  let gateway: string;
  let agent: string;
  let last = 0;
  let externalAddress: string;

  beforeAll(async () => {
    api = await Api.start();
  });
  afterAll(() => api.close());
  beforeEach(async () => {
    externalAddress = `198.51.100.${++last}`;
    ({ gateway } = await api.gateway({ externalAddress }));
    agent = await api.token({ sub: 'agent', role: 'gateway', gateway });
    await report([]); // from now on it must confirm
  });

  const post = (body: object = {}): Promise<Answer> =>
    api.post('/port-maps', { gateway, address: '10.30.0.1', targetPort: 4_000, ...body });
  const make = async (body: object = {}): Promise<Answer['body']> => {
    const answer = await post(body);
    expect([answer.text, answer.status]).toEqual([answer.text, 201]);
    return answer.body;
  };
  const desired = async (): Promise<DesiredState> =>
    parseDesiredState((await api.get(`/gateways/${gateway}/desired-state`, { token: agent })).body);
  async function report(gone: string[]): Promise<void> {
    const body = { generation: 0, mode: 'apply', maps: [], gone };
    expect((await api.put(`/gateways/${gateway}/status`, body, { token: agent })).status).toBe(204);
  }

  it('take the lowest ports that are free in a row, or those asked for, and tell the gateway', async () => {
    expect(await make()).toMatchObject({ connectionPort: 50_000, size: 1 });
    await make({ connectionPort: 50_003 });
    const range = await make({ size: 10, protocol: 'tcp', sources: ['198.51.100.0/24'] });
    expect(range).toMatchObject({ connectionPort: 50_004, targetPort: 4_000, size: 10 });
    expect(await make({ size: 2 })).toMatchObject({ connectionPort: 50_001 });
    expect(await make({ size: 5, connectionPort: 50_090 })).toMatchObject({ connectionPort: 50_090, size: 5 });
    const { maps } = await desired();
    const told = maps.find(({ id }) => id === range.id);
    expect(told).toMatchObject({ connectionPort: 50_004, size: 10, sources: ['198.51.100.0/24'] });
    expect(told?.ruleId).toBe(ruleId(told ?? { protocol: 'tcp', connectionPort: 0, address: '', targetPort: 0 }));
    expect(maps.find(({ connectionPort }) => connectionPort === 50_000)).not.toHaveProperty('size');
  });

  it('share no port with another, and are had whole or not at all', async () => {
    await make({ size: 10, connectionPort: 50_010 });
    for (const body of [
      { connectionPort: 50_010 },
      { connectionPort: 50_019 },
      { connectionPort: 50_019, size: 2 },
      { connectionPort: 50_001, size: 10 },
      { connectionPort: 50_005, size: 50 },
    ]) {
      const refused = await post(body);
      expect([body, refused.status, refused.body.code]).toEqual([body, 409, 'port-in-use']);
    }
    // 81 are free after it, 10 before: what was refused took nothing.
    expect((await post({ size: 82 })).body.code).toBe('ports-exhausted');
    expect(await make({ size: 81 })).toMatchObject({ connectionPort: 50_020 });
    expect(await make({ size: 10 })).toMatchObject({ connectionPort: 50_000 });
    expect((await post()).body.code).toBe('ports-exhausted');
  });

  it('are kept apart by the database too', async () => {
    const { id } = await make({ size: 10, connectionPort: 50_010 });
    const copy = (port: number, size: number): Promise<unknown> =>
      api.sql(
        `INSERT INTO port_map (id, name, tags, owner, gateway_id, protocol, connection_port, size, address, target_port, rule_id)
         SELECT gen_random_uuid()::text, name, tags, owner, gateway_id, protocol, $2, $3, address, 1, 'x'
         FROM port_map WHERE id = $1`,
        [id, port, size],
      );
    await expect(copy(50_019, 1)).rejects.toThrow(/port_map_ports/);
    await expect(copy(50_001, 10)).rejects.toThrow(/port_map_ports/);
    await expect(copy(50_021, 2_000)).rejects.toThrow(/port_map_size/);
  });

  it('give all their ports back once the gateway has confirmed', async () => {
    const { id } = await make({ size: 101 });
    expect((await api.delete(`/port-maps/${id}`)).status).toBe(204);
    expect((await desired()).removing).toEqual([
      expect.objectContaining({ id, range: expect.objectContaining({ connectionPort: 50_000, size: 101 }) as unknown }),
    ]);
    expect((await post()).body.code).toBe('ports-exhausted');
    await report([id]);
    expect(await make({ size: 101 })).toMatchObject({ connectionPort: 50_000 });
  });

  it('are found by any of their ports, and so is their past', async () => {
    const { id } = await make({ size: 10, name: 'media', protocol: 'udp' });
    const at = async (port: number): Promise<string[]> =>
      (await api.get(`/port-maps?gateway=${gateway}&connectionPort=${port}`)).body.portMaps.map(
        (map: { id: string }) => map.id,
      ) as string[];
    expect([await at(50_000), await at(50_009), await at(50_010)]).toEqual([[id], [id], []]);
    const past = async (port: number): Promise<unknown[]> =>
      (await api.get(`/addresses/${externalAddress}/ports/udp/${port}/history`)).body.history as unknown[];
    const held = { portMap: { id, name: 'media' }, target: { address: '10.30.0.1', port: 4_009 } };
    expect(await past(50_009)).toMatchObject([{ ...held, ended: null }]);
    await api.delete(`/port-maps/${id}`);
    await report([id]);
    expect(await past(50_009)).toMatchObject([{ ...held, ended: 'released' }]);
    expect(await past(50_010)).toEqual([]);
  });

  it('count by their ports in a quota', async () => {
    await api.put('/quotas/range-owner', { portMaps: 12 });
    await make({ size: 10, owner: 'range-owner' });
    const refused = await post({ size: 3, owner: 'range-owner' });
    expect([refused.status, refused.body.code]).toEqual([409, 'quota-exceeded']);
    await make({ size: 2, owner: 'range-owner' });
    expect((await post({ owner: 'range-owner' })).body.code).toBe('quota-exceeded');
  });

  it.each<[string, object, string]>([
    ['none', { size: 0 }, 'size'],
    ['more than 1,024', { size: 1_025 }, 'size'],
    ['a part of one', { size: 1.5 }, 'size'],
    ['ports behind the last of the gateway', { size: 10, connectionPort: 50_095 }, 'connectionPort'],
    ['ports that are none', { size: 100, connectionPort: 65_500 }, 'connectionPort'],
    ['target ports that are none', { size: 3, targetPort: 65_534 }, 'targetPort'],
  ])('are refused with %s', async (_what, body, field) => {
    const answer = await post(body);
    expect([answer.status, answer.body.errors?.[0]?.field]).toEqual([422, field]);
  });
});
