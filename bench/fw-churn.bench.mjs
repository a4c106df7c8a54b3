import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { map, maps } from './firewall/engine.mjs';
import { withLab } from './firewall/lab.mjs';
import { inNamespace } from './firewall/namespace.mjs';
import { run } from './firewall/tools.mjs';

const CONNECTS = Number(process.env.BENCH_FW_CONNECTS ?? 20_000);
const CHANGES = Number(process.env.BENCH_FW_CHANGES ?? 1_000);
const RESTARTS = 20;
const SERVER = { address: '10.20.0.2', port: 8_000 };
const AGENT = fileURLToPath(new URL('./firewall/agent.mjs', import.meta.url));

async function start(name, wanted) {
  const agent = fork(AGENT, [name]);
  const [said] = await once(agent, 'message');
  if (said === 'absent') return agent.kill() && undefined;
  agent.send({ wanted });
  await once(agent, 'message');
  return agent;
}

async function kill(agent) {
  const ended = once(agent, 'exit');
  agent.kill('SIGKILL');
  await ended;
}

/** Other maps come, go and move while the agent is killed now and then, in mid-change; answers when it is over. */
async function churn(name, first, own, others) {
  let agent = first;
  let wanted = [own, ...others];
  for (let n = 0; n < CHANGES; n++) {
    const old = wanted[1 + (n % others.length)];
    const moved = map(old.connectionPort, 1_000 + n);
    wanted = wanted.map((one) => (one === old ? moved : one));
    agent.send({ adds: [moved], removes: [old] });
    if (n % Math.ceil(CHANGES / RESTARTS) === 0) {
      await kill(agent);
      agent = await start(name, wanted);
    } else await once(agent, 'message');
  }
  await kill(agent);
}

/** Connections through a map that nobody changes, while 1,000 others change and the agent is killed 20 times: none fails. */
export default () =>
  inNamespace(import.meta.url, () =>
    withLab(async ({ client, server }) => {
      await server.ask({ order: 'listen', port: SERVER.port });
      const figures = {};
      for (const name of ['iptables', 'nft']) {
        const others = maps(500).maps;
        const own = map(others.at(-1).connectionPort + 2, SERVER.port, SERVER.address);
        const agent = await start(name, [own, ...others]);
        if (agent === undefined) continue;
        let over = false;
        const churning = churn(name, agent, own, others).finally(() => (over = true));
        const total = { connects: 0, failed: 0 };
        while (!over || total.connects < CONNECTS) {
          const order = { order: 'connect', host: '192.0.2.1', port: own.connectionPort, count: 500, atOnce: 8 };
          const { made, refused, failed } = await client.ask(order);
          total.connects += made + refused + failed;
          total.failed += refused + failed;
        }
        await churning;
        await run('nft', ['flush', 'ruleset']);
        figures[name] = total;
      }
      const value = Object.values(figures).reduce((sum, { failed }) => sum + failed, 0);
      return { value, unit: 'failed', goal: '0', ok: value === 0, changes: CHANGES, restarts: RESTARTS, ...figures };
    }),
  );
