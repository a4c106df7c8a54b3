import { desiredMap, desiredState, manyMaps, removed } from '../../test/gateway/desired-states.js';
import { FakeFirewall } from '../../test/gateway/fake-firewall.js';
import { applyOnce, PlanChanged } from './apply-once.js';
import { contentKey, contentOf } from './firewall/content.js';
import { desiredOf, type Desired } from './firewall/desired.js';
import { isEmpty } from './firewall/plan.js';

const ssh = desiredMap({ protocol: 'tcp', connectionPort: 22_600, address: '10.20.3.7', targetPort: 22 });
const dns = desiredMap({ protocol: 'udp', connectionPort: 53, address: '10.20.3.8', targetPort: 53 });

let kernel: FakeFirewall;
beforeEach(() => {
  kernel = new FakeFirewall();
});
const indexed = (...state: Parameters<typeof desiredState>): Desired =>
  desiredOf(desiredState(...state), (protocol, port) => kernel.bucketOf(protocol, port));
const planned = async (desired: Desired): Promise<string> => kernel.plan(desired, await kernel.read(4)).hash;

it('carries out the plan that was looked at, and cuts its flows', async () => {
  const first = indexed(1, [ssh, dns]);
  await applyOnce(kernel, first, await planned(first));
  kernel.connections.add(contentKey(contentOf(dns))).add(contentKey(contentOf(ssh)));
  const second = indexed(2, [ssh], [removed(dns)]);
  const { flows } = await applyOnce(kernel, second, await planned(second));
  expect(flows).toHaveLength(1);
  expect([...kernel.connections]).toEqual([contentKey(contentOf(ssh))]);
  expect(isEmpty(kernel.plan(second, await kernel.read(4)))).toBe(true);
});

it.each<[string, (looked: Desired) => Promise<Desired> | Desired]>([
  ['what is desired has changed', () => indexed(2, [ssh])],
  [
    'what is live has changed',
    (looked) => {
      kernel.restore(4, '*nat\n:BERTH-T58 - [0:0]\n-A BERTH-T58 -j RETURN\nCOMMIT\n');
      return looked;
    },
  ],
  [
    'it has been done already',
    async (looked) => {
      await applyOnce(kernel, looked, await planned(looked));
      return looked;
    },
  ],
])('writes nothing when %s since', async (_what, happen) => {
  const looked = indexed(1, [ssh, dns]);
  const hash = await planned(looked);
  const desired = await happen(looked);
  const writes = kernel.writes;
  await expect(applyOnce(kernel, desired, hash)).rejects.toThrow(PlanChanged);
  expect(kernel.writes).toBe(writes);
});

it('does not get round the fuse', async () => {
  const many = indexed(1, manyMaps(100));
  await applyOnce(kernel, many, await planned(many));
  const none = indexed(2, []);
  const hash = await planned(none);
  await expect(applyOnce(kernel, none, hash)).rejects.toThrow(/--force/);
  await applyOnce(kernel, none, hash, true);
  expect(kernel.save(4, 'nat')).not.toContain('--to-destination');
});
