import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { failure, type VlabAnswer, type VlabRequest } from './vlab-answer.js';
import { VlabRefusal } from './vlab-refusal.js';

/** Bytes; every body of the face is a few hundred at most. */
const MAX_BODY = 64 * 1024;

/** Reads a request whole; a VlabRefusal when its body is too large. What its Content-Type says does not matter. */
export async function requestOf(incoming: IncomingMessage): Promise<VlabRequest> {
  const { method = 'GET', url = '/', headers, socket } = incoming;
  const mark = url.indexOf('?');
  const pieces: Buffer[] = [];
  let size = 0;
  // Not destroyed by the refusal, which is still to be written to the same connection.
  for await (const piece of incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > MAX_BODY) throw new VlabRefusal(413, `The body of the HTTP request is larger than ${MAX_BODY} bytes`);
    pieces.push(piece);
  }
  return {
    method,
    path: mark < 0 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value?.toString()])),
    peer: socket.remoteAddress ?? '',
    body: Buffer.concat(pieces),
  };
}

/** Writes an answer with its length; of HEAD without its body. */
export function write(response: ServerResponse, method: string | undefined, answer: VlabAnswer): void {
  const { status, headers, body } = answer;
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(method === 'HEAD' ? undefined : body);
}

const CLIENT_ERRORS: Readonly<Record<string, [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The headers of the HTTP request are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The HTTP request took too long'],
};

/** What is no HTTP request gets an answer in JSON too. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (socket.destroyed || !socket.writable) return;
  const [status, text] = CLIENT_ERRORS[error.code ?? ''] ?? [400, 'This is no HTTP request'];
  const { headers, body } = failure(status, text);
  const lines = Object.entries({ ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' });
  const head = lines.map(([name, value]) => `${name}: ${String(value)}\r\n`).join('');
  socket.end(`HTTP/1.1 ${status} Error\r\n${head}\r\n${body}`);
}
