import { createSocket } from 'node:dgram';
import { connect } from 'node:net';

/** One server at one address. */
export interface Endpoint {
  /** IPv4 or IPv6. */
  address: string;
  port: number;
}

export interface Patience {
  /** How often a datagram is sent before it is given up. */
  tries: number;
  /** How long an answer is waited for; after each further try twice as long. */
  timeoutMs: number;
}

/** Looks at bytes that came; undefined: not what is waited for. What it throws ends the waiting. */
export type Accept<T> = (bytes: Uint8Array) => T | undefined;

/** No answer came: nobody is there, or nobody that can be heard. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

const spoken = ({ address, port }: Endpoint): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));

const failed = (server: Endpoint, error: Error & { code?: string }): NoAnswer =>
  new NoAnswer(`${spoken(server)} cannot be reached (${error.code ?? error.message})`, { cause: error });

/**
 * Sends a datagram, and again while no acceptable answer comes. The socket is connected, so that only what comes from the
 * server is seen, and that its refusal by ICMP is.
 */
export function overUdp<T>(server: Endpoint, request: Uint8Array, accept: Accept<T>, patience: Patience): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const socket = createSocket(server.address.includes(':') ? 'udp6' : 'udp4');
    let timer: NodeJS.Timeout | undefined;
    let ended = false;
    const end = (outcome: () => void): void => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      socket.close();
      outcome();
    };
    const send = (round: number): void => {
      if (ended) return;
      if (round === patience.tries) {
        end(() => reject(new NoAnswer(`${spoken(server)} did not answer (${round} tries over UDP)`)));
        return;
      }
      timer = setTimeout(() => send(round + 1), patience.timeoutMs * 2 ** round);
      socket.send(request, (error) => {
        if (error !== null) end(() => reject(failed(server, error)));
      });
    };
    socket.on('error', (error) => end(() => reject(failed(server, error))));
    socket.on('message', (bytes) => {
      try {
        const accepted = accept(bytes);
        if (accepted !== undefined) end(() => resolve(accepted));
      } catch (error) {
        end(() => reject(asError(error)));
      }
    });
    socket.connect(server.port, server.address, () => send(0));
  });
}

/** The same over a connection of its own (RFC 7766): for what does not fit into a datagram. One try, of `timeoutMs`. */
export function overTcp<T>(server: Endpoint, request: Uint8Array, accept: Accept<T>, timeoutMs: number): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const socket = connect({ host: server.address, port: server.port });
    const late = (): unknown =>
      socket.destroy(new NoAnswer(`${spoken(server)} did not answer over TCP in ${timeoutMs} ms`));
    const timer = setTimeout(late, timeoutMs);
    let received = Buffer.alloc(0);
    socket.on('connect', () =>
      socket.write(Buffer.concat([Buffer.of(request.length >> 8, request.length & 0xff), request])),
    );
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const bytes = received.subarray(2, 2 + received.readUInt16BE(0));
        received = received.subarray(2 + bytes.length);
        try {
          const accepted = accept(bytes);
          if (accepted === undefined) continue;
          resolve(accepted);
          socket.destroy();
        } catch (error) {
          socket.destroy(asError(error));
        }
        return;
      }
    });
    socket.on('end', () => socket.destroy(new NoAnswer(`${spoken(server)} ended the connection without an answer`)));
    // After an answer this changes nothing any more.
    socket.on('error', (error: Error & { code?: string }) =>
      reject(error.code === undefined ? error : failed(server, error)),
    );
    socket.on('close', () => {
      clearTimeout(timer);
      reject(new NoAnswer(`${spoken(server)} ended the connection without an answer`));
    });
  });
}
