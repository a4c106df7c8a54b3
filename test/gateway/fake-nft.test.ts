import { FirewallError, type Firewall } from '../../src/gateway/firewall/firewall.js';
import { changedParts, mergeLive, viewOf, type NftLive } from '../../src/gateway/firewall/nft/live.js';
import { plan, planRemoval } from '../../src/gateway/firewall/nft/plan.js';
import { bucketOf } from '../../src/gateway/firewall/nft/ruleset.js';
import { FakeNftKernel } from './fake-nft-kernel.js';
import { firewallContract } from './firewall-contract.js';
import { NFT } from './nft-dialect.js';

/** The pure half of the nft backend on a kernel in memory. */
function inMemory(kernel: FakeNftKernel): Firewall<NftLive> {
  return {
    name: 'nft',
    variant: () => Promise.resolve('in memory'),
    bucketOf,
    merge: mergeLive,
    changed: changedParts,
    view: viewOf,
    plan,
    planRemoval,
    pids: () => new Set(),
    close: () => Promise.resolve(),
    read: (family) => Promise.resolve(kernel.live(family)),
    apply: async (_family, transactions) => {
      for (const { text } of transactions) {
        if (!text.endsWith('\n')) throw new FirewallError('refused', 'cut short');
        kernel.run(text);
        await Promise.resolve();
      }
    },
    flush: () => Promise.resolve({ warning: null }),
  };
}

firewallContract('nft in memory', NFT, () => {
  const kernel = new FakeNftKernel();
  return Promise.resolve({
    firewall: inMemory(kernel),
    meddle: async (_family, text) => {
      kernel.run(text);
      await Promise.resolve();
    },
    dump: () => Promise.resolve(kernel.dump()),
    close: () => Promise.resolve(),
  });
});
