import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { DesiredMap, DesiredState } from '../../src/contract/desired-state.js';
import { desiredOf } from '../../src/gateway/firewall/desired.js';
import { parseSave } from '../../src/gateway/firewall/iptables/live.js';
import { plan } from '../../src/gateway/firewall/iptables/plan.js';
import { leafChain, ruleset } from '../../src/gateway/firewall/iptables/ruleset.js';
import { Namespace } from '../../src/demo/namespace.js';
import { desiredState, manyMaps, removed } from './desired-states.js';
import { foreign, FOREIGN_AFTER, FOREIGN_BEFORE } from './iptables-dialect.js';
import { ControlPlane, eventually, GatewayProcess } from './lab.js';
import { describeInNamespaces } from '../support/namespace-suite.js';

/** KILLS: by hand, more of them; 20 and more were survived. */
const KILLS = Number(process.env['KILLS'] ?? 10);
const MAPS = 2_500;

describeInNamespaces('a gateway killed in mid-apply', () => {
  let namespace: Namespace;
  let controlPlane: ControlPlane;
  beforeAll(async () => {
    namespace = await Namespace.create('kill');
    await namespace.exec(['iptables-restore', '--noflush'], FOREIGN_BEFORE);
    controlPlane = await ControlPlane.start(namespace);
  });
  afterAll(() => namespace.remove());

  const save = (): Promise<string> => namespace.exec(['iptables-save']);
  const live = async (): Promise<Parameters<typeof plan>[1]> => {
    const text = await save();
    const table = (name: 'nat' | 'filter'): string => text.slice(text.indexOf(`*${name}\n`));
    return { family: 4, nat: parseSave('nat', table('nat')), filter: parseSave('filter', table('filter')) };
  };

  /** Half of the maps of every second round are removed or lead elsewhere; the next round has them all again. */
  function round(number: number): { maps: DesiredMap[]; removing: ReturnType<typeof removed>[] } {
    const all = manyMaps(MAPS);
    if (number % 2 === 0) return { maps: all, removing: [] };
    const elsewhere = manyMaps(MAPS, 20_000, 8_000 + number);
    const maps = all.flatMap((map, index) =>
      index % 4 === 0 ? [] : [index % 4 === 1 ? (elsewhere[index] ?? map) : map],
    );
    const kept = new Set(maps.map((map) => map.id));
    return { maps, removing: all.filter((map) => !kept.has(map.id)).map(removed) };
  }

  async function startAndAsk(desired: DesiredState): Promise<GatewayProcess> {
    controlPlane.set(desired);
    const questions = controlPlane.asked.length;
    const gateway = GatewayProcess.start(namespace, controlPlane);
    await eventually('the gateway asks', () => (controlPlane.asked.length > questions ? true : undefined));
    return gateway;
  }

  it(`${KILLS} times converges to exactly the desired rules, those of others untouched`, async () => {
    // How long a pass takes here, from the question to the report, so that the kills fall all over it.
    let desired = desiredState(1, round(0).maps);
    const started = Date.now();
    const first = await startAndAsk(desired);
    const asked = Date.now();
    await controlPlane.settled(desired);
    const passMs = Date.now() - asked;
    await first.end('SIGKILL');
    await namespace.exec(['iptables-restore', '--noflush'], FOREIGN_AFTER);
    const others = foreign(await save());

    const landed = { before: 0, committed: 0, reported: 0 };
    for (let kill = 1; kill <= KILLS; kill++) {
      const { maps, removing } = round(kill);
      desired = desiredState(kill + 1, maps, removing);
      const gateway = await startAndAsk(desired);
      const reports = controlPlane.reports.length;
      await new Promise((resolve) => setTimeout(resolve, (passMs * (kill - Math.random())) / KILLS));
      await gateway.end('SIGKILL');
      // A restore that was under way outlives its parent for a moment; what it was given whole, it may still commit.
      const difference = plan(desiredOf(desired, leafChain), await live()).transactions.length;
      if (difference > 0) landed.before++;
      else if (controlPlane.reports.length === reports) landed.committed++;
      else landed.reported++;
      expect(foreign(await save())).toBe(others);
    }
    // A test that never hit a gateway at work would prove nothing.
    expect(landed.before).toBeGreaterThan(0);
    expect(landed.before + landed.committed).toBeGreaterThanOrEqual(KILLS / 4);

    const { maps, removing } = round(KILLS + 1);
    desired = desiredState(KILLS + 2, maps, removing);
    const last = await startAndAsk(desired);
    await controlPlane.settled(desired);
    await last.end('SIGTERM');

    const now = await live();
    const wanted = ruleset(desiredOf(desired, leafChain), now.nat.chains.keys());
    const rules = [...now.nat.chains].filter(([chain]) => chain !== 'BERTH-STATE').flatMap(([, lines]) => lines);
    expect(rules.sort()).toEqual([...wanted.nat.chains.values()].flat().sort());
    expect(now.nat.hooks.toSorted()).toEqual([...wanted.nat.hooks].sort());
    expect(now.filter.hooks.toSorted()).toEqual([...wanted.filter.hooks].sort());
    for (const line of now.nat.chains.get('BERTH-STATE') ?? ['none']) expect(line).toContain('berth1:state:');
    expect(foreign(await save())).toBe(others);
    process.stderr.write(
      `\n  ${KILLS} kills over a pass of ${passMs} ms: ${JSON.stringify(landed)}, ${Date.now() - started} ms in all\n`,
    );
  }, 240_000);
});
