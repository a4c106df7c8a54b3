import { spawn } from 'node:child_process';
import { expect, it } from '@jest/globals';
import type { DesiredMap } from '../../src/contract/desired-state.js';
import { desiredOf } from '../../src/gateway/firewall/desired.js';
import type { NftLive } from '../../src/gateway/firewall/nft/live.js';
import { NftFirewall } from '../../src/gateway/firewall/nft/nft.js';
import { bucketOf } from '../../src/gateway/firewall/nft/ruleset.js';
import { runTool, type RunTool, type StartTool } from '../../src/gateway/firewall/tool.js';
import { Namespace } from '../../src/demo/namespace.js';
import { few, ssh } from './contract-maps.js';
import { desiredState, manyMaps } from './desired-states.js';
import { firewallContract, type Kernel } from './firewall-contract.js';
import { NFT } from './nft-dialect.js';
import { describeInNamespaces } from '../support/namespace-suite.js';

/** Runs the tools inside a namespace, while this process stays where it is; as another user when asked. */
const inside =
  (namespace: Namespace, prefix: readonly string[] = []): RunTool =>
  (command, args, options) =>
    runTool('ip', ['netns', 'exec', namespace.name, ...prefix, command, ...args], options);
const startInside =
  (namespace: Namespace): StartTool =>
  (command, args) =>
    spawn('ip', ['netns', 'exec', namespace.name, command, ...args], { stdio: 'pipe' });

interface Opened extends Kernel {
  namespace: Namespace;
  firewall: NftFirewall;
}

async function open(): Promise<Opened> {
  const namespace = await Namespace.create('contract');
  const firewall = new NftFirewall(inside(namespace), startInside(namespace), {
    ...{ listMs: 10_000, frameMs: 10_000, toolMs: 10_000 },
  });
  return {
    namespace,
    firewall,
    meddle: async (_family, text) => {
      await namespace.exec(['nft', '-f', '-'], text);
    },
    dump: () => namespace.exec(['nft', '-s', 'list', 'ruleset']),
    close: async () => {
      await firewall.close();
      await namespace.remove();
    },
  };
}

describeInNamespaces('the nft backend', () => {
  firewallContract('nft', NFT, () => open());

  const load = async (firewall: NftFirewall, maps: DesiredMap[], generation = 1): Promise<void> => {
    const desired = desiredOf(desiredState(generation, maps), bucketOf);
    await firewall.apply(4, firewall.plan(desired, await firewall.read(4)).transactions);
  };

  it('reads part by part what it reads at once, and without the frame knows that it does not know it', async () => {
    const kernel = await open();
    const { namespace, firewall } = kernel;
    try {
      await load(firewall, [ssh, few, ...manyMaps(50, 40_000)]);
      const whole = await firewall.read(4);
      // A listing that may not take any time never finishes, as under somebody else's constant commits.
      const parts = new NftFirewall(inside(namespace), startInside(namespace), {
        listMs: 0,
        frameMs: 5_000,
        toolMs: 5_000,
      });
      expect(await parts.read(4)).toEqual(whole);
      const blind = new NftFirewall(inside(namespace), startInside(namespace), {
        listMs: 0,
        frameMs: 0,
        toolMs: 5_000,
      });
      const live = await blind.read(4);
      expect(live).toEqual({ ...whole, frame: undefined, blockers: [] });
      // Then the frame is written, and a damaged one is whole again without having been read.
      await namespace.exec(['nft', 'insert', 'rule', 'ip', 'berth', 's11', 'return']);
      const desired = desiredOf(desiredState(1, [ssh, few, ...manyMaps(50, 40_000)]), bucketOf);
      const next = blind.plan(desired, live);
      await blind.apply(4, next.transactions);
      await blind.close();
      const after = await firewall.read(4);
      expect(firewall.plan(desired, after).transactions).toEqual([]);
      expect(firewall.changed(next.outcome as NftLive, after)).toEqual({ buckets: new Set(), frame: false });
    } finally {
      await kernel.close();
    }
  });
});
