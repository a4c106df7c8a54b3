import { Engine, LARGEST, map, maps } from './firewall/engine.mjs';
import { withLab } from './firewall/lab.mjs';
import { inNamespace } from './firewall/namespace.mjs';
import { run } from './firewall/tools.mjs';
import { median, round } from './support.mjs';

const MILLISECONDS = 700;
const ROUNDS = 5;
const SERVER = { host: '10.20.0.2', port: 8_000 };

/** One connection's throughput through a map of 50,000, against the same two machines with no rules at all. */
export default () =>
  inNamespace(import.meta.url, () =>
    withLab(async ({ client, server }) => {
      await server.ask({ order: 'listen', port: SERVER.port });
      const { maps: wanted } = maps(LARGEST - 1);
      const last = map(wanted.at(-1).connectionPort + 2, SERVER.port, SERVER.host);
      const send = async (to) => (await client.ask({ order: 'send', ...to, milliseconds: MILLISECONDS })).rate;
      await send(SERVER);
      const ratios = { iptables: [], nft: [] };
      for (let n = 0; n < ROUNDS; n++) {
        for (const name of Object.keys(ratios)) {
          const bare = await send(SERVER);
          const engine = await Engine.start(name);
          if (engine === undefined) continue;
          await engine.submit([...wanted, last]);
          await engine.close();
          ratios[name].push((await send({ host: '192.0.2.1', port: last.connectionPort })) / bare);
          await run('nft', ['flush', 'ruleset']);
        }
      }
      const measured = Object.entries(ratios).filter(([, values]) => values.length > 0);
      const figures = Object.fromEntries(measured.map(([name, values]) => [name, round(median(values), 2)]));
      const value = Math.min(...Object.values(figures));
      return { value, unit: 'x no rules', goal: '>= 0.95', ok: value >= 0.95, maps: LARGEST, ...figures };
    }),
  );
