import { fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Environment } from '../platform/config/config.js';
import type { Running } from './supervisor.js';

/** What a part tells `berth up` over the IPC channel, once. */
export type PartMessage =
  { readonly berth: 'ready'; readonly url?: string } | { readonly berth: 'failed'; readonly reason: string };

export interface ReadyPart extends Running {
  /** Where it listens, if it does. */
  readonly url?: string;
}

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
const STOP_MS = 15_000;

export function isPartMessage(message: unknown): message is PartMessage {
  return typeof message === 'object' && message !== null && 'berth' in message;
}

/**
 * Starts `berth <args>` as a part and resolves when it says that it is ready. It is the leader of a process group of its
 * own, so that the terminal's Ctrl-C reaches `up` alone, which stops the parts in order; and it ends when the IPC channel
 * breaks, so that not even kill -9 of `up` leaves it behind.
 */
export async function startPart(
  args: readonly string[],
  environment: Environment,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<ReadyPart> {
  const child = fork(MAIN, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: environment,
    execArgv: [],
  });
  for (const stream of [child.stdout, child.stderr]) if (stream) createInterface(stream).on('line', onLine);

  const ended = new Promise<string>((resolve) => {
    child.once('exit', (status, by) => resolve(by === null ? `exit status ${status ?? '?'}` : by));
    child.once('error', (error) => resolve(error.message));
  });
  const kill = (): void => void child.kill('SIGKILL');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const force = setTimeout(kill, STOP_MS);
    await ended;
    clearTimeout(force);
  };
  const ready = new Promise<PartMessage>((resolve, reject) => {
    child.on('message', (message) => {
      if (isPartMessage(message)) resolve(message);
    });
    void ended.then((how) => reject(new Error(`it ended before it was ready (${how})`)));
    signal.addEventListener('abort', () => reject(new Error('stopped while starting')), { once: true });
  });
  try {
    const message = await ready;
    if (message.berth === 'failed') throw new Error(message.reason);
    return { pid: child.pid ?? 0, ended, stop, kill, ...(message.url === undefined ? {} : { url: message.url }) };
  } catch (error) {
    await stop();
    throw error;
  }
}
