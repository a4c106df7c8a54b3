import { octets, type Listener } from './raw.js';

/** The client package of RackHD/ipam (contracts/rackhd.md section 9): what it sends, and what it looks at in the answer. */

export type Type = 'pool' | 'subnet' | 'reservation' | 'lease';
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- documents of four shapes
export type Doc = any;

export const vendor = (type: string): string => `application/vnd.ipam.${type}+json; version=1.0.0`;

/** What it sends on an index, and on the GET after a write. */
const ODD_TYPE = '+json; version=""';

/** The smallest bodies that it sends. */
export const POOL = { id: '', name: 'P0', tags: null, metadata: null };
export const SUBNET = {
  ...{ id: '', name: 'S0', tags: null, metadata: null },
  ...{ pool: '', start: '192.168.1.10', end: '192.168.1.11' },
};
export const RESERVATION = { id: '', name: '', tags: null, metadata: null, subnet: '' };

export interface GoAnswer {
  /** As in `404 Not Found`. */
  statusLine: string;
  status: number;
  headers: Map<string, string>;
  body: Buffer;
}

/**
 * A request as Go's net/http writes it, byte by byte: Host, User-Agent, Connection and Content-Length first, the
 * caller's headers next, what the transport adds last.
 */
export function goRequest(host: string, method: string, path: string, contentType: string, body?: string): string {
  return [
    `${method} ${path} HTTP/1.1`,
    `Host: ${host}`,
    'User-Agent: Go-http-client/1.1',
    'Connection: close',
    ...(body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
    `Content-Type: ${contentType}`,
    'Accept-Encoding: gzip',
    '',
    body ?? '',
  ].join('\r\n');
}

/** A struct as Go's encoder writes it: with a newline, and with what HTML could take for its own escaped. */
export function goJson(value: object): string {
  const escaped = JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `${escaped}\n`;
}

/** Splits an answer and undoes chunks. */
export function readAnswer(bytes: Buffer): GoAnswer {
  const end = bytes.indexOf('\r\n\r\n');
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const statusLine = first.replace(/^HTTP\/1\.1 /, '');
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  const rest = bytes.subarray(end + 4);
  const body = headers.get('transfer-encoding') === 'chunked' ? unchunked(rest) : rest;
  return { statusLine, status: Number(statusLine.slice(0, 3)), headers, body };
}

function unchunked(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const line = bytes.indexOf('\r\n', at);
    const size = parseInt(bytes.subarray(at, line).toString('latin1'), 16);
    if (!(size > 0)) return Buffer.concat(parts);
    parts.push(bytes.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
}

export class GoClient {
  /** Every call that was made, as `pool CreateShow`. */
  readonly calls = new Set<string>();

  constructor(private readonly listener: Listener) {}

  /** Opens a client: asks for the pools until that works, at most five times. */
  static async open(listener: Listener, pause: () => Promise<void>): Promise<GoClient> {
    const client = new GoClient(listener);
    for (let attempt = 1; ; attempt++) {
      try {
        await client.index('/pools', 'pool');
        return client;
      } catch (error) {
        if (attempt === 5) throw error;
        await pause();
      }
    }
  }

  index(path: string, type: Type): Promise<Doc[]> {
    this.calls.add(`${type} Index`);
    return this.read(path, `${type}s`, ODD_TYPE).then((list) => (list as Record<string, Doc[]>)[`${type}s`] as Doc[]);
  }

  show(path: string, type: Type): Promise<Doc> {
    this.calls.add(`${type} Show`);
    return this.read(path, type, vendor(type));
  }

  create(path: string, type: Type, body: object): Promise<string> {
    this.calls.add(`${type} Create`);
    return this.write('POST', path, type, body);
  }

  async createShow(path: string, type: Type, body: object): Promise<Doc> {
    this.calls.add(`${type} CreateShow`);
    return this.read(await this.write('POST', path, type, body), type, ODD_TYPE);
  }

  update(path: string, type: Type, body: object): Promise<string> {
    this.calls.add(`${type} Update`);
    return this.write('PATCH', path, type, body);
  }

  async updateShow(path: string, type: Type, body: object): Promise<Doc> {
    this.calls.add(`${type} UpdateShow`);
    return this.read(await this.write('PATCH', path, type, body), type, ODD_TYPE);
  }

  delete(path: string, type: Type, body: object): Promise<string> {
    this.calls.add(`${type} Delete`);
    return this.write('DELETE', path, type, body);
  }

  async send(method: string, path: string, contentType: string, body?: string): Promise<GoAnswer> {
    const { host } = new URL(this.listener.url);
    const answer = readAnswer(await octets(this.listener, goRequest(host, method, path, contentType, body)));
    if (Number.isNaN(answer.status)) throw new Error('EOF');
    return answer;
  }

  /** Reads look at the media type and at nothing else. */
  private async read(path: string, type: string, contentType: string): Promise<Doc> {
    const { headers, body } = await this.send('GET', path, contentType);
    const sent = headers.get('content-type') ?? '';
    if (sent !== vendor(type)) throw new Error(`not ${type}: ${sent}`);
    // It asked for gzip and would undo it; Berth sends none.
    if (headers.has('content-encoding')) throw new Error('encoded');
    return JSON.parse(body.toString('utf8'));
  }

  /** Writes look at the status, which they report as their error, and take the Location as it is. */
  private async write(method: string, path: string, type: Type, body: object): Promise<string> {
    const { status, statusLine, headers } = await this.send(method, path, vendor(type), goJson(body));
    if (status < 200 || status > 300) throw new Error(statusLine);
    const location = headers.get('location');
    if (location === undefined) throw new Error('no Location');
    return location;
  }
}
