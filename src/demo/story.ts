import { spawn, type ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { environment } from '../platform/config/environment.js';
import { LAB } from './lab.js';
import { run } from './namespace.js';

/** What happens in the demo; runs inside the namespace `control`: `story.js <home> <control> <gateway> <client> <machine>`. */
const [home = '', , gateway = '', client = '', machine = ''] = process.argv.slice(2);

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const BERTH = here('../main.js');
const VLAB = here('../cli/main.js');
const API = `http://${LAB.control}:8000`;
const NATS = `nats://${LAB.control}:4222`;
const TARGET_PORT = 3389;
const FOREIGN = [
  '-t',
  'nat',
  '-A',
  'PREROUTING',
  '-p',
  'tcp',
  '--dport',
  '8022',
  '-m',
  'comment',
  '--comment',
  'somebody else',
  '-j',
  'REDIRECT',
  '--to-ports',
  '22',
];
const PATIENCE_MS = 60_000;

const children: ChildProcess[] = [];
let number = 0;
const step = (text: string): void => console.log(`${String(++number).padStart(2)}. ${text}`);
const told = (text: string): void => console.log(text.trimEnd().replace(/^/gm, '      '));

class Failed extends Error {}

function check(good: boolean, otherwise: string): void {
  if (!good) throw new Failed(otherwise);
}

/** Starts a program that runs until the end of the demo and resolves when it prints what it is waited for. */
async function start(
  name: string,
  command: readonly string[],
  ready: RegExp,
  extra: NodeJS.ProcessEnv = {},
): Promise<void> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...environment(), ...extra } });
  children.push(child);
  const lines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const late = new AbortController();
    void setTimeout(PATIENCE_MS, undefined, { signal: late.signal }).then(
      () => reject(new Failed(`${name} was not ready in time:\n${lines.join('\n')}`)),
      () => undefined,
    );
    for (const stream of [child.stdout, child.stderr]) {
      createInterface(stream).on('line', (line) => {
        lines.push(line);
        if (ready.test(line)) resolve();
      });
    }
    child.once('error', reject);
    child.once('exit', (code) => reject(new Failed(`${name} ended with ${code ?? 'a signal'}:\n${lines.join('\n')}`)));
    child.once('exit', () => late.abort());
  });
}

const inside = (namespace: string, ...command: string[]): string[] => ['ip', 'netns', 'exec', namespace, ...command];

async function output(command: readonly string[], extra: NodeJS.ProcessEnv = {}): Promise<string> {
  const [program = '', ...args] = command;
  const result = await run(program, args, '', { ...environment(), ...extra });
  check(result.code === 0, `${args.join(' ')} failed:\n${result.stdout}${result.stderr}`);
  return result.stdout;
}

/** A vlab command as a user would type it. */
async function vlab(...args: string[]): Promise<string> {
  return output([process.execPath, VLAB, '--url', API, '--token-file', join(home, 'admin.token'), ...args]);
}

async function visit(port: number): Promise<string> {
  const [program = '', ...args] = inside(
    client,
    process.execPath,
    here('./visit.js'),
    LAB.gatewayExternal,
    String(port),
  );
  return (await run(program, args)).stdout.trim();
}

const rules = (): Promise<string> => output(inside(gateway, 'iptables-save', '-t', 'nat'));
const foreignOf = (saved: string): string[] => saved.split('\n').filter((line) => line.includes('somebody else'));

