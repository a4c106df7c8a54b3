/** Makes `count` connections to host and port, `width` at a time, and prints how many were made. Each sends a line and ends when it is answered. */
import { connect } from 'node:net';

const [host, port, count, width] = process.argv.slice(2);
let left = Number(count);
let made = 0;
const one = () =>
  new Promise((resolve) => {
    const socket = connect(Number(port), host, () => {
      made++;
      socket.write('hello\n');
    });
    socket.on('data', () => socket.end());
    socket.on('error', resolve);
    socket.on('close', resolve);
  });
const worker = async () => {
  while (left-- > 0) await one();
};
await Promise.all(Array.from({ length: Number(width) }, worker));
process.stdout.write(`${made}\n`);
