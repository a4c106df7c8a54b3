import { connect } from 'node:net';

/** `closed`: the machine is there and refuses. `unsent`: this machine could not try, which says nothing of the target. */
export type PortAnswer = 'open' | 'closed' | 'silent' | 'unsent';

const ANSWERS: Readonly<Record<string, PortAnswer>> = {
  ECONNREFUSED: 'closed',
  ECONNRESET: 'closed',
  ETIMEDOUT: 'silent',
  EHOSTUNREACH: 'silent',
  EHOSTDOWN: 'silent',
};

/** Opens a TCP connection and closes it at once, not a byte sent. */
export function tryPort(address: string, port: number, timeoutMs: number, signal: AbortSignal): Promise<PortAnswer> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, signal });
    const end = (answer: PortAnswer): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => end('silent'), timeoutMs);
    socket.once('connect', () => end('open'));
    socket.on('error', ({ code }: NodeJS.ErrnoException) => end(ANSWERS[code ?? ''] ?? 'unsent'));
  });
}
