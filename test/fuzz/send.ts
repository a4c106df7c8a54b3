import { Agent, request } from 'node:http';

/** A request as it goes over the wire. */
export interface Wire {
  method: string;
  /** Path and query, encoded. */
  path: string;
  headers: Record<string, string>;
  body?: Buffer;
}

export interface Answer {
  status: number;
  headers: Record<string, string | undefined>;
  text: string;
  /** It would have gone on: a stream of events. */
  cut: boolean;
}

const TIMEOUT_MS = 15_000;
const agent = new Agent({ keepAlive: true });

/** Sends exactly these bytes, which `fetch` would tidy up. A stream of events is cut after its head. */
export function send(url: string, { method, path, headers, body }: Wire): Promise<Answer> {
  const { hostname, port } = new URL(url);
  const framed = body === undefined ? headers : { ...headers, 'content-length': String(body.length) };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { hostname, port, method, path, headers: framed, agent, timeout: TIMEOUT_MS },
      (incoming) => {
        const status = incoming.statusCode ?? 0;
        const heads = incoming.headers as Record<string, string | undefined>;
        const stream = (heads['content-type'] ?? '').startsWith('text/event-stream');
        if (stream) {
          resolve({ status, headers: heads, text: '', cut: true });
          incoming.destroy();
          return;
        }
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () =>
          resolve({ status, headers: heads, text: Buffer.concat(chunks).toString(), cut: false }),
        );
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** The request as a line for a shell, to send it again by hand. */
export function curl(url: string, { method, path, headers, body }: Wire): string {
  const quoted = (bytes: Buffer): string =>
    `$'${[...bytes].map((byte) => (byte < 32 || byte > 126 || byte === 39 || byte === 92 ? `\\x${byte.toString(16).padStart(2, '0')}` : String.fromCharCode(byte))).join('')}'`;
  const heads = Object.entries(headers).map(
    ([name, value]) =>
      ` -H ${quoted(Buffer.from(`${name}: ${name === 'authorization' && value.length > 20 ? 'Bearer TOKEN' : value}`, 'latin1'))}`,
  );
  const shown = body === undefined ? '' : ` --data-binary ${quoted(body.subarray(0, 4000))}`;
  const more = (body?.length ?? 0) > 4000 ? ` # and ${(body?.length ?? 0) - 4000} bytes more` : '';
  return `curl -i --path-as-is -X ${method} ${quoted(Buffer.from(url + path))}${heads.join('')}${shown}${more}`;
}
