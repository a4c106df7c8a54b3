import type { Family } from '../../ip/address.js';

/** Echo request and reply: RFC 792 for IPv4, RFC 4443 section 4 for IPv6. */
const TYPES = { 4: { request: 8, reply: 0 }, 6: { request: 128, reply: 129 } } as const;
const HEADER = 8;

/** Bytes of the payload: a random number of its own for every request, without which nobody can answer for another. */
export const NONCE_BYTES = 16;
export const ECHO_BYTES = HEADER + NONCE_BYTES;

/** What a reply says; `nonce` is a view of the packet. */
export interface EchoReply {
  readonly sequence: number;
  readonly nonce: Buffer;
}

/** Writes a request over `packet` (ECHO_BYTES), the nonce taken from `nonces` at `at`. */
export function writeEcho(
  packet: Buffer,
  family: Family,
  { id, sequence, nonces, at }: { id: number; sequence: number; nonces: Buffer; at: number },
): void {
  packet[0] = TYPES[family].request;
  packet[1] = 0;
  packet.writeUInt16BE(0, 2);
  packet.writeUInt16BE(id, 4);
  packet.writeUInt16BE(sequence, 6);
  nonces.copy(packet, HEADER, at, at + NONCE_BYTES);
  // Of ICMPv6 the kernel makes the checksum, since that covers the source address (RFC 3542 section 3.1).
  if (family === 4) packet.writeUInt16BE(checksum(packet), 2);
}

/** The checksum of the Internet (RFC 1071) over an even number of bytes. */
export function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** What a raw socket received, when it is a reply to requests of `id`: over IPv4 it begins with the IP header, over IPv6 not. */
export function readReply(bytes: Buffer, family: Family, id: number): EchoReply | undefined {
  const start = family === 4 ? ((bytes[0] ?? 0) & 0x0f) * 4 : 0;
  if (bytes.length !== start + ECHO_BYTES || bytes[start] !== TYPES[family].reply || bytes[start + 1] !== 0) {
    return undefined;
  }
  if (bytes.readUInt16BE(start + 4) !== id) return undefined;
  return { sequence: bytes.readUInt16BE(start + 6), nonce: bytes.subarray(start + HEADER) };
}
