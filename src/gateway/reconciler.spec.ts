import { jest } from '@jest/globals';
import { desiredMap, desiredState, manyMaps, removed } from '../../test/gateway/desired-states.js';
import { FakeFirewall } from '../../test/gateway/fake-firewall.js';
import type { GatewayMode, ObservedDrift, StatusReport } from '../contract/desired-state.js';
import { contentKey, contentOf } from './firewall/content.js';
import { Reconciler } from './reconciler.js';
import { PLAN_MODE_REASON } from './reports.js';

const ssh = desiredMap({ protocol: 'tcp', connectionPort: 22_600, address: '10.20.3.7', targetPort: 22 });
const dns = desiredMap({ protocol: 'udp', connectionPort: 53, address: '10.20.3.8', targetPort: 53 });

let kernel: FakeFirewall;
let reconciler: Reconciler | undefined;
let reports: StatusReport[];
let said: string[];
let drifts: ObservedDrift[];
let arrived: () => void;

beforeEach(() => {
  kernel = new FakeFirewall();
  reports = [];
  said = [];
  drifts = [];
  arrived = () => undefined;
});
afterEach(() => reconciler?.close());

function start(mode: GatewayMode = 'apply', recheckMs = 3_600_000): Reconciler {
  reconciler = new Reconciler({
    firewall: kernel,
    mode,
    recheckMs,
    force: false,
    drifted: (drift) => drifts.push(drift),
    log: (level, message) => said.push(`${level}: ${message}`),
    report: (report) => {
      reports.push(report);
      arrived();
    },
  });
  return reconciler;
}

/** The next report that `wanted` accepts; jest's own deadline ends the wait. */
async function reported(wanted: (report: StatusReport) => boolean): Promise<StatusReport> {
  for (;;) {
    const report = reports.shift();
    if (report === undefined) await new Promise<void>((resolve) => (arrived = resolve));
    else if (wanted(report)) return report;
  }
}
const ofGeneration = (generation: number) => (report: StatusReport) => report.generation === generation;
const standings = (report: StatusReport): Record<string, string> =>
  Object.fromEntries(report.maps.map(({ id, status }) => [id, status]));

it('makes maps active once they are read back, and says which are gone', async () => {
  const gateway = start();
  gateway.submit(desiredState(1, [ssh, dns]));
  expect(await reported(ofGeneration(1))).toEqual({
    generation: 1,
    mode: 'apply',
    maps: [ssh, dns].map(({ id, ruleId }) => ({ id, ruleId, status: 'active', reason: null })),
    gone: [],
  });
  kernel.connections.add(contentKey(contentOf(dns))).add(contentKey(contentOf(ssh)));
  gateway.submit(desiredState(2, [ssh], [removed(dns)]));
  // Of the maps in buckets that nothing touched there is nothing to tell.
  expect(await reported(ofGeneration(2))).toMatchObject({ gone: [dns.id], maps: [] });
  expect([...kernel.connections]).toEqual([contentKey(contentOf(ssh))]);
});

it('writes nothing when there is nothing to do, at a start and at every look', async () => {
  start().submit(desiredState(1, [ssh]));
  await reported(ofGeneration(1));
  await reconciler?.close();
  const writes = kernel.writes;
  const again = start('apply', 5);
  again.submit(desiredState(2, [ssh]));
  for (let look = 0; look < 5; look++) await reported(ofGeneration(2));
  expect(kernel.writes).toBe(writes);
});

it('acts on the latest state only, when several came at once', async () => {
  const gateway = start();
  for (let generation = 1; generation <= 50; generation++)
    gateway.submit(desiredState(generation, manyMaps(generation)));
  const report = await reported(ofGeneration(50));
  expect(report.maps).toHaveLength(50);
  expect(kernel.writes).toBeLessThanOrEqual(4);
});

it('finds drift by itself, reports it, repairs it and reports that', async () => {
  start('apply', 10).submit(desiredState(1, [ssh, dns]));
  await reported(ofGeneration(1));
  kernel.restore(4, '*nat\n-F BERTH-T58\nCOMMIT\n');
  const drift = await reported((report) => report.maps.some((map) => map.status === 'drifted'));
  expect(standings(drift)).toEqual({ [ssh.id]: 'drifted' });
  expect(drift.maps[0]?.reason).toMatch(/somebody else/);
  expect(standings(await reported(() => true))).toEqual({ [ssh.id]: 'active', [dns.id]: 'active' });
  expect(said.some((line) => line.startsWith('warn: drift'))).toBe(true);
});

it("fails in the kernel's words what is not in place, keeps the rest active, and tries again", async () => {
  const gateway = start();
  gateway.submit(desiredState(1, [ssh]));
  await reported(ofGeneration(1));
  kernel.failAfter = 0;
  gateway.submit(desiredState(2, [ssh, dns]));
  const failed = await reported(ofGeneration(2));
  expect(standings(failed)).toEqual({ [ssh.id]: 'active', [dns.id]: 'failed' });
  expect(failed.maps[1]?.reason).toBe('the kernel refused it');
  expect(standings(await reported(ofGeneration(2)))).toEqual({ [ssh.id]: 'active', [dns.id]: 'active' });
});

