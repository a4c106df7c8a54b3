import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TsigKey } from '../../src/platform/dns/tsig.js';
import { eventually } from '../support/eventually.js';

const run = promisify(execFile);
const NAMED = '/usr/sbin/named';

export const newKey = (name: string, algorithm: TsigKey['algorithm'] = 'hmac-sha512'): TsigKey => ({
  ...{ name, algorithm },
  secret: randomBytes(64),
});

export const keyClause = ({ name, algorithm, secret }: TsigKey): string =>
  `key "${name}" { algorithm ${algorithm}; secret "${Buffer.from(secret).toString('base64')}"; };\n`;

export interface Zones {
  /** Zones, and the name of the key that may update each; none: nobody. */
  zones: Record<string, string | undefined>;
  keys: readonly TsigKey[];
}

export interface Place {
  address?: string;
  port?: number;
  /** How to start a program elsewhere, in a network namespace. */
  start?: (command: readonly string[]) => ChildProcess;
}

/** A real BIND with primary zones in memory and on disk, in a folder of its own; it can be ended and started again. */
export class Bind {
  private child: ChildProcess | undefined;
  log = '';

  private constructor(
    private readonly folder: string,
    readonly address: string,
    readonly port: number,
    private readonly launch: (command: readonly string[]) => ChildProcess,
  ) {}

  static async start({ zones, keys }: Zones, place: Place = {}): Promise<Bind> {
    const folder = await mkdtemp(join(tmpdir(), 'berth-bind-'));
    const { address = '127.0.0.1', port = await freePort() } = place;
    const launch = ([command = '', ...args]: readonly string[]): ChildProcess =>
      spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const bind = new Bind(folder, address, port, place.start ?? launch);
    const clauses = Object.entries(zones).map(
      ([zone, key]) =>
        `zone "${zone}" { type primary; file "${zone}.db"; allow-update { ${key === undefined ? 'none' : `key "${key}"`}; }; };\n`,
    );
    await writeFile(
      join(folder, 'named.conf'),
      keys.map(keyClause).join('') +
        `options { directory "${folder}"; pid-file none; session-keyfile none; lock-file none;
  listen-on port ${port} { ${address}; }; listen-on-v6 { none; }; recursion no; dnssec-validation no; empty-zones-enable no;
  notify no; minimal-responses yes; };
controls { };\n${clauses.join('')}`,
    );
    for (const zone of Object.keys(zones)) await writeFile(join(folder, `${zone}.db`), zoneFile(address));
    await bind.restart();
    return bind;
  }

  async restart(): Promise<void> {
    this.log = '';
    const child = this.launch([NAMED, '-g', '-n', '1', '-c', join(this.folder, 'named.conf')]);
    this.child = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.log += chunk.toString()));
    await eventually(`named runs\n${this.log}`, () => {
      if (child.exitCode !== null) throw new Error(this.log);
      return this.log.includes('running\n');
    });
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** What anybody is answered, one line a record, sorted: dig's own reading, not ours. */
  async dig(name: string, type = 'A'): Promise<string[]> {
    const args = [`@${this.address}`, '-p', String(this.port), '+short', '+tries=1', '+time=2', name, type];
    const { stdout } = await run('dig', args);
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .sort();
  }

  /** Changes a zone with BIND's own tool, as an administrator would; lines such as `update add x. 60 A 192.0.2.1`. */
  async edit({ name, algorithm, secret }: TsigKey, ...lines: readonly string[]): Promise<void> {
    const key = `key ${algorithm}:${name} ${Buffer.from(secret).toString('base64')}`;
    const child = this.launch(['nsupdate']);
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.stdin?.end([`server ${this.address} ${this.port}`, key, ...lines, 'send', ''].join('\n'));
    const [code] = (await once(child, 'close')) as [number];
    if (code !== 0) throw new Error(`nsupdate: ${said}`);
  }
}

const zoneFile = (address: string): string =>
  `$TTL 300\n@ IN SOA ns hostmaster 1 3600 600 86400 60\n@ IN NS ns\n@ IN A ${address}\nns IN A ${address}\n`;

/** Free for UDP this moment; the system gives another one to whoever asks next. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}
