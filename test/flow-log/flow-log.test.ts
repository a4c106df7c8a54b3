import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { FlowRecord } from '../../src/gateway/flow-log/record.js';
import { desiredMap, desiredState, removed } from '../gateway/desired-states.js';
import { ControlPlane, eventually, GatewayProcess, Lab, serve } from '../gateway/lab.js';
import { describeInNamespaces } from '../support/namespace-suite.js';

const script = (name: string): string => join(import.meta.dirname, name);

describeInNamespaces('the flow log of a gateway', () => {
  let lab: Lab;
  let controlPlane: ControlPlane;
  let gateway: GatewayProcess;
  let folder: string;
  let sink: ChildProcess | undefined;
  const records: FlowRecord[] = [];
  const map = {
    ...desiredMap({ protocol: 'tcp', connectionPort: 22_600, address: '10.20.0.2', targetPort: 22 }),
    labels: { owner: 'ann', name: 'ssh', component: 'vm1' },
  };
  const wanted = desiredState(1, [map]);

  async function startSink(): Promise<void> {
    const child = lab.gateway.start([process.execPath, script('syslog-sink.mjs'), '6514']);
    sink = child;
    if (child.stdout === null) throw new Error('the sink has no output');
    const ready = once(child.stdout, 'data');
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line !== 'ready') records.push(JSON.parse(line) as FlowRecord);
    });
    await ready;
  }

  const startGateway = (): GatewayProcess =>
    GatewayProcess.start(lab.gateway, controlPlane, {
      FLOW_LOG: 'conntrack',
      FLOW_LOG_TARGET: 'tcp://127.0.0.1:6514',
      FLOW_LOG_SPOOL: folder,
    });
  const burst = async (count: number): Promise<number> =>
    Number(await lab.client.exec([process.execPath, script('burst.mjs'), '192.0.2.1', '22600', String(count), '20']));
  const ids = (): Set<string> => new Set(records.map(({ id }) => id));
  /** The kernel's list of netlink sockets: one of netfilter (12) that hears of new (1) and ended (4) connections. */
  const listening = (): Promise<true> =>
    eventually('conntrack listens', async () =>
      /^\S+\s+12\s+\d+\s+0*5\s/m.test(await lab.gateway.exec(['cat', '/proc/net/netlink'])) ? true : undefined,
    );

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-flow-log-'));
    lab = await Lab.create();
    await serve(lab.one, 'tcp', 22, 'one');
    controlPlane = await ControlPlane.start(lab.gateway);
    controlPlane.set(wanted);
    gateway = startGateway();
    await controlPlane.settled(wanted);
    await listening();
  });
  afterAll(async () => {
    sink?.kill('SIGKILL');
    await gateway.end('SIGTERM');
    await lab.remove();
    await rm(folder, { recursive: true, force: true });
  });

  it('has each new connection through a map, with map, component and owner, although the target is away and the gateway is killed', async () => {
    expect(await burst(100)).toBe(100);
    await eventually('all is on disk', () => (gateway.log.includes('the flow log waits on disk') ? true : undefined));
    await startSink();
    await eventually('the first hundred arrive', () => (ids().size === 100 ? true : undefined));
    expect(records[0]).toMatchObject({
      ...{ gateway: 'lab', protocol: 'tcp', source: '192.0.2.2', destination: '192.0.2.1', connectionPort: 22_600 },
      ...{ target: '10.20.0.2', targetPort: 22, portMap: map.id, name: 'ssh', component: 'vm1', owner: 'ann' },
    });

    // Syslog acknowledges nothing: a server that goes a moment after it took a batch is given it again.
    await eventually('they count as arrived', () =>
      gateway.log.includes('the flow log is delivered again') ? true : undefined,
    );
    sink?.kill('SIGKILL');
    await burst(100);
    await eventually('it is told that the target is away again', () =>
      gateway.log.split('the flow log waits on disk').length === 3 ? true : undefined,
    );
    await gateway.end('SIGKILL');
    gateway = startGateway();
    await listening();
    expect(await burst(50)).toBe(50);
    await startSink();
    await eventually('all two hundred and fifty arrive', () => (ids().size >= 250 ? true : undefined));
    expect(ids().size).toBe(250);
  });

  it('counts connections, packets and bytes by map, and tells them by whom', async () => {
    // The end of a connection is told when the kernel forgets it: at once when its map is removed.
    const gone = desiredState(2, [], [removed(map)]);
    controlPlane.set(gone);
    await controlPlane.settled(gone);
    const last = await eventually('the latest usage is told', () =>
      controlPlane.usage.findLast(({ maps }) => maps.some((told) => told.connections === 50 && told.bytes > 0)),
    );
    expect(last.maps).toMatchObject([{ id: map.id, owner: 'ann', name: 'ssh', component: 'vm1', otherConnections: 0 }]);
    expect(last.maps[0]?.clients).toMatchObject([{ address: '192.0.2.2', connections: 50 }]);
    expect(last.maps[0]?.packets).toBeGreaterThan(50);
  });
});
