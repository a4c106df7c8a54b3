import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Principal, Role } from '../auth/principal.js';
import { Problem } from '../problem/problem.js';
import { answerClientError, DRAIN_MS, SERVER_LIMITS } from './server.js';

export interface PlainListenerSettings {
  host: string;
  /** Absent: there is none. */
  port?: number;
  role: Role;
}

/**
 * The routes that RackHD's clients know (contracts/rackhd.md section 2), by name: what else there is, or comes later, is
 * not for people without a token.
 */
const ROUTES = new Set([
  ...['/pools', '/pools/:id', '/pools/:id/subnets', '/pools/:id/reservations'],
  ...['/subnets', '/subnets/:id', '/subnets/:id/reservations'],
  ...['/reservations', '/reservations/:id', '/reservations/:id/leases'],
  ...['/leases', '/leases/:id'],
]);
const PATHS = new RegExp(`^(?:${[...ROUTES].map((route) => route.replace(':id', '[^/]+')).join('|')})/?$`);

/**
 * A second door to the same routes, for clients that send no credentials (contracts/rackhd.md section 1, rule 8). Who
 * reaches it is `rackhd` with the role of the settings; an Authorization header is not looked at. Only the network
 * protects it.
 */
export class PlainListener {
  private readonly principal: Principal;
  /** What came in through this door. */
  private readonly requests = new WeakSet<IncomingMessage>();
  private server?: Server;

  constructor(private readonly settings: PlainListenerSettings) {
    this.principal = { name: 'rackhd', role: settings.role };
  }

  /** To be called before the hooks that ask for a token. */
  install(fastify: FastifyInstance): void {
    if (this.settings.port === undefined) return;
    const server = createServer(SERVER_LIMITS, (request, response) => {
      this.requests.add(request);
      fastify.routing(request, response);
    });
    server.on('clientError', answerClientError);
    this.server = server;

    fastify.addHook('onRequest', (request, _reply, done) => {
      if (!this.requests.has(request.raw)) {
        done();
        return;
      }
      const { url: route } = request.routeOptions;
      // A path with no such method gets its 405 only if it is one of ours.
      const ours = route === undefined ? PATHS.test(request.url.split('?')[0] ?? '') : ROUTES.has(route);
      if (ours) request.principal = this.principal;
      done(ours ? undefined : new Problem('no-route', 'There is nothing at this path for RackHD clients.'));
    });

    // It stops as the main one does: installDraining tells those in progress to close their connections.
    let closed: Promise<void> | undefined;
    fastify.addHook('preClose', (done) => {
      closed = new Promise((resolve) => server.close(() => resolve()));
      setTimeout(() => server.closeAllConnections(), DRAIN_MS).unref();
      done();
    });
    fastify.addHook('onClose', async () => closed);
  }

  /** Where it listens now; undefined when there is none. Rejects with one sentence when the port is taken. */
  async listen(): Promise<{ url: string; address: string } | undefined> {
    const { server } = this;
    if (server === undefined) return undefined;
    const { host, port } = this.settings;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        const taken = `Port ${port ?? ''} on ${host} is taken. Stop what uses it, or set RACKHD_PORT to another.`;
        reject(error.code === 'EADDRINUSE' ? new Error(taken, { cause: error }) : error);
      });
      server.listen(port, host, resolve);
    });
    const { address, family, port: actual } = server.address() as AddressInfo;
    return { address, url: `http://${family === 'IPv6' ? `[${address}]` : address}:${actual}` };
  }
}
