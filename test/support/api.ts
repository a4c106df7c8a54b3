import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import pg from 'pg';
import { createTestDatabase } from './database.js';

const MAIN = join(import.meta.dirname, '../../dist/src/main.js');

/** One answer; `body` is the parsed JSON, or undefined when there was none. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into bodies of every shape
  body: any;
}

export interface Options {
  /** Sent as JSON; text is sent as it is. */
  body?: unknown;
  headers?: Record<string, string>;
  /** The token; default: the API's admin token. Empty: none. */
  token?: string;
}

export interface ApiOptions {
  /** URL of a database that is there; default: one of its own, dropped at close. */
  database?: string;
  auth?: 'jwt' | 'none';
  secret?: string;
  env?: Record<string, string>;
}

/** The real thing: `berth serve` in a process of its own, on a port of its own. */
export class Api {
  /** What it wrote to standard error. */
  log = '';

  private constructor(
    private readonly child: ChildProcess,
    readonly database: string,
    readonly secret: string,
    readonly admin: string,
    private readonly dropDatabase: () => Promise<void>,
  ) {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.log += text));
  }

  url = '';

  static async start({ database, auth = 'jwt', secret = newSecret(), env = {} }: ApiOptions = {}): Promise<Api> {
    const own = database === undefined ? await createTestDatabase() : undefined;
    const url = database ?? own?.url ?? '';
    const child = spawn(process.execPath, [MAIN, 'serve'], {
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
      env: {
        ...{ PATH: process.env['PATH'], HOST: '127.0.0.1', PORT: '0', DATABASE_URL: url, LOG_LEVEL: 'warn' },
        ...(auth === 'none' ? { AUTH: 'none' } : { AUTH_SECRET: secret }),
        ...env,
      },
    });
    const admin = auth === 'none' ? '' : await token(secret, { sub: 'root', role: 'admin' });
    const api = new Api(child, url, secret, admin, () => own?.drop() ?? Promise.resolve());
    const [message] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [
      { url?: string; reason?: string } | number | null,
    ];
    if (typeof message !== 'object' || message?.url === undefined) {
      await own?.drop();
      const reason = typeof message === 'object' ? (message?.reason ?? '') : '';
      throw new Error(`berth serve did not start: ${reason}\n${api.log}`);
    }
    api.url = message.url;
    return api;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  token(claims: Record<string, unknown>): Promise<string> {
    return token(this.secret, claims);
  }

  async request(method: string, path: string, options: Options = {}): Promise<Answer> {
    return send(`${this.url}${path}`, method, { token: this.admin, ...options });
  }

  get(path: string, options?: Options): Promise<Answer> {
    return this.request('GET', path, options);
  }

  post(path: string, body: unknown, options?: Options): Promise<Answer> {
    return this.request('POST', path, { body, ...options });
  }

  patch(path: string, body: unknown, options?: Options): Promise<Answer> {
    return this.request('PATCH', path, { body, ...options });
  }

  put(path: string, body: unknown, options?: Options): Promise<Answer> {
    return this.request('PUT', path, { body, ...options });
  }

  delete(path: string, options?: Options): Promise<Answer> {
    return this.request('DELETE', path, options);
  }

  /** Makes something that a test needs and answers with its document. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as in Answer
  async make(path: string, body: unknown, options?: Options): Promise<any> {
    const answer = await this.post(path, body, options);
    if (answer.status !== 201) throw new Error(`POST ${path} answered ${answer.status}: ${answer.text}`);
    return answer.body as unknown;
  }

  /** A pool with one subnet. */
  async subnet(start: string, end: string): Promise<{ pool: string; subnet: string }> {
    const { id: pool } = (await this.make('/pools', { name: 'P' })) as { id: string };
    const { id: subnet } = (await this.make(`/pools/${pool}/subnets`, { name: 'S', start, end })) as { id: string };
    return { pool, subnet };
  }

  /** A gateway with a pool of one subnet as its own. */
  async gateway(more: Record<string, unknown> = {}): Promise<{ gateway: string; pool: string; subnet: string }> {
    const { pool, subnet } = await this.subnet('10.20.0.1', '10.20.0.254');
    const name = `gw-${randomBytes(4).toString('hex')}`;
    const body = { name, externalAddress: '192.0.2.10', networks: ['10.30.0.0/16'], pool, ...more };
    const { id: gateway } = (await this.make('/gateways', body)) as { id: string };
    return { gateway, pool, subnet };
  }

  /** Runs SQL beside the application. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- rows of any statement
  async sql(text: string, values: unknown[] = []): Promise<any[]> {
    return query(this.database, text, values);
  }

  /** Sends a signal and waits for the end of the process. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exit = once(this.child, 'exit');
      this.child.kill(signal);
      await exit;
    }
    return this.child.exitCode;
  }

  async close(): Promise<void> {
    await this.end('SIGTERM');
    await this.dropDatabase();
  }
}

export const newSecret = (): string => randomBytes(32).toString('hex');

/** A signed token with the claims, good for an hour unless they say otherwise. */
export function token(secret: string, claims: Record<string, unknown>): Promise<string> {
  return new SignJWT({ exp: Math.floor(Date.now() / 1000) + 3600, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secret));
}

export async function send(url: string, method: string, { body, headers, token: bearer }: Options): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(bearer === undefined || bearer === '' ? {} : { authorization: `Bearer ${bearer}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const json = text !== '' && /[/+]json/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: json ? (JSON.parse(text) as unknown) : undefined,
  };
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- rows of any statement
export async function query(url: string, text: string, values: unknown[] = []): Promise<any[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}

const TABLES = [
  ...['pool', 'subnet', 'reservation', 'lease', 'gateway', 'gateway_ports', 'component', 'port_map'],
  ...['address_history', 'port_history', 'webhook', 'webhook_event'],
  ...['resting_address', 'quarantine', 'space', 'space_chunk', 'free_interval', 'idempotency_key', 'quota'],
];

/** Everything in the database that a refused request must leave as it was, events included. */
export async function dump(url: string): Promise<Record<string, string>> {
  const parts = TABLES.map((table) => `(SELECT coalesce(json_agg(t ORDER BY t::text), '[]') FROM ${table} t)::text`);
  const columns = parts.map((part, index) => `${part} AS ${TABLES[index] ?? ''}`).join(', ');
  // Not their positions, which the sequencer gives out in its own time, and not what the counting of pools tells in its own.
  const events = `(SELECT coalesce(json_agg(o.id ORDER BY seq), '[]') FROM outbox o
                   WHERE type NOT LIKE 'ipam.pool.threshold%')::text AS outbox`;
  const [row] = (await query(url, `SELECT ${columns}, ${events}`)) as Record<string, string>[];
  return row ?? {};
}
