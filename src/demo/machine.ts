import { createServer } from 'node:net';

/** The machine behind the gateway: `machine.js <address> <port> <name>`. Greets every visitor and hangs up. */
const [address = '', port = '', name = ''] = process.argv.slice(2);

createServer((socket) => {
  socket.on('error', () => undefined);
  socket.end(`hello from ${name} at ${address}:${port}; you are ${socket.remoteAddress ?? '?'}\n`);
}).listen(Number(port), address, () => console.log('listening'));
