import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { DesiredState, StatusReport } from '../../src/contract/desired-state.js';
import type { UsageReport } from '../../src/contract/usage.js';
import type { ReachabilityReport } from '../../src/contract/reachability.js';
import { Namespace } from '../../src/demo/namespace.js';

/** The compiled program; BERTH_TEST_MAIN names another build of it. */
export const MAIN = process.env['BERTH_TEST_MAIN'] ?? join(import.meta.dirname, '../../dist/src/main.js');
const script = (name: string): string => join(import.meta.dirname, name);

/** Polls until `probe` gives something; throws with `what` and the last error after `ms`. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  ms = 20_000,
): Promise<T> {
  const until = Date.now() + ms;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (Date.now() > until) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The lines a process prints, each of which can be waited for once. */
class Lines {
  private readonly seen: string[] = [];
  private wake: () => void = () => undefined;

  constructor(private readonly child: ChildProcess) {
    if (child.stdout === null) throw new Error('the process has no output');
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.seen.push(line);
      this.wake();
    });
  }

  /** The next line that is `wanted`; those before it are passed over. Undefined after `ms`. */
  async next(wanted: (line: string) => boolean = () => true, ms = 10_000): Promise<string | undefined> {
    const until = Date.now() + ms;
    for (;;) {
      for (let line = this.seen.shift(); line !== undefined; line = this.seen.shift()) if (wanted(line)) return line;
      const left = until - Date.now();
      if (left <= 0 || this.child.exitCode !== null) return undefined;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 200));
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  take(): string[] {
    return this.seen.splice(0);
  }
}

/** The control plane's stand-in, inside a namespace. Keeps every report. */
export class ControlPlane {
  readonly reports: StatusReport[] = [];
  readonly usage: UsageReport[] = [];
  readonly reachability: ReachabilityReport[] = [];
  readonly asked: { after: number; wait: number; token: string | null }[] = [];
  url = '';

  private constructor(private readonly child: ChildProcess) {
    if (child.stdout === null) throw new Error('the process has no output');
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = JSON.parse(line) as {
        url?: string;
        report?: StatusReport;
        usage?: UsageReport;
        reachability?: ReachabilityReport;
        asked?: ControlPlane['asked'][number];
      };
      if (said.url !== undefined) this.url = said.url;
      if (said.report !== undefined) this.reports.push(said.report);
      if (said.usage !== undefined) this.usage.push(said.usage);
      if (said.reachability !== undefined) this.reachability.push(said.reachability);
      if (said.asked !== undefined) this.asked.push(said.asked);
    });
  }

  static async start(namespace: Namespace): Promise<ControlPlane> {
    const controlPlane = new ControlPlane(namespace.start([process.execPath, script('control-plane.mjs')]));
    await eventually('control plane ready', () => (controlPlane.url === '' ? undefined : true));
    return controlPlane;
  }

  set(desired: DesiredState): void {
    this.child.stdin?.write(`${JSON.stringify({ desired })}\n`);
  }

  /** Answers everything with this HTTP status; 200 ends it. */
  answerWith(status: number): void {
    this.child.stdin?.write(`${JSON.stringify({ status })}\n`);
  }

  /** The latest that was said of a map; `gone` once it was reported gone. */
  standing(id: string): string | undefined {
    for (const report of this.reports.toReversed()) {
      if (report.gone.includes(id)) return 'gone';
      const map = report.maps.find((other) => other.id === id);
      if (map !== undefined) return map.status;
    }
    return undefined;
  }

  /** Waits until the desired state has been reported as reached, in this generation. */
  async settled(desired: DesiredState, ms = 30_000): Promise<void> {
    await eventually(
      `generation ${desired.generation} reached`,
      () =>
        this.reports.some((report) => report.generation === desired.generation) &&
        desired.maps.every((map) => this.standing(map.id) === 'active') &&
        desired.removing.every((map) => this.standing(map.id) === 'gone')
          ? true
          : undefined,
      ms,
    );
  }
}

/** A real gateway process inside a namespace. */
export class GatewayProcess {
  private readonly exited: Promise<unknown>;
  private output = '';

  constructor(
    private readonly child: ChildProcess,
    readonly pid = child.pid,
  ) {
    this.exited = once(child, 'exit');
    child.stdout?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
  }

  static start(namespace: Namespace, controlPlane: ControlPlane, env: NodeJS.ProcessEnv = {}): GatewayProcess {
    return new GatewayProcess(
      namespace.start([process.execPath, MAIN, 'gateway'], {
        BERTH_CONTROL_PLANE_URL: controlPlane.url,
        BERTH_GATEWAY: 'lab',
        BERTH_GATEWAY_TOKEN: 'header.payload.signature',
        FIREWALL: 'iptables',
        FIREWALL_RECHECK_SECONDS: '1',
        NATS_URL: undefined,
        ...env,
      }),
    );
  }

