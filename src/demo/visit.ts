import { connect } from 'node:net';

/** The client: `visit.js <address> <port>`. Prints what the other side says, or why there is no connection. */
const [address = '', port = ''] = process.argv.slice(2);
const socket = connect({ host: address, port: Number(port), timeout: 5_000 });
let heard = '';
socket.setEncoding('utf8');
socket.on('data', (text: string) => (heard += text));
socket.on('timeout', () => socket.destroy(new Error('no answer')));
socket.on('error', (error: NodeJS.ErrnoException) => {
  console.log(error.code === 'ECONNREFUSED' ? 'refused' : error.message);
  process.exitCode = 1;
});
socket.on('end', () => console.log(heard.trim()));
