import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What came in, and whether it was the one that `decide` answered with 2xx. */
export interface Delivery {
  headers: IncomingHttpHeaders;
  text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- events of every shape
  event: any;
  status: number;
}

/** A status, or undefined: no answer at all. */
export type Decide = (delivery: Omit<Delivery, 'status'>, response: ServerResponse) => number | undefined;

/** A real HTTP receiver on a loopback port. */
export class TestReceiver {
  readonly got: Delivery[] = [];
  decide: Decide = () => 204;
  private server: Server | undefined;
  private port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`;
  }

  /** Starts, or starts again on the port it had. */
  async listen(): Promise<this> {
    this.server = createServer((request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      request.on('end', () => {
        const delivery = { headers: request.headers, text, event: JSON.parse(text) as unknown };
        const status = this.decide(delivery, response);
        this.got.push({ ...delivery, status: status ?? 0 });
        if (status !== undefined) response.writeHead(status).end('thanks');
      });
    });
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
    return this;
  }

  async close(): Promise<void> {
    if (this.server === undefined) return;
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    this.server = undefined;
    await closed;
  }

  /** Names of the pools whose events were taken, in order of their first arrival. */
  names(): string[] {
    const taken = this.got.filter(({ status }) => status >= 200 && status < 300);
    return [...new Set(taken.map(({ event }) => event.data.name as string))];
  }
}
