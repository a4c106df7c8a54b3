// One end of the connections of a firewall benchmark: an order (JSON) a line on standard input, an answer a line on output.
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

const attempt = (host, port) =>
  new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 3_000 });
    const end = (outcome) => {
      socket.resetAndDestroy();
      resolve(outcome);
    };
    socket.on('connect', () => end('made'));
    socket.on('timeout', () => end('failed'));
    socket.on('error', (error) => end(error.code === 'ECONNREFUSED' ? 'refused' : 'failed'));
  });

const orders = {
  /** Takes connections, and throws away what comes through them. */
  listen: ({ port }) =>
    new Promise((resolve) => {
      const server = createServer((socket) => socket.on('error', () => undefined).resume());
      server.listen({ port, host: '0.0.0.0', backlog: 1_024 }, () => resolve({}));
    }),
  /** So many connections, some at a time; microseconds for each, the fastest half, and how they ended. */
  connect: async ({ host, port, count, atOnce = 1 }) => {
    const outcomes = { made: 0, refused: 0, failed: 0 };
    const times = [];
    let left = count;
    const caller = async () => {
      while (left-- > 0) {
        const start = process.hrtime.bigint();
        outcomes[await attempt(host, port)]++;
        times.push(Number(process.hrtime.bigint() - start) / 1e3);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, caller));
    times.sort((a, b) => a - b);
    return { ...outcomes, quartile: times[Math.floor(times.length / 4)], median: times[Math.floor(times.length / 2)] };
  },
  /** Sends through one connection for some milliseconds; bytes a second that the other end took. */
  send: ({ host, port, milliseconds }) =>
    new Promise((resolve, reject) => {
      const chunk = Buffer.alloc(256 * 1_024);
      const socket = connect({ host, port });
      let start = 0;
      const write = () => {
        if (performance.now() - start < milliseconds) {
          socket.write(chunk, write);
          return;
        }
        const rate = (socket.bytesWritten - socket.writableLength) / ((performance.now() - start) / 1_000);
        socket.destroy();
        resolve({ rate });
      };
      socket.on('error', reject);
      socket.on('connect', () => {
        start = performance.now();
        write();
      });
    }),
};

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(await orders[order.order](order))}\n`);
}
