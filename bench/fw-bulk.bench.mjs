import { Engine, LARGEST, map, maps } from './firewall/engine.mjs';
import { inNamespace } from './firewall/namespace.mjs';
import { BareRestore } from './firewall/tools.mjs';
import { median, round, timed } from './support.mjs';

const CHANGES = Math.min(1_000, LARGEST);
const ROUNDS = 3;

/** 1,000 of 50,000 maps lead elsewhere: the module up to the commit, against the bare tool that is given the same lines. */
export default () =>
  inNamespace(import.meta.url, async () => {
    const engine = await Engine.start('iptables');
    const { maps: wanted } = maps(LARGEST);
    await engine.submit(wanted);
    const bare = new BareRestore();
    const step = Math.floor(wanted.length / CHANGES);
    let chosen = wanted.filter((_, index) => index % step === 0).slice(0, CHANGES);
    const times = { module: [], tool: [] };
    for (let n = 0; n < ROUNDS; n++) {
      const moved = chosen.map((one) => map(one.connectionPort, 1_000 + n));
      engine.writes.length = 0;
      times.module.push((await engine.change(moved, chosen)).commit);
      const lines = engine.writes[0].text.split('\n').filter((line) => /^-[AD] BERTH-T/.test(line));
      const back = lines.map((line) => `-${line[1] === 'A' ? 'D' : 'A'}${line.slice(2)}`).reverse();
      // There and back, so that the kernel is as the module believes it to be.
      times.tool.push(await timed(() => bare.apply(...back)));
      times.tool.push(await timed(() => bare.apply(...lines)));
      chosen = moved;
    }
    await engine.close();
    await bare.close();
    const [module, tool] = [median(times.module), median(times.tool)];
    const value = round(module / tool, 2);
    return {
      value,
      unit: 'x iptables-restore',
      goal: '<= 1.5',
      ok: value <= 1.5,
      changes: CHANGES,
      maps: LARGEST,
      moduleMs: round(module, 0),
      toolMs: round(tool, 0),
    };
  });
