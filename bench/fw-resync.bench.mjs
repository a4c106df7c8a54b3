import { Engine, LARGEST, maps, pause } from './firewall/engine.mjs';
import { inNamespace } from './firewall/namespace.mjs';
import { BareRestore, run } from './firewall/tools.mjs';
import { median, round, timed } from './support.mjs';

const ROUNDS = 5;
const NOISE_MS = 10;
const LISTINGS = {
  iptables: () => Promise.all(['nat', 'filter'].map((table) => run('iptables-save', ['-t', table]))),
  nft: () => run('nft', ['-j', 'list', 'table', 'ip', 'berth']),
};

/** Commits something in the same table, in a chain of somebody else, every 10 ms until it is told to stop. */
async function makeNoise() {
  const bare = new BareRestore();
  await bare.apply(':SITE - [0:0]');
  let stop = false;
  const running = (async () => {
    for (let n = 0; !stop; n++) {
      const [start, verb] = [performance.now(), n % 2 === 0 ? 'A' : 'D'];
      await bare.apply(`-${verb} SITE -p tcp -j RETURN`);
      await pause(Math.max(0, NOISE_MS - (performance.now() - start)));
    }
    await bare.close();
  })();
  return () => {
    stop = true;
    return running;
  };
}

/** A whole look at 50,000 maps that finds nothing to do, against the bare listing; and while others commit. */
export default () =>
  inNamespace(import.meta.url, async () => {
    const figures = {};
    for (const name of Object.keys(LISTINGS)) {
      const engine = await Engine.start(name);
      if (engine === undefined) continue;
      await engine.submit(maps(LARGEST).maps);
      engine.writes.length = 0;
      const look = () => engine.measure(() => engine.reconciler.suspect('anything'));
      const times = { module: [], tool: [], noisy: [] };
      for (let n = 0; n < ROUNDS; n++) {
        times.tool.push(await timed(LISTINGS[name]));
        times.module.push((await look()).pass);
      }
      const quiet = await makeNoise();
      for (let n = 0; n < 3; n++) times.noisy.push((await look()).pass);
      await quiet();
      const writes = engine.writes.length;
      await engine.close();
      await run('nft', ['flush', 'ruleset']);
      const ms = (of) => round(median(times[of]), 0);
      const ratio = round(median(times.module) / median(times.tool), 2);
      figures[name] = { ratio, moduleMs: ms('module'), toolMs: ms('tool'), noisyMs: ms('noisy'), writes };
    }
    const rows = Object.values(figures);
    const value = Math.max(...rows.map(({ ratio }) => ratio));
    const ok = value <= 1.2 && rows.every(({ noisyMs, writes }) => noisyMs <= 3_000 && writes === 0);
    return { value, unit: 'x the bare listing', goal: '<= 1.2, <= 3 s when noisy', ok, maps: LARGEST, ...figures };
  });
