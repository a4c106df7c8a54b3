import { spawn } from 'node:child_process';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { openFirewall } from '../../src/gateway/firewall/backends.js';
import { desiredOf } from '../../src/gateway/firewall/desired.js';
import { NftFirewall } from '../../src/gateway/firewall/nft/nft.js';
import { runTool, type RunTool, type StartTool } from '../../src/gateway/firewall/tool.js';
import { Scrub } from '../../src/gateway/firewall/scrub.js';
import { Watch, type WatchOptions } from '../../src/gateway/firewall/watch.js';
import { Namespace } from '../../src/demo/namespace.js';
import { describeInNamespaces } from '../support/namespace-suite.js';
import { eventually } from '../support/eventually.js';
import { dns, ssh } from './contract-maps.js';
import { desiredState } from './desired-states.js';

type Change = Parameters<WatchOptions['onForeign']>[0];

describeInNamespaces('the watch on the kernel', () => {
  let namespace: Namespace;
  let firewall: NftFirewall;
  let watch: Watch | undefined;
  let heard: Change[];
  let said: string[];
  let monitors: number[];
  beforeEach(async () => {
    namespace = await Namespace.create('watch');
    firewall = new NftFirewall(run, start);
    [heard, said, monitors] = [[], [], []];
  });
  afterEach(async () => {
    await watch?.close();
    watch = undefined;
    await firewall.close();
    await namespace.remove();
  });

  const run: RunTool = (command, args, options) =>
    runTool('ip', ['netns', 'exec', namespace.name, command, ...args], options);
  const start: StartTool = (command, args) => {
    const child = spawn('ip', ['netns', 'exec', namespace.name, command, ...args], { stdio: 'pipe' });
    if (args.at(-1) === 'monitor' && child.pid !== undefined) monitors.push(child.pid);
    return child;
  };
  const nft = (text: string): Promise<string> => namespace.exec(['nft', '-f', '-'], text);

  /** Starts a watch, and waits until it hears. */
  async function listen(backend: WatchOptions['backend']): Promise<void> {
    watch = new Watch({
      backend,
      pids: () => firewall.pids(),
      onForeign: (change) => heard.push(change),
      log: (level, message) => said.push(`${level}: ${message}`),
      start,
    });
    await hears(backend);
  }
  async function hears(backend: WatchOptions['backend']): Promise<void> {
    await eventually('the watch hears', async () => {
      await nft(
        `add table ip ${backend === 'nft' ? 'berth' : 'nat'}\ndelete table ip ${backend === 'nft' ? 'berth' : 'nat'}\n`,
      );
      return heard.length > 0;
    });
    await quiet(backend);
  }
  /** Everything that was done before has been heard: commits are told in their order, and this one is the last. */
  async function quiet(backend: WatchOptions['backend']): Promise<void> {
    let last: number | undefined;
    const table = backend === 'nft' ? 'berth' : 'nat';
    const input = `add table ip6 ${table}\ndelete table ip6 ${table}\n`;
    await run('nft', ['-f', '-'], { deadlineMs: 5_000, input, onStart: (pid) => (last = pid) });
    await eventually('the last commit is heard', () => heard.some(({ pid }) => pid === last));
    heard.length = 0;
  }
  const apply = async (generation: number, maps = [ssh]): Promise<void> => {
    const desired = desiredOf(desiredState(generation, maps), (protocol, port) => firewall.bucketOf(protocol, port));
    await firewall.apply(4, firewall.plan(desired, await firewall.read(4)).transactions);
  };

  it('hears what others do to our table, by whom, and neither our own doing nor what concerns others', async () => {
    await listen('nft');
    await apply(1);
    await apply(2, [ssh, dns]);
    await nft('add table ip site\nadd chain ip site x\nadd rule ip site x return\n');
    await namespace.exec(['iptables', '-A', 'FORWARD', '-j', 'ACCEPT']);
    await nft('delete element ip berth m22 { tcp . 22600 }\n');
    const change = await eventually('heard', () => heard[0]);
    expect(change).toMatchObject({ program: 'nft', suspicion: { buckets: new Set(['m22']), frame: false } });
    await nft('delete table ip berth\n');
    expect(await eventually('heard', () => heard[1])).toMatchObject({ suspicion: 'anything', program: 'nft' });
    expect(heard).toHaveLength(2);
  });

  it('hears what others do to the chains of iptables', async () => {
    await namespace.exec(['iptables-restore', '--noflush'], '*nat\n:BERTH-PM - [0:0]\n:BERTH-T58 - [0:0]\nCOMMIT\n');
    await listen('iptables');
    await namespace.exec(['iptables-restore', '--noflush'], '*nat\n:BERTH-PM - [0:0]\n:BERTH-T58 - [0:0]\nCOMMIT\n');
    await quiet('iptables');
    await namespace.exec(['iptables', '-t', 'nat', '-A', 'PREROUTING', '-p', 'udp', '-j', 'ACCEPT']);
    await namespace.exec(['iptables', '-t', 'nat', '-A', 'BERTH-T58', '-j', 'RETURN']);
    const change = await eventually('heard', () => heard[0]);
    expect(change).toMatchObject({ program: 'iptables', suspicion: { buckets: new Set(['BERTH-T58']), frame: false } });
  });

  it('is there again after its monitor was killed, and takes what it missed for anything', async () => {
    await listen('nft');
    const [monitor] = monitors;
    // Process 0 would be the whole group of the tests.
    if (monitor === undefined) throw new Error('no monitor was started');
    process.kill(monitor, 'SIGKILL');
    expect(await eventually('told', () => heard[0])).toMatchObject({ suspicion: 'anything', program: undefined });
    expect(said).toEqual([expect.stringContaining('warn: nft monitor ended')]);
    await hears('nft');
  });

  it('says once that the tool is missing, and ends quietly', async () => {
    watch = new Watch({
      backend: 'nft',
      pids: () => new Set(),
      onForeign: (change) => heard.push(change),
      log: (level, message) => said.push(`${level}: ${message}`),
      start: (_command, args) => spawn('no-such-nft', args, { stdio: 'pipe' }),
    });
    await eventually('said', () => said.length > 0);
    expect(said).toEqual([expect.stringMatching(/^warn: nft is not installed.*regular looks.*package nftables/)]);
    await watch.close();
    expect(heard).toEqual([]);
  });
});

it('looks at each bucket and at what leads to them in turn', async () => {
  const looks: string[] = [];
  const scrub = new Scrub(
    () => ['m1', 'm2'],
    ({ buckets, frame }) => looks.push(frame ? 'frame' : [...buckets].join()),
    1,
  );
  await eventually('two rounds', () => looks.length >= 6);
  scrub.close();
  expect(looks.slice(0, 6)).toEqual(['m1', 'm2', 'frame', 'm1', 'm2', 'frame']);
});

it('opens the backend that is named', () => {
  expect([openFirewall('iptables').name, openFirewall('nft').name]).toEqual(['iptables', 'nft']);
});
