import { describe, expect, it } from '@jest/globals';
import dnsPacket from 'dns-packet';
import fc from 'fast-check';
import { parseAddress } from '../../ip/address.js';
import { parseKeyClauses, parseSecret } from './key.js';
import { CLASS, decodeMessage, encodeMessage, MalformedMessage, OPCODE, TYPE, type Message } from './message.js';
import { isWithin, parseName, reverseName } from './name.js';
import { parseRecord } from './update.js';

const label = fc.stringMatching(/^[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,10}[a-zA-Z0-9_])?$/);
const name = fc.array(label, { maxLength: 6 }).map((labels) => labels.join('.'));
const question = fc.record({ name, type: fc.nat(65535), class: fc.nat(65535) });
const record = fc.record({
  ...{ name, type: fc.nat(65535).filter((type) => type !== TYPE.PTR), class: fc.nat(65535) },
  ttl: fc.nat(0xffffffff),
  data: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
});
const records = fc.array(record, { maxLength: 4 });
const message: fc.Arbitrary<Message> = fc.record({
  ...{ id: fc.nat(65535), opcode: fc.constantFrom(...Object.values(OPCODE)), rcode: fc.nat(15) },
  flags: fc.record({ response: fc.boolean(), truncated: fc.boolean() }),
  ...{ question: fc.array(question, { maxLength: 2 }), answer: records, authority: records, additional: records },
});

/** A name that was compressed has the case of where it was first. */
const folded = (value: Message): unknown =>
  JSON.parse(JSON.stringify(value, (key, part: unknown) => (key === 'name' ? String(part).toLowerCase() : part)));

describe('messages', () => {
  it('come back as they were', () => {
    fc.assert(fc.property(message, (one) => expect(folded(decodeMessage(encodeMessage(one)))).toEqual(folded(one))));
  });

  it('never read beyond their end, or for ever', () => {
    fc.assert(
      fc.property(message, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 }), fc.nat(), (one, bends, cut) => {
        const bytes = Buffer.from(encodeMessage(one));
        for (const [at, value] of bends) bytes[at % bytes.length] = value;
        try {
          decodeMessage(bytes.subarray(0, cut % (bytes.length + 1)));
        } catch (error) {
          if (!(error instanceof MalformedMessage)) throw error;
        }
      }),
    );
    const loop = Buffer.concat([Buffer.from('000100000001000000000000', 'hex'), Buffer.from('c00c00010001', 'hex')]);
    expect(() => decodeMessage(loop)).toThrow(MalformedMessage);
  });

  it('are read as another encoder writes them, names in records too', () => {
    const bytes = dnsPacket.encode({
      ...{ type: 'response', id: 7, questions: [{ type: 'PTR', name: '5.0.20.10.in-addr.arpa' }] },
      answers: [{ type: 'PTR', name: '5.0.20.10.in-addr.arpa', ttl: 9, data: 'alice.vlab.local' }],
    });
    expect(decodeMessage(bytes)).toMatchObject({
      ...{ id: 7, flags: { response: true }, question: [{ name: '5.0.20.10.in-addr.arpa', type: TYPE.PTR }] },
      answer: [{ class: CLASS.IN, ttl: 9, data: parseRecord('PTR alice.vlab.local.').data }],
    });
  });
});

describe('names', () => {
  it('are those of hosts, zones and keys', () => {
    expect(parseName('alice.vlab.local.')).toBe('alice.vlab.local');
    expect(parseName('DDNS_UPDATE')).toBe('DDNS_UPDATE');
    for (const bad of ['', '.', 'a..b', '-a', 'a-', 'a b', 'ü', `${'a'.repeat(64)}.b`, `${'abcd.'.repeat(60)}e`]) {
      expect(parseName(bad)).toBeUndefined();
    }
  });

  it('of addresses are turned round', () => {
    expect(reverseName(parseAddress('10.20.0.5')!)).toBe('5.0.20.10.in-addr.arpa');
    expect(reverseName(parseAddress('2001:db8::567:89ab')!)).toBe(
      'b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa',
    );
  });

  it('lie in a zone by whole labels', () => {
    expect([isWithin('a.VLAB.local', 'vlab.local'), isWithin('avlab.local', 'vlab.local')]).toEqual([true, false]);
  });
});

describe('records', () => {
  it('are text or nothing', () => {
    expect(parseRecord('A 10.20.0.5')).toEqual({ type: TYPE.A, data: Buffer.of(10, 20, 0, 5) });
    expect(parseRecord('AAAA 2001:db8::1').data).toHaveLength(16);
    for (const bad of ['A 2001:db8::1', 'AAAA 10.20.0.5', 'A 10.20.0.5 x', 'TXT x', '']) {
      expect(() => parseRecord(bad)).toThrow(RangeError);
    }
  });
});

describe('keys', () => {
  const [one, two] = ['a secret of the lab', 'another of 16 bytes or more'].map((secret) => Buffer.from(secret));
  const [a, b] = [one, two].map((secret) => secret?.toString('base64'));

  it('are read as tsig-keygen writes them', () => {
    const text = `key "DDNS_UPDATE" {\n\talgorithm hmac-sha512;\n\tsecret "${a}";\n};\n# more\nkey b { secret "${b}"; algorithm sha256; };`;
    expect(parseKeyClauses(text)).toEqual([
      { name: 'DDNS_UPDATE', algorithm: 'hmac-sha512', secret: one },
      { name: 'b', algorithm: 'hmac-sha256', secret: two },
    ]);
    const weak = `key a { algorithm hmac-md5; secret "${a}"; };`;
    for (const bad of [weak, 'x', `${text} key B { secret "${a}"; algorithm sha256; };`, text.slice(0, -2)]) {
      expect(parseKeyClauses(bad)).toBeUndefined();
    }
  });

  it('are base64 of 16 bytes or more', () => {
    expect(parseSecret(` ${a?.slice(0, 5)}\n${a?.slice(5)} `)).toEqual(one);
    for (const bad of ['', 'abc', 'a-b_'.repeat(8), 'changeME']) expect(parseSecret(bad)).toBeUndefined();
  });
});
