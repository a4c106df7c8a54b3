import { watch } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Config, Environment, isGivenOrInFile } from '../platform/config/config.js';
import { maskUserInfo } from '../platform/config/display.js';
import { Home } from './home.js';
import type { Service } from './lifetime.js';
import { ensureGateway } from './local-gateway.js';
import { lockHome } from './lock.js';
import { startPart } from './node-child.js';
import { Output } from './output.js';
import { requirePort } from './port.js';
import { startCluster } from './postgres/cluster.js';
import { screen } from './screen.js';
import { labSigning, Signing } from './signing.js';
import { Running, Supervisor } from './supervisor.js';

export interface UpOptions {
  readonly version: string;
  /** Restart the API and the gateway when the compiled program changes; for `make dev`. */
  readonly watch: boolean;
  readonly print: (text: string) => void;
}

const TOKEN_SECONDS = 365 * 86_400;
const WATCH_QUIET_MS = 400;

/**
 * A whole Berth on one machine: PostgreSQL (unless DATABASE_URL names one), the API, and a gateway, each a process of its
 * own under supervision.
 */
export class Up implements Service {
  /** In the order of their start; they stop in the reverse one. */
  private readonly supervisors: Supervisor[] = [];
  private readonly output: Output;
  private api?: Supervisor;
  private databaseUrl: string;
  private apiUrl = '';
  private unlock: () => void = () => undefined;
  private closing?: Promise<void>;

  constructor(
    private readonly config: Config,
    private readonly environment: Environment,
    private readonly options: UpOptions,
  ) {
    this.output = new Output(options.print, config.log.format, config.log.level === 'debug');
    this.databaseUrl = config.database.url;
  }

  /** Resolves when all is ready and the screen is printed; rejects with one sentence, and nothing is left running then. */
  async start(): Promise<{ url?: string }> {
    try {
      await this.startAll();
      return { url: this.apiUrl };
    } catch (error) {
      const asked = this.closing !== undefined;
      await this.close();
      if (asked) return {}; // told to stop while starting: that is no failure
      this.output.flush();
      throw error;
    }
  }

  /** Gateway, API, database: each ends only when nobody needs it any more. */
  close(): Promise<void> {
    this.closing ??= (async () => {
      for (const supervisor of this.supervisors.toReversed()) await supervisor.stop();
      this.unlock();
    })();
    return this.closing;
  }

  abort(): void {
    for (const supervisor of this.supervisors) supervisor.kill();
    this.unlock();
  }

  private async startAll(): Promise<void> {
    const { http, up, gateway } = this.config;
    const home = Home.open(up.home);
    this.unlock = lockHome(home);
    const signing = labSigning(this.config.auth, () => home);
    if (http.port !== 0) await requirePort(http.host, http.port);

    if (!this.ownDatabase) await this.run('postgres', () => this.launchPostgres(home));
    this.api = await this.run('api', (stopped) => this.launchApi(signing, stopped));
    const admin = await signing.token({ sub: 'lab-admin', role: 'admin' }, TOKEN_SECONDS);
    const tokenFile = admin === undefined ? undefined : home.writePrivate('admin.token', `${admin}\n`);
    await ensureGateway(this.apiUrl, admin, gateway.name);
    const gatewayPart = await this.run('gateway', (stopped) => this.launchGateway(home, signing, stopped));

    this.options.print(screen(this.screenFacts(home, tokenFile)));
    this.output.open();
    if (this.options.watch) this.restartOnChange([this.api, gatewayPart]);
  }

  /** Whether the user brings the database. */
  private get ownDatabase(): boolean {
    return isGivenOrInFile(this.environment, 'DATABASE_URL');
  }

  private async run(name: string, launch: (stopped: AbortSignal) => Promise<Running>): Promise<Supervisor> {
    if (this.closing) throw new Error('stopped while starting');
    const supervisor = new Supervisor(name, launch, (line) => this.output.say(line));
    this.supervisors.push(supervisor);
    await supervisor.start();
    return supervisor;
  }

  private async launchPostgres(home: Home): Promise<Running> {
    const cluster = await startCluster(home, { say: (line) => this.output.say(line) });
    const moved = this.api !== undefined && cluster.url !== this.databaseUrl;
    this.databaseUrl = cluster.url;
    // Somebody took its port while it was down: the API must hear of the new one.
    if (moved) void this.api?.restart();
    return cluster;
  }

  private async launchApi(signing: Signing, stopped: AbortSignal): Promise<Running> {
    const environment = {
      ...this.environment,
      ...signing.environment,
      DATABASE_URL: this.databaseUrl,
      LOG_FORMAT: 'json',
    };
    const part = await startPart(['serve', '--migrate'], environment, this.output.of('api'), stopped);
    this.apiUrl = part.url ?? '';
    return part;
  }

  private async launchGateway(home: Home, signing: Signing, stopped: AbortSignal): Promise<Running> {
    const { name } = this.config.gateway;
    const token = await signing.token({ sub: `gateway-${name}`, role: 'gateway', gateway: name }, TOKEN_SECONDS);
    const environment = {
      ...this.environment,
      // It may hold privileges over this machine: neither the database nor the key is its business.
      DATABASE_URL: undefined,
      DATABASE_URL_FILE: undefined,
      AUTH_SECRET: undefined,
      AUTH_SECRET_FILE: undefined,
      DNS_KEYS: undefined,
      DNS_KEYS_FILE: undefined,
      BERTH_CONTROL_PLANE_URL: this.apiUrl,
      BERTH_GATEWAY_TOKEN: undefined,
      BERTH_GATEWAY_TOKEN_FILE: token === undefined ? undefined : home.writePrivate('gateway.token', `${token}\n`),
      LOG_FORMAT: 'json',
    };
    return startPart(['gateway'], environment, this.output.of('gateway'), stopped);
  }

  private screenFacts(home: Home, tokenFile: string | undefined): Parameters<typeof screen>[0] {
    const { gateway, nats } = this.config;
    return {
      version: this.options.version,
      url: this.apiUrl,
      gateway: gateway.name,
      firewall: gateway.firewall,
      ...(this.ownDatabase ? {} : { data: shortest(home.path) }),
      ...(tokenFile === undefined ? {} : { tokenFile: shortest(tokenFile) }),
      ...(nats.url === undefined ? {} : { nats: maskUserInfo(nats.url) }),
    };
  }

  private restartOnChange(supervisors: readonly Supervisor[]): void {
    let quiet: NodeJS.Timeout | undefined;
    const restart = (): void => {
      if (this.closing) return;
      this.output.say('the program has changed: API and gateway start anew');
      for (const supervisor of supervisors) void supervisor.restart();
    };
    const program = fileURLToPath(new URL('..', import.meta.url));
    watch(program, { recursive: true }, () => {
      clearTimeout(quiet);
      quiet = setTimeout(restart, WATCH_QUIET_MS); // a compiler writes many files
    });
  }
}

/** The path as the user would type it here. */
function shortest(path: string): string {
  const fromHere = relative('.', path);
  return fromHere.startsWith('..') || fromHere === '' ? path : fromHere;
}