const meddle = (text: string): void => kernel.restore(4, `*nat\n${text}\nCOMMIT\n`);
const FRAME_HIT = { buckets: new Set<string>(), frame: true };

it('reads only what is suspected, names the program, and says how the repair ended', async () => {
  const gateway = start();
  gateway.submit(desiredState(1, [ssh, dns]));
  await reported(ofGeneration(1));
  meddle('-F BERTH-T58');
  gateway.suspect({ buckets: new Set(['BERTH-T58']), frame: false }, 'iptables');
  const drifted = await reported((report) => report.maps.some((map) => map.status === 'drifted'));
  expect(drifted.maps).toEqual([
    {
      id: ssh.id,
      ruleId: ssh.ruleId,
      status: 'drifted',
      reason: expect.stringContaining('another program (iptables)'),
    },
  ]);
  expect(standings(await reported(ofGeneration(1)))).toEqual({ [ssh.id]: 'active' });
  expect(drifts).toEqual([
    { at: expect.any(String), program: 'iptables', found: [expect.any(String)], maps: 1, outcome: 'repaired' },
  ]);
});

it('does not look beyond what is suspected until the regular look', async () => {
  const gateway = start();
  gateway.submit(desiredState(1, [ssh, dns]));
  await reported(ofGeneration(1));
  meddle('-F BERTH-T58');
  gateway.suspect({ buckets: new Set(['BERTH-U00']), frame: false });
  await reported(ofGeneration(1));
  expect([kernel.save(4, 'nat').includes(ssh.ruleId), drifts]).toEqual([false, []]);
  gateway.suspect('anything');
  await reported((report) => report.maps.some((map) => map.status === 'active'));
  expect(kernel.save(4, 'nat')).toContain(ssh.ruleId);
});

it('repairs a thing three times a minute, then raises an alarm instead of a fight; the others go on', async () => {
  const gateway = start();
  gateway.submit(desiredState(1, [ssh, dns]));
  await reported(ofGeneration(1));
  const isOver = (report: StatusReport): boolean => report.maps.some((map) => map.status !== 'drifted');
  const scope = { buckets: new Set(['BERTH-T58']), frame: false };
  for (let time = 0; time < 3; time++) {
    meddle('-F BERTH-T58');
    gateway.suspect(scope, 'rival');
    expect(standings(await reported(isOver))).toEqual({ [ssh.id]: 'active' });
  }
  meddle('-F BERTH-T58');
  gateway.suspect(scope, 'rival');
  expect(standings(await reported(isOver))).toEqual({ [ssh.id]: 'failed' });
  expect(kernel.save(4, 'nat')).not.toContain(ssh.ruleId);
  expect(said.filter((line) => line.startsWith('error: alarm'))).toHaveLength(1);
  expect(drifts.map((drift) => drift.outcome)).toEqual(['repaired', 'repaired', 'repaired', 'contested']);
  const web = desiredMap({ protocol: 'udp', connectionPort: 54, address: '10.20.3.8', targetPort: 53 });
  gateway.submit(desiredState(2, [ssh, dns, web]));
  expect(standings(await reported(ofGeneration(2)))).toMatchObject({ [web.id]: 'active' });
});

it.each<[string, string, { buckets: Set<string>; frame: boolean }]>([
  ['a leaf', '-F BERTH-T58', { buckets: new Set(['BERTH-T58']), frame: false }],
  ['the hooks', '-F PREROUTING', FRAME_HIT],
])('tries %s again once a minute has passed, and then rests', async (_what, damage, scope) => {
  const clock = jest.spyOn(Date, 'now');
  try {
    const gateway = start();
    gateway.submit(desiredState(1, [ssh]));
    await reported(ofGeneration(1));
    const isOver = (report: StatusReport): boolean => report.maps.some((map) => map.status !== 'drifted');
    for (let time = 0; time < 4; time++) {
      meddle(damage);
      gateway.suspect(scope, 'rival');
      expect(standings(await reported(isOver))).toEqual({ [ssh.id]: time < 3 ? 'active' : 'failed' });
    }
    // A look at another part while it is contested does not call it good.
    gateway.suspect({ buckets: new Set(['BERTH-U00']), frame: false });
    expect(standings(await reported(isOver))).toEqual({ [ssh.id]: 'failed' });
    const later = Date.now() + 60_001;
    clock.mockImplementation(() => later);
    gateway.suspect({ buckets: new Set(), frame: false });
    expect(standings(await reported(isOver))).toEqual({ [ssh.id]: 'active' });
    expect(kernel.save(4, 'nat')).toMatch(/berth1:hook:pre[^]*--to-destination 10.20.3.7:22/);
    // A loop without rest would read on and on.
    const { reads } = kernel;
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect([kernel.reads, reports]).toEqual([reads, []]);
  } finally {
    clock.mockRestore();
  }
});

