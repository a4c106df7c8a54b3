import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { connect } from '@nats-io/transport-node';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { BusWaker } from '../../src/gateway/wake.js';
import { eventually } from './lab.js';

let port: number;
let bus: ChildProcess | undefined;
let waker: BusWaker | undefined;
let events: number;
let said: string[];

beforeEach(async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
  server.close();
  await once(server, 'close');
  [events, said] = [0, []];
});
afterEach(async () => {
  await waker?.close();
  await stopBus();
});

async function startBus(): Promise<void> {
  bus = spawn('nats-server', ['-a', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  await eventually('nats-server answers', async () => {
    try {
      await (await connect({ servers: `127.0.0.1:${port}` })).close();
      return true;
    } catch {
      return undefined;
    }
  });
}
async function stopBus(): Promise<void> {
  if (bus === undefined) return;
  const exited = once(bus, 'exit');
  bus.kill('SIGKILL');
  await exited;
  bus = undefined;
}
function startWaker(): void {
  const url = `nats://127.0.0.1:${port}`;
  waker = new BusWaker(
    { url },
    () => events++,
    (level, message) => said.push(`${level}: ${message}`),
  );
}
async function publish(subject: string): Promise<void> {
  const connection = await connect({ servers: `127.0.0.1:${port}` });
  connection.publish(subject, 'whatever it says');
  await connection.drain();
}
/** Waits for the wakes of which at least `count` are due. */
const woken = (count: number): Promise<true> =>
  eventually(`${count} wakes`, () => (events >= count ? true : undefined));

it('wakes once when it listens, and at each event about port maps or gateways, no other', async () => {
  await startBus();
  startWaker();
  await woken(1);
  await publish('ipam.lease.created');
  await publish('ipam.port-map.created');
  await woken(2);
  await publish('ipam.gateway.updated');
  await woken(3);
  expect(events).toBe(3);
});

it('comes by itself to a bus that is not there yet, and comes back to one that was away', async () => {
  startWaker();
  await eventually('said that the bus is away', () => (said.length > 0 ? true : undefined));
  expect(said[0]).toMatch(/changes are found by long poll alone/);
  await startBus();
  await woken(1);
  await stopBus();
  await eventually('noticed', () => (said.some((line) => line.includes('the event bus is away')) ? true : undefined));
  await startBus();
  await woken(2);
  const before = events;
  await publish('ipam.port-map.deleted');
  await woken(before + 1);
});

it('closes while the bus is away', async () => {
  startWaker();
  await eventually('said that the bus is away', () => (said.length > 0 ? true : undefined));
  await waker?.close();
});
