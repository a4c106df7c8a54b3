import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DesiredState } from '../../src/contract/desired-state.js';
import { FirewallError, type Firewall } from '../../src/gateway/firewall/firewall.js';
import { desiredOf, familyOf } from '../../src/gateway/firewall/desired.js';
import type { Table } from '../../src/gateway/firewall/iptables/ruleset.js';
import { isEmpty, type Plan } from '../../src/gateway/firewall/plan.js';
import type { Family } from '../../src/ip/address.js';
import { desiredMap, desiredState, manyMaps, removed } from './desired-states.js';

export interface Kernel {
  firewall: Firewall;
  /** What another program does: input of `iptables-restore --noflush`. */
  meddle(family: Family, text: string): Promise<void>;
  /** Text of `iptables-save -t <table>`. */
  save(family: Family, table: Table): Promise<string>;
  close(): Promise<void>;
}

const ssh = desiredMap({ protocol: 'tcp', connectionPort: 22_600, address: '10.20.3.7', targetPort: 22 });
const web = desiredMap({ protocol: 'tcp', connectionPort: 22_601, address: '10.20.3.7', targetPort: 80 });
const dns = desiredMap({ protocol: 'udp', connectionPort: 53, address: '10.20.3.8', targetPort: 53 });
const last = desiredMap({ protocol: 'tcp', connectionPort: 65_535, address: '10.20.3.9', targetPort: 65_535 });
const v6 = desiredMap({ protocol: 'tcp', connectionPort: 443, address: 'fd00::7', targetPort: 443 });
const v4tail = desiredMap({ protocol: 'udp', connectionPort: 1, address: '::102:304', targetPort: 1 });
const few = desiredMap({
  ...{ protocol: 'tcp', connectionPort: 22_602, address: '10.20.3.7', targetPort: 8080 },
  sources: ['198.51.100.0/24', '203.0.113.7/32'],
});
const few6 = desiredMap({
  ...{ protocol: 'udp', connectionPort: 2, address: 'fd00::8', targetPort: 2 },
  sources: ['::102:304/128', '2001:db8:5::/48'],
});
const gateway6 = { externalAddress: '2001:db8::1', networks: ['fd00::/64', '10.0.0.0/8'] };