it('leaves contested hooks alone too, and says so of every map', async () => {
  const gateway = start();
  gateway.submit(desiredState(1, [ssh, dns]));
  await reported(ofGeneration(1));
  const isOver = (report: StatusReport): boolean => report.maps.every((map) => map.status !== 'drifted');
  for (let time = 0; time < 4; time++) {
    meddle('-F PREROUTING');
    gateway.suspect(FRAME_HIT, 'rival');
    const expected = time < 3 ? 'active' : 'failed';
    const report = await reported((one) => isOver(one) && one.maps.length > 0);
    expect(new Set(report.maps.map((map) => map.status))).toEqual(new Set([expected]));
  }
  expect(kernel.save(4, 'nat')).not.toContain('berth1:hook:pre');
});

it('goes on where a refusal between the two tables left off', async () => {
  kernel.failAfter = 1;
  start().submit(desiredState(1, [ssh]));
  expect(standings(await reported(ofGeneration(1)))).toEqual({ [ssh.id]: 'failed' });
  expect(standings(await reported(ofGeneration(1)))).toEqual({ [ssh.id]: 'active' });
});

it('takes a read that is cut short for a failure, and writes nothing', async () => {
  const gateway = start();
  gateway.submit(desiredState(1, [ssh]));
  await reported(ofGeneration(1));
  const writes = kernel.writes;
  kernel.distort = (text) => text.slice(0, text.indexOf('COMMIT'));
  gateway.suspect('anything');
  gateway.submit(desiredState(2, [ssh, dns], []));
  const failed = await reported(ofGeneration(2));
  expect(standings(failed)).toEqual({ [ssh.id]: 'active', [dns.id]: 'failed' });
  expect(failed.gone).toEqual([]);
  expect(kernel.writes).toBe(writes);
});

it('does not call a map gone whose connections could not be cut', async () => {
  const gateway = start();
  gateway.submit(desiredState(1, [ssh]));
  await reported(ofGeneration(1));
  const flush = kernel.flush.bind(kernel);
  kernel.flush = () => Promise.reject(new Error('conntrack did not finish'));
  gateway.submit(desiredState(2, [], [removed(ssh)]));
  expect((await reported(ofGeneration(2))).gone).toEqual([]);
  kernel.flush = flush;
  expect((await reported(ofGeneration(2))).gone).toEqual([ssh.id]);
  expect(kernel.save(4, 'nat')).not.toContain('berth1:flush');
});

it('refuses what the fuse refuses, and leaves the kernel as it is', async () => {
  const gateway = start();
  gateway.submit(desiredState(1, manyMaps(100)));
  await reported(ofGeneration(1));
  const before = kernel.save(4, 'nat');
  gateway.submit(desiredState(2, [ssh]));
  const failed = await reported(ofGeneration(2));
  expect(standings(failed)).toEqual({ [ssh.id]: 'failed' });
  expect(failed.maps[0]?.reason).toContain('--force');
  expect(kernel.save(4, 'nat')).toBe(before);
});

it('leaves the other family when the external address changes its own', async () => {
  const v6 = desiredMap({ protocol: 'tcp', connectionPort: 22_600, address: 'fd00::7', targetPort: 22 });
  const gateway = start();
  gateway.submit(desiredState(1, [ssh]));
  await reported(ofGeneration(1));
  gateway.submit(desiredState(2, [v6], [removed(ssh)], { externalAddress: '2001:db8::1', networks: [] }));
  expect((await reported(ofGeneration(2))).maps).toMatchObject([{ id: v6.id, status: 'active' }]);
  expect(kernel.save(4, 'nat') + kernel.save(4, 'filter')).not.toMatch(/BERTH-|berth1:/);
  expect(kernel.save(6, 'nat')).toContain('[fd00::7]:22');
});

describe('in plan mode', () => {
  it('shows and changes nothing: what is live is active, the rest pending, what is not there is gone', async () => {
    start().submit(desiredState(1, [ssh]));
    await reported(ofGeneration(1));
    await reconciler?.close();
    const before = kernel.save(4, 'nat');
    start('plan').submit(desiredState(2, [ssh, dns], [{ id: 'old', ruleId: 'berth1:0000000000000000' }]));
    expect(await reported(ofGeneration(2))).toEqual({
      generation: 2,
      mode: 'plan',
      maps: [
        { id: ssh.id, ruleId: ssh.ruleId, status: 'active', reason: null },
        { id: dns.id, ruleId: dns.ruleId, status: 'pending', reason: PLAN_MODE_REASON },
      ],
      gone: ['old'],
    });
    reconciler?.submit(desiredState(3, [], [removed(ssh)]));
    expect((await reported(ofGeneration(3))).gone).toEqual([]);
    expect(kernel.save(4, 'nat')).toBe(before);
  });

  it.each(['not-permitted', 'missing'] as const)(
    'takes the kernel for unmanaged when reading is %s',
    async (reason) => {
      kernel.failure = { reason, message: 'you must be root' };
      start('plan', 5).submit(desiredState(1, [ssh], [removed(dns)]));
      for (let look = 0; look < 3; look++) {
        expect(await reported(ofGeneration(1))).toMatchObject({
          maps: [{ id: ssh.id, status: 'pending' }],
          gone: [dns.id],
        });
      }
      expect(said.filter((line) => line.includes('you must be root'))).toHaveLength(1);
    },
  );
});
