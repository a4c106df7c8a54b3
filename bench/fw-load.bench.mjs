import { Engine, LARGEST, maps } from './firewall/engine.mjs';
import { inNamespace } from './firewall/namespace.mjs';
import { run } from './firewall/tools.mjs';
import { median, round, timed } from './support.mjs';

const ROUNDS = 3;

/** The first load of 50,000 maps: the module up to the commit, against the bare tool that is given the same text. */
export default () =>
  inNamespace(import.meta.url, async () => {
    const figures = {};
    for (const name of ['iptables', 'nft']) {
      const times = { module: [], pass: [], tool: [] };
      for (let n = 0; n < ROUNDS; n++) {
        const engine = await Engine.start(name);
        if (engine === undefined) break;
        const { commit, pass } = await engine.submit(maps(LARGEST).maps);
        times.module.push(commit);
        times.pass.push(pass);
        await engine.close();
        await run('nft', ['flush', 'ruleset']);
        const texts = engine.writes.map(({ text }) => text).join('');
        const [tool, args] = name === 'nft' ? ['nft', ['-f', '-']] : ['iptables-restore', ['--noflush']];
        times.tool.push(await timed(() => run(tool, args, texts)));
        await run('nft', ['flush', 'ruleset']);
      }
      if (times.tool.length === 0) continue;
      const ms = (of) => round(median(times[of]), 0);
      const ratio = round(median(times.module) / median(times.tool), 2);
      figures[name] = { ratio, moduleMs: ms('module'), verifiedMs: ms('pass'), toolMs: ms('tool') };
    }
    const value = Math.max(...Object.values(figures).map(({ ratio }) => ratio));
    return { value, unit: 'x the bare tool', goal: '<= 1.2', ok: value <= 1.2, maps: LARGEST, ...figures };
  });