/** What every backend has to do, whatever it is made of. */
export function firewallContract(name: string, open: () => Promise<Kernel>): void {
  describe(`firewall contract: ${name}`, () => {
    let kernel: Kernel;
    beforeEach(async () => {
      kernel = await open();
    });
    afterEach(() => kernel.close());

    const read = (family: Family = 4): Promise<unknown> => kernel.firewall.read(family);
    const plan = (state: DesiredState, live: unknown): Plan =>
      kernel.firewall.plan(
        desiredOf(state, (protocol, port) => kernel.firewall.bucketOf(protocol, port)),
        live,
      );
    const holdsAnything = (live: unknown): boolean => kernel.firewall.view(live).holdsAnything;
    const liveRuleIds = (live: unknown): (string | undefined)[] =>
      kernel.firewall.view(live).maps.map((map) => map.ruleId);

    /** Reads, plans, applies, and demands that nothing is left to do but cutting flows. */
    async function converge(desired: DesiredState): Promise<unknown> {
      const family = familyOf(desired.gateway);
      const first = plan(desired, await read(family));
      await kernel.firewall.apply(family, first.transactions);
      const between = plan(desired, await read(family));
      expect(between.transactions).toEqual([]);
      expect(between.flows).toEqual(first.flows);
      if (between.settle !== undefined) {
        await kernel.firewall.flush(family, between.flows);
        await kernel.firewall.apply(family, [between.settle]);
      }
      const live = await read(family);
      const second = plan(desired, live);
      expect(second.transactions).toEqual([]);
      expect(isEmpty(second)).toBe(true);
      expect([...new Set(liveRuleIds(live))].sort()).toEqual(desired.maps.map((map) => map.ruleId).sort());
      expect(second.inPlace.size).toBe(desired.maps.length);
      return live;
    }

    it('reads a kernel that holds nothing of ours as holding nothing', async () => {
      expect(holdsAnything(await read(4))).toBe(false);
      expect(holdsAnything(await read(6))).toBe(false);
    });

    it('loads, changes, retargets and empties, each in one pass that a second finds nothing to add to', async () => {
      await converge(desiredState(1, []));
      await converge(desiredState(2, [ssh, dns, last]));
      await converge(desiredState(3, [ssh, web, last], [removed(dns)]));
      await converge(desiredState(4, [ssh, web, last, few]));
      const narrower = desiredMap({ ...few, sources: ['198.51.100.0/25'] });
      await converge(desiredState(4, [ssh, web, last, narrower]));
      const opened = { ...narrower };
      delete opened.sources;
      await converge(desiredState(4, [ssh, web, last, desiredMap(opened)]));
      await converge(desiredState(4, [ssh, last], [removed(web)]));
      await converge(desiredState(4, [ssh, web, last]));
      const moved = desiredMap({ ...ssh, address: '10.20.3.10' });
      await converge(desiredState(4, [moved, web], [removed(last)]));
      await converge(desiredState(5, [], [removed(moved), removed(web)]));
    });

    it('speaks IPv6 with ip6tables alone, networks of the other family left out', async () => {
      await converge(desiredState(1, [v6, v4tail, few6], [], gateway6));
      expect(holdsAnything(await read(4))).toBe(false);
      expect(await kernel.save(6, 'nat')).toMatch(/-A PREROUTING .*berth1:hook:pre/);
    });

    it('writes the marker of what was applied with the rules, and nothing when only the generation moves on', async () => {
      await converge(desiredState(7, [ssh]));
      const text = await kernel.save(4, 'nat');
      expect(text).toMatch(/-A BERTH-STATE -m comment --comment "?berth1:state:7:[0-9a-f]{16}"?\n/);
      expect(isEmpty(plan(desiredState(8, [ssh]), await read()))).toBe(true);
    });

    const damages: [string, Table, string][] = [
      ['a rule that is not ours before our rules', 'nat', '-A BERTH-T58 -p tcp -m tcp --dport 22600 -j RETURN'],
      ['a rule of ours twice', 'nat', ruleLine(ssh.ruleId)],
      ['a rule with our id and another target', 'nat', ruleLine(web.ruleId, '10.66.66.66:80')],
      ['a rule of ours deleted', 'nat', `-D ${ruleLine(ssh.ruleId).slice(3)}`],
      ['a leaf emptied', 'nat', '-F BERTH-T58'],
      ['the entry emptied', 'nat', '-F BERTH-PM'],
      ['junk in the entry', 'nat', '-A BERTH-PM -p udp -j RETURN'],
      ['the state chain removed', 'nat', '-F BERTH-STATE\n-X BERTH-STATE'],
      [
        'the hook twice',
        'nat',
        '-A PREROUTING -m addrtype --dst-type LOCAL -m comment --comment "berth1:hook:pre" -j BERTH-PM',
      ],
      [
        'the hook gone',
        'nat',
        '-D PREROUTING -m addrtype --dst-type LOCAL -m comment --comment "berth1:hook:pre" -j BERTH-PM',
      ],
      [
        'a hook with our mark that we do not know',
        'filter',
        '-A FORWARD -m comment --comment "berth1:hook:old" -j ACCEPT',
      ],
      ['the forward hooks gone', 'filter', '-F FORWARD'],
    ];
    it.each(damages)('repairs in one pass: %s', async (_what, table, text) => {
      const desired = desiredState(1, [ssh, web, dns]);
      await converge(desired);
      await kernel.meddle(4, `*${table}\n${text}\nCOMMIT\n`);
      expect(plan(desired, await read()).transactions).not.toEqual([]);
      await converge(desired);
    });

    it('brings everything back after all tables were wiped', async () => {
      const desired = desiredState(1, [ssh, web, dns]);
      await converge(desired);
      const live = await read();
      await kernel.firewall.apply(4, kernel.firewall.planRemoval(live));
      expect(holdsAnything(await read())).toBe(false);
      await converge(desired);
    });

    it('applies a table wholly or not at all, and says what was refused', async () => {
      await converge(desiredState(1, [ssh]));
      const before = await kernel.save(4, 'nat');
      const text = `*nat\n${ruleLine(web.ruleId, '10.20.3.7:80')}\n-D BERTH-T58 -p tcp -m tcp --dport 9 -j RETURN\nCOMMIT\n`;
      const refused = kernel.firewall.apply(4, [{ table: 'nat', text }]);
      await expect(refused).rejects.toThrow(FirewallError);
      await expect(refused).rejects.toMatchObject({ reason: 'refused', message: expect.stringContaining('Bad rule') });
      expect(withoutTime(await kernel.save(4, 'nat'))).toBe(withoutTime(before));
    });

    it('takes a text that is cut short for nothing', async () => {
      const text = '*nat\n:BERTH-PM - [0:0]\n';
      await expect(kernel.firewall.apply(4, [{ table: 'nat', text }])).rejects.toMatchObject({ reason: 'refused' });
      expect(holdsAnything(await read())).toBe(false);
    });

    it('leaves the rules of others byte for byte, before and after ours, through changes, repair and removal', async () => {
      await kernel.meddle(4, FOREIGN_BEFORE);
      const before = [foreign(await kernel.save(4, 'nat')), foreign(await kernel.save(4, 'filter'))];
      await converge(desiredState(1, [ssh, dns]));
      await kernel.meddle(4, FOREIGN_AFTER);
      const expected = [foreign(await kernel.save(4, 'nat')), foreign(await kernel.save(4, 'filter'))];
      expect(expected[0]).not.toBe(before[0]);
      await kernel.meddle(4, '*nat\n-A BERTH-T58 -j RETURN\nCOMMIT\n');
      await converge(desiredState(2, [web, dns], [removed(ssh)]));
      await converge(desiredState(3, manyMaps(300)));
      expect([foreign(await kernel.save(4, 'nat')), foreign(await kernel.save(4, 'filter'))]).toEqual(expected);
      await kernel.firewall.apply(4, kernel.firewall.planRemoval(await read()));
      expect(holdsAnything(await read())).toBe(false);
      expect([foreign(await kernel.save(4, 'nat')), foreign(await kernel.save(4, 'filter'))]).toEqual(expected);
      const text = (await kernel.save(4, 'nat')) + (await kernel.save(4, 'filter'));
      expect(text).not.toMatch(/BERTH-|berth1:/);
    });
  });

  function ruleLine(id: string, target = '10.20.3.7:22'): string {
    const port = id === web.ruleId ? 22_601 : 22_600;
    return `-A BERTH-T58 -p tcp -m tcp --dport ${port} -m comment --comment "${id}" -j DNAT --to-destination ${target}`;
  }
}

