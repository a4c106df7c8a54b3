import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { ComponentOf, PortMap } from '../client/client.js';
import { connectable, facts, quotaLines, reachability, type MachineState } from './machines.js';

const server = createServer((socket) => socket.destroy());
let open: number;
let shut: number;
beforeAll(async () => {
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  shut = (closed.address() as AddressInfo).port;
  closed.close();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open = (server.address() as AddressInfo).port;
});
afterAll(() => void server.close());

const machine = (name: string, status: PortMap['status'], ...ports: number[]): MachineState => {
  const portMaps = ports.map((connectionPort) => ({
    ...{ protocol: 'tcp', targetPort: 22, externalAddress: '127.0.0.1', connectionPort, status },
  }));
  return { component: { name, kind: 'linux', leases: [{ address: '10.0.0.1' }], portMaps } as unknown as ComponentOf };
};

it('a machine is reachable when one of its active ports takes a connection', async () => {
  const machines = [
    machine('open', 'active', shut, open),
    machine('shut', 'active', shut),
    machine('pending', 'pending', open),
    machine('bare', 'active'),
  ];
  expect(machines.map(connectable)).toEqual(['', '', 'initializing', 'initializing']);
  const checked = await reachability(machines);
  expect(checked.map(connectable)).toEqual(['True', 'False', 'initializing', 'initializing']);
  expect(checked.map((one) => facts(one).reachable)).toEqual([true, false, null, null]);
});

it('believes what the gateways say where nothing was tried from here', () => {
  const { component } = machine('a', 'active', 1);
  const said = (routable: boolean | null): string => connectable({ component, routable });
  expect([said(true), said(false), said(null)]).toEqual(['True', 'False', '']);
});

it('quotaLines() says what is held of what', () => {
  const held = { addresses: 3, portMaps: 2 };
  expect(
    quotaLines([
      { owner: 'ann', quota: { addresses: 5, portMaps: null }, held },
      { owner: 'team', held },
    ]),
  ).toEqual(['quota of ann   3 of 5 addresses, 2 port maps', 'quota of team  3 addresses, 2 port maps']);
});
