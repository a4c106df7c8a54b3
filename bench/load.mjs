import { connect } from 'node:net';

const END_OF_HEAD = Buffer.from('\r\n\r\n');

/**
 * Sends requests over keep-alive connections, each with one in flight, until the time is up or `next` gives no more. A
 * client of few microseconds a request, since it shares its cores with what it measures.
 *
 * `next()` gives `{ method, path, body? }` or undefined. Answers: how many, latencies in ms (sorted), seconds it took, and
 * the bodies if `keep` is set. A status that is not in `accept` ends it with an error.
 */
export async function load({ url, headers, connections = 64, seconds, next, accept = [200, 201, 204], keep = false }) {
  const { hostname, port } = new URL(url);
  const head = Object.entries({ host: `${hostname}:${port}`, ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  const latencies = [];
  const bodies = [];
  const begin = process.hrtime.bigint();
  const deadline = seconds === undefined ? Infinity : Date.now() + seconds * 1000;

  const connection = () =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      let sentAt = 0n;
      let received = Buffer.alloc(0);
      const send = () => {
        const request = Date.now() < deadline ? next() : undefined;
        if (request === undefined) {
          socket.destroy();
          resolve();
          return;
        }
        const { method, path, body = '' } = request;
        sentAt = process.hrtime.bigint();
        socket.write(`${method} ${path} HTTP/1.1\r\n${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
      };
      socket.on('connect', send);
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('the API closed the connection')));
      socket.on('data', (chunk) => {
        received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
        const end = received.indexOf(END_OF_HEAD);
        if (end < 0) return;
        const answer = received.toString('latin1', 0, end);
        const length = Number(/\r\ncontent-length: *(\d+)/i.exec(answer)?.[1] ?? 0);
        if (received.length < end + 4 + length) return;
        const status = Number(answer.slice(9, 12));
        latencies.push(Number(process.hrtime.bigint() - sentAt) / 1e6);
        const body = received.toString('utf8', end + 4, end + 4 + length);
        received = received.subarray(end + 4 + length);
        if (!accept.includes(status)) {
          reject(new Error(`status ${status}: ${body}`));
          socket.destroy();
          return;
        }
        if (keep) bodies.push(body);
        send();
      });
    });

  await Promise.all(Array.from({ length: connections }, connection));
  const took = Number(process.hrtime.bigint() - begin) / 1e9;
  latencies.sort((a, b) => a - b);
  const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))];
  return {
    count: latencies.length,
    seconds: took,
    rate: latencies.length / took,
    p50: at(0.5),
    p99: at(0.99),
    bodies,
  };
}
