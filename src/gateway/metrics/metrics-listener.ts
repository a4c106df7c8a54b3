import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CONTENT_TYPE, exposition, type Family } from '../../platform/metrics/exposition.js';
import { ProcessMetrics } from '../../platform/metrics/process-metrics.js';
import type { Log } from '../settings.js';

/** Answers are some kilobytes from memory; whoever takes longer to ask or to read is no scraper. */
const DEADLINE_MS = 10_000;
const MAX_CONNECTIONS = 32;

/**
 * `GET /metrics` for Prometheus, without a token and therefore on the loopback address alone: it tells how much is done, and
 * no name or address of anybody.
 */
export class MetricsListener {
  private constructor(
    private readonly server: Server,
    private readonly own: ProcessMetrics,
    readonly port: number,
  ) {}

  /** Serves these and what is known of the process. Throws when the port is taken. */
  static async open(port: number, families: () => Family[], log: Log): Promise<MetricsListener> {
    const own = new ProcessMetrics();
    const server = createServer((request, response) => {
      const pathname = request.url?.split('?', 1)[0];
      const isRead = request.method === 'GET' || request.method === 'HEAD';
      const status = pathname !== '/metrics' ? 404 : isRead ? 200 : 405;
      const body =
        status === 200
          ? exposition([...families(), ...own.families()])
          : `${status === 404 ? 'only /metrics is here' : 'only GET'}\n`;
      response
        .writeHead(status, {
          'content-type': status === 200 ? CONTENT_TYPE : 'text/plain; charset=utf-8',
          ...(status === 405 && { allow: 'GET, HEAD' }),
        })
        .end(request.method === 'HEAD' ? undefined : body);
    });
    server.requestTimeout = DEADLINE_MS;
    server.maxConnections = MAX_CONNECTIONS;
    server.listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
    } catch (error) {
      own.stop();
      const code = (error as NodeJS.ErrnoException).code ?? String(error);
      throw new Error(
        `metrics cannot be served on 127.0.0.1:${port} (${code}): set BERTH_GATEWAY_METRICS_PORT to a free port`,
        {
          cause: error,
        },
      );
    }
    const { port: taken } = server.address() as AddressInfo;
    log('info', `metrics: http://127.0.0.1:${taken}/metrics`);
    return new MetricsListener(server, own, taken);
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.own.stop();
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }
}