export const FOREIGN_BEFORE = `*nat
:SITE - [0:0]
-A PREROUTING -p tcp -m tcp --dport 8080 -m comment --comment "site: web" -j SITE
-A SITE -d 192.0.2.1/32 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.20.9.9:80
-A POSTROUTING -s 10.20.0.0/16 -j MASQUERADE
COMMIT
*filter
:SITE-FW - [0:0]
-A FORWARD -j SITE-FW
-A SITE-FW -s 198.51.100.0/24 -j DROP
COMMIT
`;
export const FOREIGN_AFTER = `*nat
-A PREROUTING -p tcp -m tcp --dport 8081 -j SITE
-A POSTROUTING -s 10.21.0.0/16 -m comment --comment "berth-like" -j MASQUERADE
COMMIT
*filter
-A FORWARD -s 203.0.113.0/24 -j DROP
-A INPUT -p tcp -m tcp --dport 23 -j DROP
COMMIT
`;

/** What is left of a save without our chains, our rules, times and counters. */
export function foreign(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#') && !/^(:|-A )BERTH-/.test(line) && !line.includes('berth1:'))
    .map((line) => line.replace(/\[\d+:\d+\]/, ''))
    .join('\n');
}

const withoutTime = (text: string): string => text.replace(/^#.*$/gm, '').replace(/\[\d+:\d+\]/g, '');
