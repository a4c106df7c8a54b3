import { describe, expect, it } from '@jest/globals';
import { NONCE_BYTES, checksum, ECHO_BYTES, readReply, writeEcho } from './echo.js';
import { Flights } from './flights.js';

const nonceOf = (flights: Flights<number>, sequence: number): Buffer =>
  Buffer.from(flights.nonces.subarray(sequence * NONCE_BYTES, (sequence + 1) * NONCE_BYTES));

function send(
  flights: Flights<number>,
  item: number,
  address: string,
  at: number,
): { sequence: number; nonce: Buffer } {
  const sequence = flights.sequence();
  flights.sent(item, address, at);
  return { sequence, nonce: nonceOf(flights, sequence) };
}

describe('an echo request', () => {
  it('is read back from its reply, and has a checksum that comes out even', () => {
    const nonces = Buffer.from(Array.from({ length: 32 }, (_, n) => n));
    const packet = Buffer.alloc(ECHO_BYTES);
    writeEcho(packet, 4, { id: 0xbeef, sequence: 0xcafe, nonces, at: 16 });
    expect(checksum(packet)).toBe(0);
    packet[0] = 0;
    const header = Buffer.alloc(24);
    header[0] = 0x46;
    const reply = readReply(Buffer.concat([header, packet]), 4, 0xbeef);
    expect(reply?.sequence).toBe(0xcafe);
    expect(reply?.nonce).toEqual(nonces.subarray(16));
    expect(readReply(Buffer.concat([header, packet]), 4, 0xbee0)).toBeUndefined();
    expect(readReply(packet.subarray(0, 20), 4, 0xbeef)).toBeUndefined();
    packet[0] = 129;
    expect(readReply(packet, 6, 0xbeef)?.sequence).toBe(0xcafe);
  });
});

describe('requests under way', () => {
  it('are answered once, in time, by the machine that was asked, with its own number', () => {
    const flights = new Flights<number>();
    const one = send(flights, 1, '10.0.0.1', 0);
    const two = send(flights, 2, '10.0.0.2', 1);
    expect(flights.answered(one.sequence, one.nonce, '10.0.0.2')).toBeUndefined();
    expect(flights.answered(two.sequence, one.nonce, '10.0.0.2')).toBeUndefined();
    expect(flights.answered(one.sequence, one.nonce, '10.0.0.1')).toMatchObject({ item: 1, sentAt: 0 });
    expect(flights.answered(one.sequence, one.nonce, '10.0.0.1')).toBeUndefined();
    expect(flights.expired(1)).toBeUndefined();
    expect(flights.expired(2)).toMatchObject({ item: 2 });
    expect(flights.answered(two.sequence, two.nonce, '10.0.0.2')).toBeUndefined();
    expect(flights.idle).toBe(true);
  });

  it('use every sequence number again and again, with another nonce each time', () => {
    const flights = new Flights<number>();
    const first = send(flights, 0, 'a', 0);
    const wrong: number[] = [];
    const seen = new Set([first.nonce.toString('hex')]);
    for (let n = 1; n < 140_000; n++) {
      const { sequence, nonce } = send(flights, n, 'a', n);
      if (sequence === 0) seen.add(nonce.toString('hex'));
      if (n % 2 === 0 && flights.answered(sequence, nonce, 'a')?.item !== n) wrong.push(n);
      while (flights.expired(n - 100) !== undefined);
    }
    expect(wrong).toEqual([]);
    expect(seen.size).toBe(3);
  });

  it('are full before a number would be used that is under way', () => {
    const flights = new Flights<number>();
    let sent = 0;
    for (; !flights.full; sent++) send(flights, sent, 'a', 0);
    expect(sent).toBe(65_536 - 1_024);
    expect(flights.expired(1)).toMatchObject({ item: 0 });
    expect(flights.full).toBe(false);
  });
});
