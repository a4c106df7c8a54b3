/** The part of raw-socket 1.8.1 that is used here; it brings no types of its own. */
declare module 'raw-socket' {
  import type { EventEmitter } from 'node:events';

  interface Socket extends EventEmitter {
    /** The native socket: `send` is one sendto(2) and throws with the words of strerror(3). */
    readonly wrap: {
      send(buffer: Buffer, offset: number, length: number, address: string, sent: () => void): void;
    };
    setOption(level: number, option: number, value: Buffer, length: number): void;
    close(): void;
  }

  const raw: {
    createSocket(options: { protocol: number; addressFamily: number; bufferSize: number }): Socket;
    readonly AddressFamily: { readonly IPv4: number; readonly IPv6: number };
    readonly Protocol: { readonly ICMP: number; readonly ICMPv6: number };
  };
  export default raw;
}
