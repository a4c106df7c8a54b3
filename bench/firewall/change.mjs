import { median, round, timed } from '../support.mjs';
import { Engine, map, maps, pause, SIZES } from './engine.mjs';

const ROUNDS = 15;
/** The kernel still frees what an earlier deletion left, and whoever writes next waits for it: not what is measured. */
const REST_MS = 40;

/** One map more, one map less, through the module up to the commit, beside the bare tool; for each number of maps. */
export async function changes(name, open, lineOf) {
  const figures = {};
  const all = [];
  for (const size of SIZES) {
    const engine = await Engine.start(name);
    if (engine === undefined) return undefined;
    const { maps: wanted, holes } = maps(size);
    await engine.submit(wanted);
    const bare = open();
    const times = { add: [], del: [], bareAdd: [], bareDel: [] };
    for (let n = 0; n < ROUNDS; n++) {
      const one = map(holes[n % holes.length]);
      await pause(REST_MS);
      times.bareAdd.push(await timed(() => bare.apply(lineOf('add', one))));
      await pause(REST_MS);
      times.bareDel.push(await timed(() => bare.apply(lineOf('delete', one))));
      await pause(REST_MS);
      const added = await engine.change([one]);
      times.add.push(added.commit);
      await pause(REST_MS);
      times.del.push((await engine.change([], [one])).commit);
    }
    await engine.close();
    await bare.close();
    const ms = Object.fromEntries(Object.entries(times).map(([key, values]) => [key, round(median(values), 2)]));
    figures[size] = {
      ...ms,
      add: ms.add,
      ratioAdd: round(ms.add / ms.bareAdd, 2),
      ratioDel: round(ms.del / ms.bareDel, 2),
    };
    all.push(...times.add.slice(1), ...times.del.slice(1));
    const { removeEverything } = await import('../../dist/src/gateway/run.js');
    await removeEverything({ log: () => undefined });
  }
  all.sort((a, b) => a - b);
  return { figures, p99: round(all[Math.floor(all.length * 0.99)], 2) };
}
