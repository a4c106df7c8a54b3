import { createServer } from 'node:net';
import { codeOf } from './home.js';
import { listenerOn } from './processes.js';

/** The port, or with 0 a free one, if it can be listened on now; an error that says what is wrong otherwise. */
async function tryPort(host: string, port: number): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === 'object' && address !== null) resolve(address.port);
        else reject(new Error('the socket has no port'));
      });
    });
  });
}

/** Fails with one sentence when the API could not listen there. Asked before anything is started. */
export async function requirePort(host: string, port: number): Promise<void> {
  try {
    await tryPort(host, port);
  } catch (error) {
    throw new Error(portSentence(host, port, codeOf(error)), { cause: error });
  }
}

function portSentence(host: string, port: number, code: string): string {
  switch (code) {
    case 'EADDRINUSE': {
      const listener = listenerOn(port);
      const who = listener ? ` by process ${listener.pid} (${listener.command})` : '';
      return `Port ${port} on ${host} is taken${who}: stop that, or choose another port, such as PORT=${port === 65535 ? 8000 : port + 1}.`;
    }
    case 'EACCES':
      return `Port ${port} needs privileges that this user has not: choose one from 1024 up, such as PORT=8000.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `HOST=${host} is not an address of this machine: use 127.0.0.1, 0.0.0.0 or one that it has.`;
    default:
      return `${host} port ${port} cannot be listened on (${code}).`;
  }
}

/** The wanted loopback port if it is free, else any free one. */
export async function freePort(wanted: number | undefined): Promise<number> {
  if (wanted !== undefined) {
    try {
      return await tryPort('127.0.0.1', wanted);
    } catch {
      // taken by somebody since it was remembered
    }
  }
  return tryPort('127.0.0.1', 0);
}
