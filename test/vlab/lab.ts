import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { Api } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { selfSign } from './certificates.js';
import { MainServer } from './main-server.js';

const ROOT = '/api/1/ipam';

/** One answer of the face. */
export interface FaceAnswer {
  status: number;
  /** As they came, in order. */
  lines: string[];
  text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into bodies of every shape
  body: any;
}

export interface Sent {
  method?: string;
  /** After `/api/1/ipam`, with the query. */
  path?: string;
  token?: string | undefined;
  /** More header lines, as they are. */
  lines?: string[];
  body?: string;
}

/** A Berth with the vLab face over TLS, and a main server; Berth trusts 127.0.0.1 as the proxy of that. */
export class VlabLab {
  private constructor(
    readonly folder: string,
    readonly api: Api,
    readonly main: MainServer,
    readonly port: number,
  ) {}

  static async start(env: Record<string, string> = {}): Promise<VlabLab> {
    const folder = await mkdtemp(join(tmpdir(), 'berth-vlab-'));
    const pair = await selfSign(folder, 'alice.vlab.example');
    const main = await MainServer.start(pair);
    const api = await Api.start({
      env: {
        ...{ VLAB_PORT: '0', VLAB_URL: main.url, VLAB_TLS_CERT_FILE: pair.cert, VLAB_TLS_KEY_FILE: pair.key },
        ...{ VLAB_TRUSTED_PROXIES: '127.0.0.1', PRODUCTION: 'beta', VLAB_APPLY_SECONDS: '1' },
        ...{ LOG_LEVEL: 'info', LOG_FORMAT: 'json', ...env },
      },
    });
    const url = await eventually(
      'the listener of vLab clients',
      () =>
        /"(https?:[^"]*)"/.exec(
          api.log.split('\n').find((line) => line.includes('for vLab clients is ready')) ?? '',
        )?.[1],
    );
    return new VlabLab(folder, api, main, Number(new URL(url).port));
  }

  connection(): TLSSocket {
    // Nobody in vLab verifies a gateway's certificate.
    return connect({ host: '127.0.0.1', port: this.port, rejectUnauthorized: false });
  }

  /** Sends bytes and answers with everything that came back until the connection was closed. */
  async bytes(text: string): Promise<string> {
    const socket = this.connection();
    let answer = '';
    socket.setEncoding('utf8').on('data', (piece: string) => (answer += piece));
    const closed = once(socket, 'close');
    socket.write(text);
    await closed;
    return answer;
  }

  /** A request as it comes through the proxy of the main server: names in capitals, `Host: gateway`. */
  async ask({ method = 'GET', path = '/portmap', token, lines = [], body }: Sent): Promise<FaceAnswer> {
    const framing =
      body === undefined
        ? ['TRANSFER-ENCODING: chunked']
        : ['CONTENT-TYPE: application/json', `CONTENT-LENGTH: ${Buffer.byteLength(body)}`];
    const head = [
      `${method} ${ROOT}${path} HTTP/1.1`,
      ...['HOST: gateway', 'ACCEPT-ENCODING: gzip, deflate', 'ACCEPT: */*', 'USER-AGENT: vLab CLI 2021.7.16'],
      ...['X-REQUEST-ID: 8c5d1f0a3b6e4f7d9a2b1c0d3e4f5a6b', ...(token === undefined ? [] : [`X-AUTH: ${token}`])],
      ...[...lines, ...framing, 'CONNECTION: close'],
    ];
    return parsed(await this.bytes(`${head.join('\r\n')}\r\n\r\n${body ?? '0\r\n\r\n'}`));
  }

  async close(): Promise<void> {
    await this.api.close();
    await this.main.close();
    await rm(this.folder, { recursive: true });
  }
}

export function parsed(answer: string): FaceAnswer {
  const end = answer.indexOf('\r\n\r\n');
  const [first = '', ...lines] = answer.slice(0, end).split('\r\n');
  const text = answer.slice(end + 4);
  return {
    status: Number(first.split(' ')[1]),
    lines,
    text,
    body: text.startsWith('{') ? (JSON.parse(text) as unknown) : undefined,
  };
}
