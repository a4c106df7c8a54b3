import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DesiredMap } from '../../src/contract/desired-state.js';
import { desiredOf } from '../../src/gateway/firewall/desired.js';
import type { NftLive } from '../../src/gateway/firewall/nft/live.js';
import { FirewallError } from '../../src/gateway/firewall/firewall.js';
import { NftFirewall } from '../../src/gateway/firewall/nft/nft.js';
import { bucketOf } from '../../src/gateway/firewall/nft/ruleset.js';
import { runTool, type RunTool, type StartTool } from '../../src/gateway/firewall/tool.js';
import { Namespace } from '../../src/demo/namespace.js';
import { dns, few, ssh } from './contract-maps.js';
import { desiredState, manyMaps } from './desired-states.js';
import { firewallContract, type Kernel } from './firewall-contract.js';
import { NFT } from './nft-dialect.js';
import type { Transaction } from '../../src/gateway/firewall/plan.js';
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

  describe('what it says when it cannot', () => {
    let kernel: Opened;
    beforeEach(async () => {
      kernel = await open();
    });
    afterEach(() => kernel.close());
    const change: Transaction[] = [{ table: 'ip berth', text: 'add table ip berth\n' }];

    it('names the missing privilege', async () => {
      const { namespace } = kernel;
      const nobody = ['setpriv', '--reuid', '65534', '--clear-groups'];
      const firewall = new NftFirewall(inside(namespace, nobody), (command, args) =>
        spawn('ip', ['netns', 'exec', namespace.name, ...nobody, command, ...args], { stdio: 'pipe' }),
      );
      const expected = { reason: 'not-permitted', message: expect.stringContaining('CAP_NET_ADMIN') };
      await expect(firewall.read(4)).rejects.toMatchObject(expected);
      await expect(firewall.apply(4, change)).rejects.toMatchObject(expected);
      await firewall.close();
    });

    it('names the missing tool', async () => {
      const firewall = new NftFirewall(
        (command, args, options) => runTool(`no-${command}`, args, options),
        (command, args) => spawn(`no-${command}`, args, { stdio: 'pipe' }),
      );
      const expected = { reason: 'missing', message: expect.stringContaining('nft is not installed') };
      await expect(firewall.variant()).rejects.toMatchObject(expected);
      await expect(firewall.read(4)).rejects.toMatchObject(expected);
      await expect(firewall.apply(4, change)).rejects.toMatchObject(expected);
    });

    it('takes a listing that is cut short for unreadable, although the tool exits with 0', async () => {
      await load(kernel.firewall, [ssh]);
      const run = inside(kernel.namespace);
      const cut: RunTool = async (command, args, options) => {
        const result = await run(command, args, options);
        return { ...result, stdout: result.stdout.slice(0, result.stdout.length / 2) };
      };
      await expect(new NftFirewall(cut).read(4)).rejects.toMatchObject({ reason: 'unreadable' });
    });

    it('ends a tool that does not answer', async () => {
      const firewall = new NftFirewall(inside(kernel.namespace), () => spawn('sleep', ['60'], { stdio: 'pipe' }), {
        ...{ listMs: 1_000, frameMs: 1_000, toolMs: 50 },
      });
      await expect(firewall.apply(4, change)).rejects.toMatchObject({ reason: 'deadline' });
      expect(kernel.firewall.view(await kernel.firewall.read(4)).holdsAnything).toBe(false);
      await firewall.close();
    });

    it('does without an interactive mode that the tool does not have', async () => {
      const firewall = new NftFirewall(inside(kernel.namespace), () => spawn('false', { stdio: 'pipe' }));
      await load(firewall, [ssh]);
      await load(firewall, [ssh, dns], 2);
      expect(firewall.view(await firewall.read(4)).maps).toHaveLength(2);
      await firewall.close();
    });
  });

  it('goes on with another child when its own is killed, between two changes and within one', async () => {
    const kernel = await open();
    const { namespace } = kernel;
    const children: ChildProcess[] = [];
    const firewall = new NftFirewall(inside(namespace), (command, args) => {
      const child = startInside(namespace)(command, args);
      children.push(child);
      return child;
    });
    try {
      await load(firewall, [ssh]);
      await load(firewall, [ssh, dns], 2);
      expect(children).toHaveLength(1);
      expect([...firewall.pids()]).toContain(children[0]?.pid);
      children[0]?.kill('SIGKILL');
      await once(children[0] as ChildProcess, 'close');
      await load(firewall, [ssh, dns, few], 3);
      expect(children).toHaveLength(2);
      // Stopped, it leaves unread what it is given; then its end comes within the change.
      const fewer = desiredOf(desiredState(4, [ssh]), bucketOf);
      const { transactions } = firewall.plan(fewer, await firewall.read(4));
      children[1]?.kill('SIGSTOP');
      const change = firewall.apply(4, transactions);
      await new Promise((resolve) => setImmediate(resolve));
      children[1]?.kill('SIGKILL');
      await expect(change).rejects.toMatchObject({ reason: 'deadline' });
      const desired = desiredOf(desiredState(3, [ssh, dns, few]), bucketOf);
      expect(firewall.plan(desired, await firewall.read(4)).transactions).toEqual([]);
      await load(firewall, [ssh], 5);
      expect(firewall.view(await firewall.read(4)).maps).toHaveLength(1);
    } finally {
      await firewall.close();
      await kernel.close();
    }
  });

  it('reads part by part what it reads at once, and without the frame knows that it does not know it', async () => {
    const kernel = await open();
    const { namespace, firewall } = kernel;
    try {
      await load(firewall, [ssh, few, ...manyMaps(50, 40_000)]);
      const whole = await firewall.read(4);
      // A listing of everything never finishes under somebody else's constant commits.
      const run = inside(namespace);
      const late =
        (isLate: (args: readonly string[]) => boolean): RunTool =>
        (command, args, options) =>
          isLate(args) ? Promise.reject(new FirewallError('deadline', 'too late')) : run(command, args, options);
      const parts = new NftFirewall(late((args) => args.includes('table') && !args.includes('-t')));
      expect(await parts.read(4)).toEqual(whole);
      const blind = new NftFirewall(
        late((args) => args.includes('table')),
        startInside(namespace),
      );
      const live = await blind.read(4);
      expect(live).toEqual({ ...whole, frame: undefined, blockers: [] });
      // Then the frame is written, and a damaged one is whole again without having been read.
      await namespace.exec(['nft', 'insert', 'rule', 'ip', 'berth', 's22', 'return']);
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
