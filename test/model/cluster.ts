import { randomUUID } from 'node:crypto';
import { Api, newSecret, query, type Answer } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

/** Two processes on one database, either of which may be killed at any moment. */
export class Cluster {
  kills = 0;
  cuts = 0;
  private readonly logs: string[] = [];

  private constructor(
    readonly database: TestDatabase,
    private readonly secret: string,
    readonly apis: Api[],
  ) {}

  static async start(): Promise<Cluster> {
    const [database, secret] = [await createTestDatabase(), newSecret()];
    const cluster = new Cluster(database, secret, []);
    await cluster.restart();
    return cluster;
  }

  private startApi(): Promise<Api> {
    return Api.start({ database: this.database.url, secret: this.secret });
  }

  /** The process stops in the middle of whatever it does, and another takes its place. */
  async kill(n: number): Promise<void> {
    await this.apis[n % 2]?.end('SIGKILL');
    this.logs.push(this.apis[n % 2]?.log ?? '');
    this.kills++;
    this.apis[n % 2] = await this.startApi();
  }

  /**
   * All processes stop at once. What they had sent to the database may still be carried out: it is still when no
   * connection is left.
   */
  async killAll(): Promise<void> {
    await Promise.all(this.apis.map((api) => api.end('SIGKILL')));
    this.logs.push(...this.apis.map((api) => api.log));
    this.kills += this.apis.length;
    const others = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`;
    await eventually('silence', async () => (await query(this.database.url, others)).length === 0);
  }

  async restart(): Promise<void> {
    for (const n of [0, 1]) this.apis[n] = await this.startApi();
  }

  /** The database ends some connections of the processes, in the middle of whatever they do. */
  async cut(share: number): Promise<void> {
    const sql = `
      SELECT count(pg_terminate_backend(pid))::int AS cut FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND pid % $1 = 0`;
    const [row] = (await query(this.database.url, sql, [share])) as { cut: number }[];
    this.cuts += row?.cut ?? 0;
  }

  /**
   * Asks one process, or the other when that takes no connection. Undefined: the connection broke, and whether it was
   * done is not known.
   */
  async ask(n: number, method: string, path: string, body?: unknown, headers = {}): Promise<Answer | undefined> {
    for (const which of [n % 2, (n + 1) % 2]) {
      try {
        return await this.apis[which]?.request(method, path, { headers, ...(body === undefined ? {} : { body }) });
      } catch (error) {
        if (!wasNotSent(error)) return undefined;
      }
    }
    return undefined;
  }

  /** What a process logged of a failure, by the `instance` of its answer. */
  logged(instance: string): string {
    const lines = [...this.logs, ...this.apis.map((api) => api.log)].join('').split('\n');
    return lines.filter((line) => line.includes(instance)).join('\n');
  }

  async close(): Promise<void> {
    await Promise.all(this.apis.map((api) => api.end('SIGKILL')));
    await this.database.drop();
  }
}

function wasNotSent(error: unknown): boolean {
  const cause = error instanceof Error ? (error.cause as { code?: string } | undefined) : undefined;
  return cause?.code === 'ECONNREFUSED';
}

export const newKey = (): Record<string, string> => ({ 'idempotency-key': randomUUID() });
