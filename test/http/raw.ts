import { request } from 'node:http';
import { connect } from 'node:net';

/** Something that listens: an Api, or a door of one. */
export interface Listener {
  url: string;
}

/** One answer as it came, headers included. */
export interface RawAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into bodies of every shape
  body: any;
}

/** Sends exactly these headers and this path, which `fetch` would tidy up. */
export function exactly(
  api: Listener,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string,
): Promise<RawAnswer> {
  const { hostname, port } = new URL(api.url);
  // As Go does; Node would send the body of a DELETE without saying how long it is.
  const framed = body === undefined ? headers : { 'content-length': String(Buffer.byteLength(body)), ...headers };
  return new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, method, path, headers: framed, agent: false }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (chunk: string) => (text += chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const json = (incoming.headers['content-type'] ?? '').includes('json') && text !== '';
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          text,
          body: json ? (JSON.parse(text) as unknown) : undefined,
        });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Writes bytes to a connection and answers with everything that came back until it was closed, as text. */
export async function bytes(api: Listener, ...pieces: (string | Buffer)[]): Promise<string> {
  return (await octets(api, ...pieces)).toString('utf8');
}

/** The same, as bytes. */
export function octets(api: Listener, ...pieces: (string | Buffer)[]): Promise<Buffer> {
  const { hostname, port } = new URL(api.url);
  return new Promise((resolve, reject) => {
    const answer: Buffer[] = [];
    const socket = connect(Number(port), hostname.replace(/^\[|\]$/g, ''), () => {
      for (const piece of pieces) socket.write(piece);
    });
    socket.on('data', (chunk: Buffer) => answer.push(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // The server may close while we still write: what it said before counts.
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') reject(error);
    });
    socket.on('close', () => resolve(Buffer.concat(answer)));
  });
}
