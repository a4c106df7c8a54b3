import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DesiredState } from '../../src/contract/desired-state.js';
import { FirewallError, type Firewall } from '../../src/gateway/firewall/firewall.js';
import { desiredOf, familyOf } from '../../src/gateway/firewall/desired.js';
import { isEmpty, type Plan, type Transaction } from '../../src/gateway/firewall/plan.js';
import type { Family } from '../../src/ip/address.js';
import { dns, few, ssh, web } from './contract-maps.js';
import { desiredMap, desiredState, manyMaps, removed } from './desired-states.js';

/** How a backend's kernel is spoken to, and what can go wrong in it. */
export interface Dialect {
  /** What others do to our rules for the maps of `contract-maps.ts`: a name, and input of `meddle`. The first is mended in place. */
  damages: readonly [string, string][];
  /** Fails in its second part, with these words. */
  refused: Transaction & { words: string };
  cutShort: Transaction;
  /** What a dump shows when the entry to our rules is there. */
  entry: RegExp;
  /** What others have before we come, and add later: input of `meddle`. */
  foreignBefore: string;
  foreignAfter: string;
  /** What is left of a dump without what is ours, times and counters. */
  foreign(dump: string): string;
  /** A dump without times and counters. */
  bare(dump: string): string;
  /** What no dump may show once we are gone. */
  ours: RegExp;
}

export interface Kernel {
  firewall: Firewall;
  /** What another program does, in the dialect's words. */
  meddle(family: Family, text: string): Promise<void>;
  /** All rules of the family. */
  dump(family: Family): Promise<string>;
  close(): Promise<void>;
}

const last = desiredMap({ protocol: 'tcp', connectionPort: 65_535, address: '10.20.3.9', targetPort: 65_535 });
const v6 = desiredMap({ protocol: 'tcp', connectionPort: 443, address: 'fd00::7', targetPort: 443 });
const v4tail = desiredMap({ protocol: 'udp', connectionPort: 1, address: '::102:304', targetPort: 1 });
const few6 = desiredMap({
  ...{ protocol: 'udp', connectionPort: 2, address: 'fd00::8', targetPort: 2 },
  sources: ['::102:304/128', '2001:db8:5::/48', '2001:db8:5:1::/64'],
});
const gateway6 = { externalAddress: '2001:db8::1', networks: ['fd00::/64', '10.0.0.0/8'] };

/** What every backend has to do, whatever it is made of. */
export function firewallContract(name: string, dialect: Dialect, open: () => Promise<Kernel>): void {
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
      const after = await read(family);
      if (first.outcome !== undefined) {
        expect(kernel.firewall.changed(first.outcome, after)).toEqual({ buckets: new Set(), frame: false });
      }
      const between = plan(desired, after);
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

    it('speaks IPv6 alone, networks of the other family left out', async () => {
      await converge(desiredState(1, [v6, v4tail, few6], [], gateway6));
      expect(holdsAnything(await read(4))).toBe(false);
      expect(await kernel.dump(6)).toMatch(dialect.entry);
    });

    it('writes the marker of what was applied with the rules, and nothing when only the generation moves on', async () => {
      await converge(desiredState(7, [ssh]));
      expect(await kernel.dump(4)).toMatch(/comment "?berth1:state:7:[0-9a-f]{16}\b/);
      expect(isEmpty(plan(desiredState(8, [ssh]), await read()))).toBe(true);
    });

    it.each(dialect.damages)('repairs in one pass: %s', async (_what, text) => {
      const desired = desiredState(1, [ssh, web, dns, few]);
      await converge(desired);
      await kernel.meddle(4, text);
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

    it('applies a transaction wholly or not at all, and says what was refused', async () => {
      await converge(desiredState(1, [ssh]));
      const before = await kernel.dump(4);
      const { words, ...transaction } = dialect.refused;
      const refused = kernel.firewall.apply(4, [transaction]);
      await expect(refused).rejects.toThrow(FirewallError);
      await expect(refused).rejects.toMatchObject({ reason: 'refused', message: expect.stringContaining(words) });
      expect(dialect.bare(await kernel.dump(4))).toBe(dialect.bare(before));
      await converge(desiredState(2, [ssh, web]));
    });

    it('takes a text that is cut short for nothing', async () => {
      await expect(kernel.firewall.apply(4, [dialect.cutShort])).rejects.toMatchObject({ reason: 'refused' });
      expect(holdsAnything(await read())).toBe(false);
    });

    it('leaves the rules of others byte for byte, before and after ours, through changes, repair and removal', async () => {
      const foreign = async (): Promise<string> => dialect.foreign(await kernel.dump(4));
      await kernel.meddle(4, dialect.foreignBefore);
      const before = await foreign();
      await converge(desiredState(1, [ssh, dns]));
      expect(await foreign()).toBe(before);
      await kernel.meddle(4, dialect.foreignAfter);
      const expected = await foreign();
      expect(expected).not.toBe(before);
      await kernel.meddle(4, dialect.damages[0]?.[1] ?? '');
      await converge(desiredState(2, [web, dns], [removed(ssh)]));
      await converge(desiredState(3, manyMaps(300)));
      expect(await foreign()).toBe(expected);
      await kernel.firewall.apply(4, kernel.firewall.planRemoval(await read()));
      expect(holdsAnything(await read())).toBe(false);
      expect(await foreign()).toBe(expected);
      expect(await kernel.dump(4)).not.toMatch(dialect.ours);
    });
  });
}