  /** What it printed. */
  get log(): string {
    return this.output;
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.child.kill(signal);
    await this.exited;
  }
}

/** Runs `berth gateway <args>` inside a namespace to its end. */
export function berthGateway(
  namespace: Namespace,
  controlPlane: ControlPlane,
  args: string[],
): ReturnType<Namespace['run']> {
  return namespace.run([
    ...['env', `BERTH_CONTROL_PLANE_URL=${controlPlane.url}`, 'BERTH_GATEWAY=lab', 'FIREWALL=plan'],
    ...[process.execPath, MAIN, 'gateway', ...args],
  ]);
}

/** Starts a server that answers each line with its name and the line. */
export async function serve(namespace: Namespace, protocol: string, port: number, name: string): Promise<void> {
  const child = namespace.start([process.execPath, script('peer.mjs'), 'serve', protocol, String(port), name]);
  if ((await new Lines(child).next()) !== 'ready') throw new Error(`${name} does not serve ${protocol} ${port}`);
}

/** A connection from inside a namespace that stays open. */
export class Talk {
  private constructor(
    private readonly child: ChildProcess,
    private readonly lines: Lines,
    readonly open: boolean,
  ) {}

  static async start(namespace: Namespace, protocol: string, host: string, port: number): Promise<Talk> {
    const child = namespace.start([process.execPath, script('peer.mjs'), 'talk', protocol, host, String(port)]);
    const lines = new Lines(child);
    return new Talk(child, lines, (await lines.next()) === 'open');
  }

  /** The answer to a line; undefined when none came within `ms`. A datagram may be lost: what is sent is not repeated. */
  async ask(line: string, ms = 1_000): Promise<string | undefined> {
    this.child.stdin?.write(`${line}\n`);
    return this.lines.next((answer) => answer.endsWith(line), ms);
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}

/** Asks once over a connection of its own; undefined when it could not be made or nobody answered. */
export async function askOnce(
  namespace: Namespace,
  protocol: string,
  host: string,
  port: number,
): Promise<string | undefined> {
  const talk = await Talk.start(namespace, protocol, host, port);
  try {
    return talk.open ? await talk.ask('hello') : undefined;
  } finally {
    await talk.close();
  }
}

/** client (192.0.2.2) -- gateway (192.0.2.1 | 10.20.0.1, a switch) -- machines one (10.20.0.2) and two (10.20.0.3). */
export class Lab {
  private constructor(
    readonly client: Namespace,
    readonly gateway: Namespace,
    readonly one: Namespace,
    readonly two: Namespace,
  ) {}

  static async create(): Promise<Lab> {
    const lab = new Lab(
      await Namespace.create('client'),
      await Namespace.create('gateway'),
      await Namespace.create('one'),
      await Namespace.create('two'),
    );
    try {
      await lab.connect();
    } catch (error) {
      await lab.remove();
      throw error;
    }
    return lab;
  }

  private async connect(): Promise<void> {
    const { client, gateway, one, two } = this;
    await client.link(
      gateway,
      { name: 'uplink', addresses: ['192.0.2.2/24', '2001:db8::2/64'] },
      { name: 'outside', addresses: ['192.0.2.1/24', '2001:db8::1/64'] },
    );
    await gateway.exec(['ip', 'link', 'add', 'inside', 'type', 'bridge']);
    await gateway.exec(['ip', 'addr', 'add', '10.20.0.1/16', 'dev', 'inside']);
    await gateway.exec(['ip', 'addr', 'add', 'fd00::1/64', 'dev', 'inside', 'nodad']);
    for (const [machine, port, end] of [
      [one, 'to-one', ['10.20.0.2/16', 'fd00::2/64']],
      [two, 'to-two', ['10.20.0.3/16', 'fd00::3/64']],
    ] as const) {
      await machine.link(gateway, { name: 'uplink', addresses: [...end] }, { name: port, addresses: [] });
      await gateway.exec(['ip', 'link', 'set', port, 'master', 'inside']);
      await machine.exec(['ip', 'route', 'add', 'default', 'via', '10.20.0.1']);
      await machine.exec(['ip', '-6', 'route', 'add', 'default', 'via', 'fd00::1']);
    }
    await gateway.exec(['ip', 'link', 'set', 'inside', 'up']);
    // With br_netfilter on, frames between the machines pass iptables inside the switch, and a missing hairpin rule goes
    // unnoticed. Absent when the module is not loaded, which is as good.
    await gateway.run([
      'sysctl',
      '-qw',
      'net.bridge.bridge-nf-call-iptables=0',
      'net.bridge.bridge-nf-call-ip6tables=0',
    ]);
    await gateway.exec(['sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
  }

  async remove(): Promise<void> {
    for (const namespace of [this.client, this.gateway, this.one, this.two]) await namespace.remove();
  }
}
