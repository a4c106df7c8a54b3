import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { DesiredState } from '../../contract/desired-state.js';
import type { ControlPlaneClient } from '../control-plane-client.js';
import { ConnectionWatch } from '../firewall/connection-watch.js';
import type { FlowLogSettings, GatewaySettings, Log } from '../settings.js';
import { parseConnectionEvent } from './connection-event.js';
import { Delivery } from './delivery.js';
import { MapIndex } from './map-index.js';
import { NatsTarget, subjectOf } from './nats-target.js';
import { flowRecord, type FlowRecord } from './record.js';
import { Spool } from './spool.js';
import { SyslogTarget } from './syslog-target.js';
import type { Target } from './target.js';
import { UsageMeter } from './usage-meter.js';
import { UsageReporter } from './usage-reporter.js';
import { fernet, vlabPayload } from './vlab-shape.js';

/** With so much not on disk yet the kernel's events wait in its own buffer. */
const MOST_PENDING = 4 * 1024 * 1024;

/**
 * From the kernel's connection events to usage and to the log: parse -> whose map -> count -> spool -> target. Undefined
 * when it is switched off. Throws, so that the gateway does not start, when the log could not be what was asked for.
 */
export async function startFlowLog(
  { flowLog: settings, gateway, natsUrl, log }: GatewaySettings,
  client: ControlPlaneClient,
): Promise<FlowLog | undefined> {
  if (settings === undefined) return undefined;
  const bodyOf = shapeOf(settings);
  const target = targetOf(settings, gateway, natsUrl);
  if (target === undefined) return new FlowLog(client, settings, gateway, log);
  const directory = join(settings.spool, encodeURIComponent(gateway));
  const spool = await Spool.open(directory, settings.spoolBytes, () => delivery.wake());
  const delivery: Delivery = new Delivery(spool, target, bodyOf, log);
  return new FlowLog(client, settings, gateway, log, { spool, delivery });
}

function shapeOf({ shape, key }: FlowLogSettings): (line: string, record: FlowRecord) => string {
  if (shape === 'berth') return (line) => line;
  if (key === undefined) throw new Error('FLOW_LOG_SHAPE=vlab needs FLOW_LOG_KEY, or FLOW_LOG_KEY_FILE');
  return (_, record) => fernet(key, vlabPayload(record));
}

function targetOf({ target, stream }: FlowLogSettings, gateway: string, natsUrl?: string): Target | undefined {
  if (target === 'none' || (target === 'nats' && natsUrl === undefined)) return undefined;
  if (target === 'nats') return new NatsTarget(natsUrl ?? '', stream, subjectOf(gateway));
  return new SyslogTarget(new URL(target), gateway);
}

export class FlowLog {
  private readonly index = new MapIndex();
  private readonly meter: UsageMeter;
  private readonly reporter: UsageReporter;
  private readonly watch: ConnectionWatch;
  /** Ids are unique over restarts: a life of the process, and a number in it. */
  private readonly life = randomBytes(8).toString('hex');
  private logged = 0;
  private failing = false;

  constructor(
    client: ControlPlaneClient,
    { clients }: Pick<FlowLogSettings, 'clients'>,
    private readonly gateway: string,
    private readonly log: Log,
    private readonly out?: { spool: Spool; delivery: Delivery },
  ) {
    this.meter = new UsageMeter(clients);
    this.reporter = new UsageReporter(client, this.meter, log);
    this.watch = new ConnectionWatch({ onLines: (lines) => this.hear(lines), log });
  }

  /** The maps whose connections are ours from now on. */
  know(desired: DesiredState): void {
    this.index.know(desired);
  }

  async close(): Promise<void> {
    await this.watch.close();
    await this.reporter.close();
    await this.out?.delivery.close();
    await this.out?.spool.close();
  }

  private hear(lines: readonly string[]): void {
    for (const line of lines) {
      const event = parseConnectionEvent(line);
      const map = event === undefined ? undefined : this.index.find(event);
      if (event === undefined || map === undefined) continue;
      this.meter.count(map, event);
      if (event.kind !== 'new' || this.out === undefined) continue;
      const record = flowRecord(`${this.life}-${++this.logged}`, this.gateway, event, map);
      this.out.spool.append(JSON.stringify(record));
    }
    if (this.out !== undefined) this.store(this.out.spool);
  }

  /** A disk that takes nothing is tried again with every new event, and holds the source back meanwhile. */
  private store(spool: Spool): void {
    if (spool.pending === 0) return;
    if (spool.pending > MOST_PENDING) this.watch.hold(true);
    spool.flush().then(
      () => {
        if (this.failing) this.log('info', 'the spool of the flow log can be written again');
        this.failing = false;
        this.watch.hold(false);
      },
      (error: unknown) => {
        if (!this.failing) this.log('error', `the spool of the flow log cannot be written: ${String(error)}`);
        this.failing = true;
        setTimeout(() => this.store(spool), 1_000).unref();
      },
    );
  }
}