async function story(): Promise<void> {
  step('NATS, PostgreSQL and the API start in the namespace "control"');
  await start(
    'nats-server',
    ['nats-server', '-a', LAB.control, '-p', '4222', '-js', '-sd', join(home, 'nats')],
    /Server is ready/,
  );
  const settings = { HOST: LAB.control, PORT: '8000', NATS_URL: NATS, BERTH_HOME: home, FIREWALL: 'plan' };
  await start('berth up', [process.execPath, BERTH, 'up'], /Ctrl-C/i, settings);

  const seen: string[] = [];
  const nats = await connect({ servers: `${LAB.control}:4222` });
  watch(nats, seen);

  step("Somebody else's rule stands in the gateway's kernel already");
  await output(inside(gateway, 'iptables', ...FOREIGN));
  const foreign = foreignOf(await rules());
  told(foreign.join('\n'));

  step('An administrator describes the lab: a pool, a subnet, a gateway');
  await vlab('pool', 'create', '--name', 'lab');
  await vlab(
    'subnet',
    'create',
    '--pool',
    'lab',
    '--name',
    'machines',
    '--start',
    LAB.poolFirst,
    '--end',
    LAB.poolLast,
  );
  await vlab(
    'gateway',
    'create',
    '--name',
    'lab',
    '--external-address',
    LAB.gatewayExternal,
    '--pool',
    'lab',
    '--network',
    LAB.network,
  );

  step('The gateway starts in its namespace, with a token for itself only, and applies');
  const token = await output([process.execPath, BERTH, 'token', '--role', 'gateway', '--gateway', 'lab'], {
    BERTH_HOME: home,
  });
  const tokenFile = join(home, 'lab.token');
  await writeFile(tokenFile, token, { mode: 0o600 });
  await start('berth gateway', inside(gateway, process.execPath, BERTH, 'gateway'), /./, {
    BERTH_CONTROL_PLANE_URL: API,
    BERTH_GATEWAY: 'lab',
    BERTH_GATEWAY_TOKEN_FILE: tokenFile,
    FIREWALL: 'iptables',
    NATS_URL: NATS,
  });

  step('$ vlab create windows --name win1 --gateway lab');
  told(await vlab('create', 'windows', '--name', 'win1', '--gateway', 'lab'));
  const component = JSON.parse(await vlab('show', 'components', '--name', 'win1', '--json')) as {
    components: { portMaps: { connectionPort: number; address: string; status: string }[] }[];
  };
  const map = component.components[0]?.portMaps[0];
  if (map?.status !== 'active') throw new Failed('the port map did not become active');

  step(`The machine takes its address, ${map.address}, and listens on port ${TARGET_PORT}`);
  await output(inside(machine, 'ip', 'addr', 'add', `${map.address}/24`, 'dev', 'lan'));
  await output(inside(machine, 'ip', 'route', 'add', 'default', 'via', LAB.gatewayInternal));
  const serve = inside(machine, process.execPath, here('./machine.js'), map.address, String(TARGET_PORT), 'win1');
  await start('machine', serve, /listening/);

  step(`The client connects to ${LAB.gatewayExternal}:${map.connectionPort}`);
  const answer = await visit(map.connectionPort);
  told(answer);
  check(
    answer === `hello from win1 at ${map.address}:${TARGET_PORT}; you are ${LAB.client}`,
    'that is not the machine',
  );

  step('$ vlab delete windows --name win1 --wait');
  told(await vlab('delete', 'windows', '--name', 'win1', '--wait'));

  step('The client connects again');
  const refused = await visit(map.connectionPort);
  told(refused);
  check(refused === 'refused', 'the connection should have been refused');

  step("The map's rule is gone; the foreign rule is still there, unchanged");
  const after = await rules();
  check(!after.includes('-j DNAT'), `a DNAT rule is left:\n${after}`);
  check(foreignOf(after).join('\n') === foreign.join('\n'), `the foreign rule has changed:\n${after}`);

  step('What a NATS subscriber saw:');
  for (const wanted of [
    'ipam.component.created',
    'ipam.lease.created',
    'ipam.port-map.created',
    'ipam.component.deleted',
    'ipam.port-map.deleted',
  ]) {
    await until(() => seen.some((line) => line.startsWith(wanted)), `the event ${wanted} did not come`);
  }
  told(seen.join('\n'));
  await nats.close();
  console.log('All as it should be.');
}

function watch(nats: NatsConnection, seen: string[]): void {
  nats.subscribe('ipam.>', {
    callback: (_error, message) => {
      const { subject, data } = message.json<{ subject: string; data: { name?: string; status?: string } }>();
      seen.push(`${message.subject.padEnd(26)} ${subject} ${data.name ?? ''} ${data.status ?? ''}`.trimEnd());
    },
  });
}

async function until(good: () => boolean, otherwise: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!good()) {
    check(Date.now() < deadline, otherwise);
    await setTimeout(50);
  }
}

async function stopAll(): Promise<void> {
  for (const child of children.reverse()) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGTERM');
    const inTime = await Promise.race([ended.then(() => true), setTimeout(15_000, false)]);
    if (inTime) continue;
    child.kill('SIGKILL');
    await ended;
  }
}

const stopped = new Promise<never>((_resolve, reject) => {
  const interrupted = (): void => reject(new Failed('interrupted'));
  process.once('SIGTERM', interrupted);
});
try {
  await Promise.race([story(), stopped]);
} catch (error) {
  console.error(`The demo failed: ${error instanceof Failed ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await stopAll();
}
process.exit();
