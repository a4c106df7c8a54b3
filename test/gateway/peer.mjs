/**
 * The ends of test connections, one mode a process:
 * `serve <tcp|udp> <port> <name>` answers each line with `<name> <line>`; prints "ready".
 * `talk <tcp|udp> <host> <port>` sends each line of standard input and prints each answer; prints "open" or "failed".
 */
import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

const [mode, protocol, first, second] = process.argv.slice(2);
const print = (text) => process.stdout.write(`${text}\n`);
const lines = (stream, onLine) => createInterface({ input: stream }).on('line', onLine);

if (mode === 'serve' && protocol === 'tcp') {
  createServer((socket) => {
    socket.on('error', () => undefined);
    lines(socket, (line) => socket.write(`${second} ${line}\n`)).on('error', () => undefined);
  }).listen(Number(first), '::', () => print('ready'));
} else if (mode === 'serve') {
  const socket = createSocket({ type: 'udp6' });
  socket.on('message', (message, from) => socket.send(`${second} ${message}`, from.port, from.address));
  socket.bind(Number(first), '::', () => print('ready'));
} else if (protocol === 'tcp') {
  const socket = connect({ host: first, port: Number(second), timeout: 3000 });
  socket.on('connect', () => {
    socket.setTimeout(0);
    print('open');
  });
  socket.on('error', () => process.exit(print('failed') && 1));
  socket.on('timeout', () => process.exit(print('failed') && 1));
  socket.on('close', () => process.exit(0));
  lines(socket, print);
  lines(process.stdin, (line) => socket.write(`${line}\n`));
} else {
  const socket = createSocket({ type: first.includes(':') ? 'udp6' : 'udp4' });
  socket.on('message', (message) => print(String(message)));
  socket.on('error', () => print('failed'));
  // Connected: a refusal (ICMP) comes back as an error.
  socket.connect(Number(second), first, () => print('open'));
  lines(process.stdin, (line) => socket.send(line, () => undefined));
}
