import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Message, Target } from './target.js';

/** Facility local0, severity informational (RFC 5424 section 6.2.1). */
const PRIORITY = 16 * 8 + 6;
const CONNECT_MS = 5_000;
const WRITE_MS = 10_000;
/**
 * Syslog has no acknowledgement. What was written counts as arrived when the connection still stands after this time; a
 * batch that was not is sent again whole, so the server may see a record twice, with the same id.
 */
const SETTLE_MS = 200;

const word = (text: string, most: number): string => text.replaceAll(/[^\x21-\x7e]/g, '_').slice(0, most) || '-';

/** One message with its length before it (RFC 6587 section 3.4.1, RFC 5425 section 4.3). */
export function syslogFrame(host: string, { time, body }: Pick<Message, 'time' | 'body'>): string {
  const text = `<${PRIORITY}>1 ${time} ${word(host, 255)} berth - flow - ${body}`;
  return `${Buffer.byteLength(text)} ${text}`;
}

/** RFC 5424 over TCP (RFC 6587) or TLS (RFC 5425), with the system's certificate authorities. */
export class SyslogTarget implements Target {
  private socket: Socket | undefined;

  constructor(
    private readonly url: URL,
    private readonly host: string,
  ) {}

  async send(messages: readonly Message[]): Promise<void> {
    const socket = (this.socket ??= await this.open());
    const frames = messages.map((message) => syslogFrame(this.host, message)).join('');
    try {
      await new Promise<void>((resolve, reject) => {
        let timer = setTimeout(() => reject(new Error('the syslog server takes nothing')), WRITE_MS);
        const ended = (): void => reject(new Error('the syslog server closed the connection'));
        socket.once('close', ended);
        socket.write(frames, (error) => {
          clearTimeout(timer);
          if (error) reject(error);
          timer = setTimeout(() => {
            socket.off('close', ended);
            resolve();
          }, SETTLE_MS);
        });
      });
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  close(): Promise<void> {
    this.socket?.destroy();
    this.socket = undefined;
    return Promise.resolve();
  }

  private async open(): Promise<Socket> {
    const host = this.url.hostname.replace(/^\[|\]$/g, '');
    const port = Number(this.url.port);
    const tls = this.url.protocol === 'tls:';
    const socket = tls ? connectTls({ host, port, servername: host }) : connectTcp({ host, port });
    try {
      await once(socket, tls ? 'secureConnect' : 'connect', { signal: AbortSignal.timeout(CONNECT_MS) });
    } catch (error) {
      socket.on('error', () => undefined).destroy();
      throw error;
    }
    // An error closes it, and the next batch finds that out.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.socket === socket) this.socket = undefined;
    });
    // A syslog server says nothing; whatever it says is not kept, but its end is noticed.
    socket.resume();
    return socket;
  }
}
