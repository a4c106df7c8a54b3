import raw from 'raw-socket';
import type { Family } from '../../ip/address.js';
import { ECHO_BYTES, readReply, writeEcho, type EchoReply } from './echo.js';

/** `busy`: the kernel has no room, later it will. `refused`: it will not send this, for want of a route or by a rule. */
export type Sending = 'sent' | 'busy' | 'refused';

const BUSY = new Set(['Resource temporarily unavailable', 'No buffer space available', 'Interrupted system call']);

/** `<linux/icmp.h>`: one bit for each type that is not wanted; only echo replies are, not every error there is. */
const FILTERS = {
  4: { level: 255, option: 1, mask: Buffer.from(Uint32Array.of(~1 >>> 0).buffer) },
  // RFC 3542 section 3.2: in 32-bit words, lowest bit first.
  6: {
    level: 58,
    option: 1,
    mask: Buffer.from(Uint32Array.from({ length: 8 }, (_, n) => (n === 4 ? ~2 >>> 0 : ~0 >>> 0)).buffer),
  },
} as const;

/** SO_RCVBUFFORCE: what answers in one burst must not be dropped while this process does something else. */
const RECEIVE_BUFFER = { level: 1, option: 33, bytes: 4 * 1024 * 1024 };

/** The raw socket of one family, for echo requests of one id. It needs CAP_NET_RAW; opening throws with the kernel's words. */
export class EchoSocket {
  private readonly socket;
  private readonly packet = Buffer.alloc(ECHO_BYTES);
  private open = true;

  constructor(
    private readonly family: Family,
    private readonly id: number,
    onReply: (reply: EchoReply, source: string) => void,
  ) {
    this.socket = raw.createSocket({
      protocol: family === 4 ? raw.Protocol.ICMP : raw.Protocol.ICMPv6,
      addressFamily: family === 4 ? raw.AddressFamily.IPv4 : raw.AddressFamily.IPv6,
      bufferSize: 512,
    });
    // An error of reading (the network went down, say) says nothing that the missing reply does not say.
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => (this.open = false));
    this.socket.on('message', (bytes: Buffer, source: string) => {
      const reply = readReply(bytes, family, id);
      if (reply !== undefined) onReply(reply, source);
    });
    const { level, option, mask } = FILTERS[family];
    this.socket.setOption(level, option, mask, mask.length);
    try {
      const size = Buffer.from(Uint32Array.of(RECEIVE_BUFFER.bytes).buffer);
      this.socket.setOption(RECEIVE_BUFFER.level, RECEIVE_BUFFER.option, size, size.length);
    } catch {
      // Without CAP_NET_ADMIN the kernel's default must do.
    }
  }

  /** False once the kernel closed it under us: then another is opened. */
  get usable(): boolean {
    return this.open;
  }

  /**
   * One sendto(2) at once: raw-socket's own queue costs a round of the event loop for each packet, five times the CPU.
   */
  send(address: string, sequence: number, nonces: Buffer, at: number): Sending {
    if (!this.open) return 'busy';
    writeEcho(this.packet, this.family, { id: this.id, sequence, nonces, at });
    try {
      this.socket.wrap.send(this.packet, 0, ECHO_BYTES, address, ignore);
      return 'sent';
    } catch (error) {
      return error instanceof Error && BUSY.has(error.message) ? 'busy' : 'refused';
    }
  }

  close(): void {
    if (this.open) this.socket.close();
    this.open = false;
  }
}

const ignore = (): void => undefined;
