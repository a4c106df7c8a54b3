import { Engine, LARGEST, map, maps } from './firewall/engine.mjs';
import { withLab } from './firewall/lab.mjs';
import { inNamespace } from './firewall/namespace.mjs';
import { run } from './firewall/tools.mjs';
import { median, round } from './support.mjs';

const COUNT = 1_500;
const ROUNDS = 5;
const GOALS = { iptables: 1.3, nft: 1.1 };
const SERVER = { address: '10.20.0.2', port: 8_000 };

/**
 * A new connection through the last of 50,000 maps, and one to a port without a map (refused), against one static rule.
 * What the two ends themselves cost is in both.
 */
export default () =>
  inNamespace(import.meta.url, () =>
    withLab(async ({ client, server }) => {
      await server.ask({ order: 'listen', port: SERVER.port });
      const { maps: wanted, holes } = maps(LARGEST - 1);
      const last = map(wanted.at(-1).connectionPort + 2, SERVER.port, SERVER.address);
      const ask = async (port, count = COUNT) =>
        (await client.ask({ order: 'connect', host: '192.0.2.1', port, count })).quartile;
      const loads = {
        one: async () => {
          const rule = `-d 192.0.2.1 -p tcp --dport ${last.connectionPort} -j DNAT --to-destination`;
          await run('iptables', ['-t', 'nat', '-A', 'PREROUTING', ...rule.split(' '), `10.20.0.2:${SERVER.port}`]);
          return () => Promise.resolve();
        },
      };
      for (const name of ['iptables', 'nft']) {
        loads[name] = async () => {
          const engine = await Engine.start(name);
          if (engine === undefined) return undefined;
          await engine.submit([...wanted, last]);
          return () => engine.close();
        };
      }
      await run('iptables', ['-t', 'nat', '-L']);
      const times = {};
      for (const [name, load] of Object.entries(loads)) {
        const close = await load();
        if (close === undefined) continue;
        await ask(last.connectionPort, 3 * COUNT);
        times[name] = { mapped: [], unmapped: [] };
        for (let n = 0; n < ROUNDS; n++) {
          times[name].mapped.push(await ask(last.connectionPort));
          times[name].unmapped.push(await ask(holes.at(-1)));
        }
        await close();
        await run('nft', ['flush', 'ruleset']);
      }
      const { one, ...others } = times;
      const figures = {};
      for (const [name, { mapped, unmapped }] of Object.entries(others)) {
        const ratio = (of, than) => round(median(of) / median(than), 2);
        figures[name] = {
          mapped: ratio(mapped, one.mapped),
          unmapped: ratio(unmapped, one.unmapped),
          goal: GOALS[name],
        };
      }
      const rows = Object.values(figures);
      return {
        value: Math.max(...rows.flatMap(({ mapped, unmapped }) => [mapped, unmapped])),
        unit: 'x one static rule',
        goal: '<= 1.3 iptables, <= 1.1 nft',
        ok: rows.every(({ mapped, unmapped, goal }) => mapped <= goal && unmapped <= goal),
        maps: LARGEST,
        staticUs: round(median(one.mapped), 0),
        ...figures,
      };
    }),
  );
