import type { PartMessage } from './node-child.js';

/** Something that runs until it is told to stop. */
export interface Service {
  /** Resolves when it is ready, with where it listens, if it does. */
  start(): Promise<{ url?: string }>;
  /** Ends it in good order; also while it starts, and when it never did. */
  close(): Promise<void>;
  /** Ends what would outlive this process, without ceremony. */
  abort?(): void;
}

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
/** `up` is gone: nobody waits for us, and nobody will force us. */
const ORPHAN_MS = 10_000;

/**
 * Runs the service for the life of this process. The first SIGINT, SIGTERM or SIGHUP closes it and exits with 0, the
 * second exits at once. A part of `berth up` also closes when `up` is gone, however that came: the IPC channel breaks.
 */
export async function runUntilStopped(service: Service): Promise<void> {
  const life = { stopping: false };
  const stop = async (): Promise<void> => {
    life.stopping = true;
    try {
      await service.close();
      process.exit(0);
    } catch (error) {
      console.error(`berth: could not stop in good order: ${error instanceof Error ? error.message : String(error)}`);
      process.exit(1);
    }
  };
  for (const [signal, status] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      if (!life.stopping) return void stop();
      service.abort?.();
      process.exit(status);
    });
  }
  const orphaned = (): void => {
    setTimeout(() => process.exit(1), ORPHAN_MS).unref();
    if (!life.stopping) void stop();
  };
  if (process.connected) process.once('disconnect', orphaned);
  // A reader that goes away (berth up | head) must not end us half way; what is written then is lost.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  if (service.abort) {
    process.on('uncaughtException', (error) => {
      console.error(error);
      service.abort?.();
      process.exit(1);
    });
  }
  try {
    const { url } = await service.start();
    await tellParent({ berth: 'ready', ...(url === undefined ? {} : { url }) });
  } catch (error) {
    if (life.stopping) return;
    process.off('disconnect', orphaned);
    await tellParent({ berth: 'failed', reason: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}

/** What is started by a function and stopped by its result. `close` waits for a start under way. */
export function serviceOf(start: () => Promise<{ url?: string; close(): Promise<void> }>): Service {
  let starting: ReturnType<typeof start> | undefined;
  return {
    start: () => (starting = start()),
    close: async () => {
      const running = await starting?.catch(() => undefined);
      await running?.close();
    },
  };
}

async function tellParent(message: PartMessage): Promise<void> {
  if (!process.connected) return;
  await new Promise<void>((resolve) => process.send?.(message, undefined, undefined, () => resolve()));
}
