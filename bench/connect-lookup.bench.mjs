import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { median, round, timed, withBerth } from './support.mjs';

const run = promisify(execFile);
const ROUNDS = 7;

/** `vlab connect --print` from start to end, beyond what starting Node costs. Taken in turns: the machine is noisy. */
export default () =>
  withBerth(async ({ call, url, headers }) => {
    await call('POST', '/pools', { name: 'lab' });
    await call('POST', '/gateways', {
      ...{ name: 'gw', externalAddress: '192.0.2.10', pool: 'lab', networks: ['10.0.0.0/16'] },
    });
    const pool = (await call('GET', '/pools')).pools[0].id;
    await call('POST', `/pools/${pool}/subnets`, { name: 'net', start: '10.0.0.1', end: '10.0.0.254' });
    await call('POST', '/components', { name: 'web', kind: 'centos' });
    const vlab = new URL('../dist/src/cli/main.js', import.meta.url).pathname;
    const env = { ...process.env, BERTH_URL: url, BERTH_TOKEN: headers.authorization.split(' ')[1] };
    const node = [];
    const connect = [];
    for (let round = 0; round < ROUNDS; round++) {
      node.push(await timed(() => run(process.execPath, ['-e', '0'])));
      connect.push(
        await timed(() =>
          run(process.execPath, [vlab, 'connect', 'centos', '-n', 'web', '-p', 'ssh', '--print'], { env }),
        ),
      );
    }
    const value = round(median(connect) - median(node), 0);
    const goal = 300;
    return { value, unit: 'ms beyond node -e 0', goal, ok: value <= goal, node: round(median(node), 0) };
  });
