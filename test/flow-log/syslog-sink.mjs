/**
 * A syslog server (RFC 6587, octet-counted) that prints the message part of each frame as a line. Arguments: port, and
 * optionally the files of a key and a certificate for TLS.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

const [port, key, cert] = process.argv.slice(2);
function take(socket) {
  let rest = Buffer.alloc(0);
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const space = rest.indexOf(32);
      const length = Number(rest.toString('latin1', 0, space));
      if (space < 1 || rest.length < space + 1 + length) return;
      const frame = rest.toString('utf8', space + 1, space + 1 + length);
      rest = rest.subarray(space + 1 + length);
      const [, body] = /^<134>1 \S+ \S+ berth - flow - (.*)$/s.exec(frame) ?? [];
      process.stdout.write(`${body ?? 'not a message: ' + frame}\n`);
    }
  });
}
const server =
  key === undefined ? createServer(take) : createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, take);
server.listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));
