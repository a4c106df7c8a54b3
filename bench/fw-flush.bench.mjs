import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine, maps } from './firewall/engine.mjs';
import { inNamespace } from './firewall/namespace.mjs';
import { run } from './firewall/tools.mjs';
import { median, round, timed } from './support.mjs';

const FLOWS = 50_000;
const ROUNDS = 5;

/** A deleted map's connection is gone: from the commit to the end of the flush, with 50,000 connections in the kernel. */
export default () =>
  inNamespace(import.meta.url, async () => {
    const engine = await Engine.start('iptables');
    const { maps: wanted } = maps(1_000);
    await engine.submit(wanted);
    const flow = ({ connectionPort, address, targetPort }, number) =>
      `-I -p tcp -s 198.51.${number >> 8}.${number & 255} -d 192.0.2.1 --sport ${20_000 + (number % 1_000)}` +
      ` --dport ${connectionPort} --state ESTABLISHED -u SEEN_REPLY -t 3600 --dst-nat ${address}:${targetPort}`;
    const lines = Array.from({ length: FLOWS }, (_, number) => flow(wanted[number % wanted.length], number));
    // The tool opens what it loads by name, which a pipe of Node's does not have.
    const directory = await mkdtemp(join(tmpdir(), 'berth-bench-'));
    await writeFile(join(directory, 'flows'), `${lines.join('\n')}\n`);
    await run('conntrack', ['-R', join(directory, 'flows')]);
    await rm(directory, { recursive: true });
    const count = async () => Number(await run('conntrack', ['-C']));
    const before = await count();
    const times = { one: [], tool: [] };
    const nobody = ['-D', '-p', 'tcp', '--orig-port-dst', '9', '--dst-nat'];
    for (let n = 0; n < ROUNDS; n++) {
      // A deletion that finds nothing says so by its exit code.
      times.tool.push(await timed(() => run('conntrack', nobody).catch(() => undefined)));
      const { commit, pass } = await engine.change([], [wanted[n]]);
      times.one.push(pass - commit);
    }
    const left = await count();
    const many = wanted.slice(ROUNDS, ROUNDS + 20);
    const { commit, pass } = await engine.change([], many);
    await engine.close();
    const value = round(median(times.one), 0);
    const exact = before - left === ROUNDS * (FLOWS / wanted.length);
    return {
      value,
      unit: 'ms',
      goal: '<= 50, and no other flow cut',
      ok: value <= 50 && exact,
      flows: before,
      exact,
      conntrackMs: round(median(times.tool), 0),
      twentyMapsMs: round(pass - commit, 0),
    };
  });
