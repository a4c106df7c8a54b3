import type { AddressInfo } from 'node:net';
import { isLoopback, type Config } from '../platform/config/config.js';
import { Database } from '../platform/database/database.js';
import { PlainListener } from '../platform/http/plain-listener.js';
import type { Log } from '../platform/logging/log.js';
import { Logger } from '../platform/logging/logger.js';
import { createApp } from './app.js';
import { openBus, type BusServer } from './bus/bus-server.js';
import { VlabListener } from './vlab/vlab-listener.js';

export interface Running {
  url: string;
  /** Stops to accept, lets requests in progress finish, then closes the loops and the connections. */
  close(): Promise<void>;
}

/** Starts the API. It starts without its database too, and answers 503 until that is there. */
export async function serve(config: Config): Promise<Running> {
  const log = new Logger(config.log).asLog();
  const app = await createApp(config, log);
  const { host, port } = config.http;
  let bus: BusServer | undefined;
  try {
    await app.listen(port, host);
    await listenPlainly(app.get(PlainListener), config, log);
    await listenForVlab(app.get(VlabListener, { strict: false }), log);
    bus = await openBus(app, config, log);
  } catch (error) {
    await app.close();
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
      throw new Error(`Port ${port} on ${host} is taken. Stop what uses it, or set PORT to another.`, { cause: error });
    }
    throw error;
  }
  const address = app.getHttpServer().address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  const url = `http://${name}:${address.port}`;
  log('info', 'the API is ready', { url });
  return {
    url,
    close: async () => {
      // Before the routes: what it has in hand still needs them.
      await bus?.close();
      await app.close();
      await app.get(Database).close();
      log('info', 'the API has stopped', { url });
    },
  };
}

/** Opens the extra listener for RackHD clients, if there is to be one. */
async function listenPlainly(listener: PlainListener, { rackhd }: Config, log: Log): Promise<void> {
  const open = await listener.listen();
  if (open === undefined) return;
  log('info', 'the plain listener for RackHD clients is ready', { url: open.url, role: rackhd.role });
  if (isLoopback(open.address)) return;
  const text = `Whoever reaches it has the role ${rackhd.role} there without a token: let only the network of those clients reach it.`;
  log('warn', 'the plain listener for RackHD clients asks for no token', { url: open.url, text });
}

/** Opens the extra listener for vLab's clients, if there is to be one. */
async function listenForVlab(listener: VlabListener, log: Log): Promise<void> {
  const open = await listener.listen();
  if (open === undefined) return;
  log('info', 'the listener for vLab clients is ready', { url: open.url });
  if (open.isTls || isLoopback(open.address)) return;
  const text = 'Tokens pass it in the clear: give it a certificate (VLAB_TLS_CERT_FILE), or a proxy that has one.';
  log('warn', 'the listener for vLab clients speaks plain HTTP', { url: open.url, text });
}
