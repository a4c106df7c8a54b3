import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { CLASS, decodeMessage, encodeMessage, RCODE, TYPE, type Message } from './message.js';
import { signMessage, TsigError, verifyAnswer, parseAlgorithm, type TsigKey } from './tsig.js';
import { addRecord, deleteRrset, updateMessage } from './update.js';

const key: TsigKey = { name: 'DDNS_UPDATE', algorithm: 'hmac-sha512', secret: Buffer.from('a secret of the lab') };
const NOW = 1_541_079_056;

const update = updateMessage(0x1234, {
  zone: 'vlab.local',
  changes: [deleteRrset('alice.vlab.local', 'A'), addRecord('alice.vlab.local', 300, 'A 10.20.0.5')],
});

const hex = (text: string): string => Buffer.from(text, 'latin1').toString('hex');
const label = (text: string): string => Buffer.of(text.length).toString('hex') + hex(text);

/** The update of the vLab contract, section 7.3, byte by byte, without id and signature. */
const UPDATE = [
  ...['2800', '0001', '0000', '0002'],
  ...[label('vlab'), label('local'), '00', '0006', '0001'],
  ...[label('alice'), 'c00c', '0001', '00ff', '00000000', '0000'],
  ...['c01c', '0001', '0001', '0000012c', '0004', '0a140005'],
].join('');

describe('the update of the vLab contract', () => {
  const { bytes, mac } = signMessage(update, key, NOW);

  it('has its 178 bytes', () => {
    const time = NOW.toString(16).padStart(12, '0');
    const names = [label('DDNS_UPDATE'), label('hmac-sha512')].map((name) => `${name}00`);
    expect(Buffer.from(bytes).toString('hex')).toBe(
      [
        ...['1234', UPDATE.slice(0, 16), '0001', UPDATE.slice(16)],
        ...[names[0], '00fa', '00ff', '00000000', '005d', names[1], time, '012c', '0040'],
        ...[Buffer.from(mac).toString('hex'), '1234', '0000', '0000'],
      ].join(''),
    );
    expect(bytes).toHaveLength(178);
  });

  it('is signed over the message without its signature, and the names in lower case (RFC 8945 section 4.3)', () => {
    const variables = `${label('ddns_update')}0000ff00000000${label('hmac-sha512')}00${NOW.toString(16).padStart(12, '0')}012c00000000`;
    const signed = Buffer.from(`1234${UPDATE.slice(0, 16)}0000${UPDATE.slice(16)}${variables}`, 'hex');
    expect(Buffer.from(mac)).toEqual(createHmac('sha512', key.secret).update(signed).digest());
  });
});

/** What a server that has the key would answer. */
function answerTo(
  mac: Uint8Array,
  { rcode = 0, now = NOW, by = key }: { rcode?: number; now?: number; by?: TsigKey } = {},
): Uint8Array {
  const answer: Message = { ...update, flags: { response: true, truncated: false }, rcode, answer: [], authority: [] };
  const own = signMessage(answer, by, now);
  const record = decodeMessage(own.bytes).additional[0]!;
  const time = Buffer.alloc(6);
  time.writeUIntBE(now, 0, 6);
  const variables = Buffer.concat([
    Buffer.from(`${label(by.name.toLowerCase())}0000ff00000000${label(by.algorithm)}00`, 'hex'),
    ...[time, Buffer.from('012c00000000', 'hex')],
  ]);
  const digest = createHmac(by.algorithm.slice(5), by.secret)
    .update(Buffer.concat([Buffer.of(mac.length >> 8, mac.length & 255), mac, encodeMessage(answer), variables]))
    .digest();
  const data = Buffer.from(record.data);
  data.set(digest, data.length - 6 - digest.length);
  return encodeMessage({ ...answer, additional: [{ ...record, data }] });
}

const refusalOf = (work: () => void): TsigError => {
  try {
    work();
  } catch (error) {
    if (error instanceof TsigError) return error;
    throw error;
  }
  throw new Error('it was believed');
};

describe('an answer', () => {
  const { mac } = signMessage(update, key, NOW);

  it('is believed when it is signed for our request', () => {
    verifyAnswer(answerTo(mac), key, mac, NOW);
    verifyAnswer(answerTo(mac, { rcode: RCODE.REFUSED }), key, mac, NOW + 299);
  });

  it('is not when any byte of it differs', () => {
    const answer = answerTo(mac);
    for (let n = 0; n < answer.length; n++) {
      // Bytes 0 and 1 are the id, in place of which the original one counts; 4 to 11 are counts of records.
      if (n < 2 || (n >= 4 && n < 12)) continue;
      const bent = Buffer.from(answer);
      bent[n] = (bent[n] ?? 0) ^ 1;
      expect(() => verifyAnswer(bent, key, mac, NOW)).toThrow();
    }
  });

  it('is not when it answers something else, is old, unsigned, or of another key', () => {
    const other = { ...key, secret: Buffer.from('another') };
    expect(refusalOf(() => verifyAnswer(answerTo(Buffer.alloc(64)), key, mac, NOW)).message).toMatch(/signature/);
    expect(refusalOf(() => verifyAnswer(answerTo(mac), key, mac, NOW + 301)).message).toMatch(/clocks/);
    expect(refusalOf(() => verifyAnswer(answerTo(mac, { by: other }), key, mac, NOW)).message).toMatch(/wrong/);
    const named = { ...key, name: 'other' };
    expect(refusalOf(() => verifyAnswer(answerTo(mac, { by: named }), key, mac, NOW)).message).toMatch(/another key/);
    const unsigned = encodeMessage({ ...update, answer: [], authority: [] });
    expect(refusalOf(() => verifyAnswer(unsigned, key, mac, NOW))).toMatchObject({ told: false });
  });

  it('tells which of key, secret and clock is wrong', () => {
    for (const [error, words] of [
      [16, /secret/],
      [17, /does not know the key/],
    ] as const) {
      const data = Buffer.from(
        `${label('hmac-sha512')}00${'0'.repeat(12)}012c0000123400${error.toString(16)}0000`,
        'hex',
      );
      const record = { name: key.name, type: TYPE.TSIG, class: CLASS.ANY, ttl: 0, data };
      const said = encodeMessage({ ...update, rcode: RCODE.NOTAUTH, answer: [], authority: [], additional: [record] });
      const refusal = refusalOf(() => verifyAnswer(said, key, mac, NOW));
      expect(refusal).toMatchObject({ told: true });
      expect(refusal.message).toMatch(words);
    }
  });
});

it('knows algorithms as people write them, and none that is broken', () => {
  expect(['HMAC-SHA512', 'hmac_sha256', 'sha384', 'hmac-sha512.'].map(parseAlgorithm)).toEqual([
    ...['hmac-sha512', 'hmac-sha256', 'hmac-sha384', 'hmac-sha512'],
  ]);
  expect(['hmac-md5', 'hmac-sha1', '', 'constructor'].map(parseAlgorithm)).toEqual(Array(4).fill(undefined));
});
