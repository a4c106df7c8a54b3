import type { BeforeApplicationShutdown } from '@nestjs/common';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { DRAIN_MS, SERVER_LIMITS } from '../../platform/http/server.js';
import type { Log } from '../../platform/logging/log.js';
import { Certificate, type CertificateFiles } from './certificate.js';
import { failure } from './vlab-answer.js';
import type { VlabFace } from './vlab-face.js';
import { VlabRefusal } from './vlab-refusal.js';
import { answerClientError, requestOf, write } from './vlab-server.js';

export interface VlabListenerSettings {
  host: string;
  port: number;
  /** Absent: plain HTTP. */
  certificate?: CertificateFiles;
}

/**
 * The door of vLab's clients: a server of its own, since nothing of it is as the native API has it. With a certificate it
 * speaks TLS itself, and takes a new certificate when the files change.
 */
export class VlabListener implements BeforeApplicationShutdown {
  private server?: Server;
  private certificate?: Certificate;
  private stopping = false;

  /** Without settings there is none. */
  constructor(
    private readonly settings: VlabListenerSettings | undefined,
    private readonly face: VlabFace | undefined,
    private readonly log: Log,
  ) {}

  /** Where it listens now; undefined when there is none. Rejects with one sentence when it cannot. */
  async listen(): Promise<{ url: string; address: string; isTls: boolean } | undefined> {
    const { settings, face } = this;
    if (settings === undefined || face === undefined) return undefined;
    const handler = (incoming: IncomingMessage, response: ServerResponse): void => {
      void this.handle(face, incoming, response);
    };
    if (settings.certificate === undefined) this.server = createServer(SERVER_LIMITS, handler);
    else {
      const certificate = new Certificate(settings.certificate, this.log);
      const server = createTlsServer({ ...SERVER_LIMITS, ...certificate.read() }, handler);
      certificate.watch((pair) => server.setSecureContext(pair));
      [this.server, this.certificate] = [server, certificate];
    }
    const { server } = this;
    server.on('clientError', answerClientError);
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        this.certificate?.close();
        reject(startError(error, settings));
      });
      server.listen(settings.port, settings.host, resolve);
    });
    const { address, family, port } = server.address() as AddressInfo;
    const isTls = settings.certificate !== undefined;
    const host = family === 'IPv6' ? `[${address}]` : address;
    return { address, isTls, url: `${isTls ? 'https' : 'http'}://${host}:${port}` };
  }

  private async handle(face: VlabFace, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method } = incoming;
    if (this.stopping) response.setHeader('connection', 'close');
    try {
      write(response, method, await face.answer(await requestOf(incoming)));
    } catch (error) {
      if (response.headersSent || response.destroyed) return;
      // What is left of the body is not read: the connection cannot go on.
      response.setHeader('connection', 'close');
      if (error instanceof VlabRefusal) write(response, method, failure(error.status, error.message));
      else if (!incoming.destroyed) write(response, method, failure(500, 'Internal error'));
    }
  }

  /** Nothing new is accepted; requests in progress are finished. */
  async beforeApplicationShutdown(): Promise<void> {
    const { server } = this;
    this.stopping = true;
    this.certificate?.close();
    if (server?.listening !== true) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    setTimeout(() => server.closeAllConnections(), DRAIN_MS).unref();
    await closed;
  }
}

function startError(error: NodeJS.ErrnoException, { host, port }: VlabListenerSettings): Error {
  const why = {
    EADDRINUSE: `Port ${port} on ${host} is taken. Stop what uses it, or set VLAB_PORT to another.`,
    EACCES: `Port ${port} takes a privilege to listen on. Give it (CAP_NET_BIND_SERVICE), or set VLAB_PORT to another.`,
  }[error.code ?? ''];
  return why === undefined ? error : new Error(why, { cause: error });
}
