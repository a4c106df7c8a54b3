import { Engine, LARGEST, map, maps, pause } from './firewall/engine.mjs';
import { inNamespace } from './firewall/namespace.mjs';
import { run } from './firewall/tools.mjs';
import { median, round, timed } from './support.mjs';

const ROUNDS = 3;
const GOALS = { iptables: 60, nft: 3_000 };

/** What the original service runs for one map: two appends, two lists, one save, on a table with a rule for each map. */
const forward = ({ address, targetPort }) => `FORWARD -p tcp -d ${address} --dport ${targetPort} -j ACCEPT`;
const translate = ({ connectionPort, address, targetPort }) =>
  `PREROUTING -p tcp --dport ${connectionPort} -j DNAT --to-destination ${address}:${targetPort}`;
async function replay(one) {
  await run('iptables', ['-t', 'nat', '-A', ...translate(one).split(' ')]);
  await run('iptables', ['-A', ...forward(one).split(' ')]);
  await run('iptables', ['-t', 'nat', '-L', 'PREROUTING', '-n', '--line-numbers']);
  await run('iptables', ['-L', 'FORWARD', '-n', '--line-numbers']);
  await run('iptables-save');
}

/** One map more through the module up to the commit: how many times faster than that sequence, at 50,000 maps. */
export default () =>
  inNamespace(import.meta.url, async () => {
    const { maps: wanted, holes } = maps(LARGEST);
    const rules = (of) => wanted.map((one) => `-A ${of(one)}`).join('\n');
    await run('iptables-restore', [], `*nat\n${rules(translate)}\nCOMMIT\n*filter\n${rules(forward)}\nCOMMIT\n`);
    const old = [];
    for (let n = 0; n < ROUNDS; n++) old.push(await timed(() => replay(map(holes[n]))));
    await run('nft', ['flush', 'ruleset']);

    const figures = {};
    for (const name of ['iptables', 'nft']) {
      const engine = await Engine.start(name);
      if (engine === undefined) continue;
      await engine.submit(wanted);
      const times = [];
      for (let n = 0; n < 5 * ROUNDS; n++) {
        await pause(40);
        const one = map(holes[n % holes.length]);
        times.push((await engine.change([one])).commit);
        await engine.change([], [one]);
      }
      await engine.close();
      await run('nft', ['flush', 'ruleset']);
      const ms = median(times);
      figures[name] = { times: round(median(old) / ms, 0), ms: round(ms, 2), goal: GOALS[name] };
    }
    const value = round(Math.min(...Object.values(figures).map(({ times, goal }) => times / goal)), 2);
    const goal = '>= 1 (60 x by iptables, 3,000 x by nft)';
    return {
      value,
      unit: 'of the goal',
      goal,
      ok: value >= 1,
      maps: LARGEST,
      oldMs: round(median(old), 0),
      ...figures,
    };
  });
