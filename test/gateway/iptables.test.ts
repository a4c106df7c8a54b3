import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FirewallError } from '../../src/gateway/firewall/firewall.js';
import { IptablesFirewall } from '../../src/gateway/firewall/iptables/iptables.js';
import { runTool, startTool, type RunTool, type StartTool } from '../../src/gateway/firewall/tool.js';
import { desiredOf } from '../../src/gateway/firewall/desired.js';
import { leafChain } from '../../src/gateway/firewall/iptables/ruleset.js';
import { Namespace } from '../../src/demo/namespace.js';
import { desiredState, manyMaps } from './desired-states.js';
import { firewallContract, type Kernel } from './firewall-contract.js';
import { IPTABLES } from './iptables-dialect.js';
import { describeInNamespaces } from '../support/namespace-suite.js';

/** Runs the tools inside a namespace, while this process stays where it is; as another user when asked. */
function inside(namespace: Namespace, prefix: readonly string[] = []): RunTool {
  return (command, args, options) =>
    runTool('ip', ['netns', 'exec', namespace.name, ...prefix, command, ...args], options);
}

/** The same for a tool that is kept running. */
function startInside(namespace: Namespace): StartTool {
  return (command, args) => startTool('ip', ['netns', 'exec', namespace.name, command, ...args]);
}

async function open(saveMs: number): Promise<Kernel> {
  const namespace = await Namespace.create('contract');
  const tool = (family: number): string => (family === 4 ? 'iptables' : 'ip6tables');
  const firewall = new IptablesFirewall(inside(namespace), startInside(namespace), {
    saveMs,
    toolMs: 10_000,
  });
  return {
    firewall,
    meddle: async (family, text) => {
      await namespace.exec([`${tool(family)}-restore`, '--noflush'], text);
    },
    dump: (family) => namespace.exec([`${tool(family)}-save`]),
    close: async () => {
      await firewall.close();
      await namespace.remove();
    },
  };
}

describeInNamespaces('the iptables backend', () => {
  firewallContract('iptables, reading whole tables', IPTABLES, () => open(10_000));
  // A save that may not take any time never finishes, as under somebody else's constant commits.
  firewallContract('iptables, reading chain by chain', IPTABLES, () => open(0));

  describe('what it says when it cannot', () => {
    let namespace: Namespace;
    beforeEach(async () => {
      namespace = await Namespace.create('refuse');
    });
    afterEach(() => namespace.remove());

    it('names the missing privilege', async () => {
      const nobody = ['setpriv', '--reuid', '65534', '--clear-groups'];
      const firewall = new IptablesFirewall(inside(namespace, nobody));
      await expect(firewall.read(4)).rejects.toMatchObject({
        reason: 'not-permitted',
        message: expect.stringContaining('CAP_NET_ADMIN'),
      });
      await expect(firewall.flush(4, [{ protocol: 'tcp', connectionPort: 1, target: '10.0.0.1:1' }])).rejects.toThrow(
        FirewallError,
      );
    });

    it('names the missing tool', async () => {
      const firewall = new IptablesFirewall((command, args, options) => runTool(`no-${command}`, args, options));
      await expect(firewall.read(4)).rejects.toMatchObject({ reason: 'missing' });
      const flows = [{ protocol: 'udp' as const, connectionPort: 1, target: '10.0.0.1:1' }];
      await expect(firewall.flush(4, flows)).resolves.toMatchObject({
        warning: expect.stringContaining('conntrack is not installed'),
      });
    });

    it('takes a table that iptables cannot show whole for unreadable, although the tool exits with 0', async () => {
      await namespace.exec(['nft', '-f', '-'], 'table ip nat { chain x { type nat hook prerouting priority -90; }; }');
      await expect(new IptablesFirewall(inside(namespace)).read(4)).rejects.toMatchObject({
        reason: 'unreadable',
        message: expect.stringContaining('native nftables rules'),
      });
    });
  });

  it('loads 3,000 maps, and finds nothing to do afterwards', async () => {
    const kernel = await open(10_000);
    try {
      const desired = desiredOf(desiredState(1, manyMaps(3_000)), leafChain);
      const { firewall } = kernel;
      await firewall.apply(4, firewall.plan(desired, await firewall.read(4)).transactions);
      const again = firewall.plan(desired, await firewall.read(4));
      expect(again.transactions).toEqual([]);
      expect(again.inPlace.size).toBe(3_000);
    } finally {
      await kernel.close();
    }
  });
});
