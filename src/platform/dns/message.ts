import { encodeName, sameName } from './name.js';

/**
 * DNS messages as values, and as bytes (RFC 1035 section 4). Written here since libraries for queries know neither the
 * empty records of class ANY and NONE that an update is made of (RFC 2136), nor TSIG.
 */

export const TYPE = { A: 1, SOA: 6, PTR: 12, AAAA: 28, DHCID: 49, TSIG: 250, ANY: 255 } as const;
export const CLASS = { IN: 1, NONE: 254, ANY: 255 } as const;
export const OPCODE = { QUERY: 0, UPDATE: 5 } as const;

export const RCODE = {
  NOERROR: 0,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  REFUSED: 5,
  YXDOMAIN: 6,
  YXRRSET: 7,
  NXRRSET: 8,
  NOTAUTH: 9,
} as const;

export interface Question {
  name: string;
  type: number;
  class: number;
}

export interface ResourceRecord extends Question {
  /** Seconds. */
  ttl: number;
  /** RDATA; names in it are uncompressed, also in what was decoded. */
  data: Uint8Array;
}

/** The sections by their names in queries; in an update they are zone, prerequisites, updates and additional data. */
export interface Message {
  id: number;
  opcode: number;
  /** Answer (QR), truncated (TC), recursion desired (RD); others are not looked at. */
  flags: { response: boolean; truncated: boolean };
  rcode: number;
  question: readonly Question[];
  answer: readonly ResourceRecord[];
  authority: readonly ResourceRecord[];
  additional: readonly ResourceRecord[];
}

/** The bytes are no DNS message. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
}

const RESPONSE = 0x8000;
const TRUNCATED = 0x0200;
const POINTER = 0xc000;
/** A pointer has 14 bits. */
const POINTABLE = 0x3fff;

const u16 = (value: number): Uint8Array => Buffer.of(value >> 8, value & 0xff);
const u32 = (value: number): Uint8Array =>
  Buffer.of(value >>> 24, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff);

/** Owner names are compressed, names in RDATA are not (RFC 3597 section 4 asks for that with newer types). */
export function encodeMessage(message: Message): Uint8Array {
  const { id, opcode, flags, rcode, question, answer, authority, additional } = message;
  const bits = (flags.response ? RESPONSE : 0) | (opcode << 11) | (flags.truncated ? TRUNCATED : 0) | rcode;
  const parts: Uint8Array[] = [id, bits, question.length, answer.length, authority.length, additional.length].map(u16);
  const known = new Map<string, number>();
  let length = 12;
  const add = (...some: readonly Uint8Array[]): void => {
    parts.push(...some);
    length += some.reduce((sum, { byteLength }) => sum + byteLength, 0);
  };
  const addName = (name: string): void => {
    const whole = encodeName(name);
    let rest = name;
    let offset = 0;
    while (rest !== '') {
      const key = rest.toLowerCase();
      const before = known.get(key);
      if (before !== undefined) {
        add(whole.subarray(0, offset), u16(POINTER | before));
        return;
      }
      if (length + offset <= POINTABLE) known.set(key, length + offset);
      offset += 1 + (whole[offset] ?? 0);
      rest = rest.includes('.') ? rest.slice(rest.indexOf('.') + 1) : '';
    }
    add(whole);
  };
  for (const { name, type, class: of } of question) {
    addName(name);
    add(u16(type), u16(of));
  }
  for (const { name, type, class: of, ttl, data } of [...answer, ...authority, ...additional]) {
    addName(name);
    add(u16(type), u16(of), u32(ttl), u16(data.length), data);
  }
  return Buffer.concat(parts);
}

/** Throws `MalformedMessage`. */
export function decodeMessage(bytes: Uint8Array): Message {
  return new Reader(bytes).message();
}

/** Where the last record of the message begins: TSIG signs what is before it. Throws `MalformedMessage`. */
export function lastRecordOffset(bytes: Uint8Array): number {
  const reader = new Reader(bytes);
  reader.message();
  return reader.lastRecord;
}

class Reader {
  private readonly bytes: Buffer;
  private at = 0;
  lastRecord = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  message(): Message {
    const [id, bits, questions, answers, authorities, additionals] = this.take(6, () => this.u16()) as Six;
    return {
      id,
      opcode: (bits >> 11) & 0xf,
      flags: { response: (bits & RESPONSE) !== 0, truncated: (bits & TRUNCATED) !== 0 },
      rcode: bits & 0xf,
      question: this.take(questions, () => ({ name: this.name(), type: this.u16(), class: this.u16() })),
      answer: this.take(answers, () => this.record()),
      authority: this.take(authorities, () => this.record()),
      additional: this.take(additionals, () => this.record()),
    };
  }

  private take<T>(count: number, one: () => T): T[] {
    return Array.from({ length: count }, one);
  }

  private record(): ResourceRecord {
    this.lastRecord = this.at;
    const [name, type, of] = [this.name(), this.u16(), this.u16()];
    const ttl = this.u16() * 0x10000 + this.u16();
    const end = this.u16() + this.at;
    if (end > this.bytes.length) throw new MalformedMessage('a record is longer than its message');
    const data = type === TYPE.PTR && end > this.at ? encodeName(this.name()) : this.bytes.subarray(this.at, end);
    this.at = end;
    return { name, type, class: of, ttl, data };
  }

  private u16(): number {
    if (this.at + 2 > this.bytes.length) throw new MalformedMessage('the message ends too early');
    this.at += 2;
    return this.bytes.readUInt16BE(this.at - 2);
  }

  /** A pointer leads to an earlier place only, so that no message goes round in circles. */
  private name(): string {
    const labels: string[] = [];
    let at = this.at;
    let end: number | undefined;
    let limit = this.at;
    for (;;) {
      const length = this.bytes[at];
      if (length === undefined || labels.length > 127) throw new MalformedMessage('a name does not end');
      if (length === 0) break;
      if (length < 0x40) {
        labels.push(this.bytes.toString('latin1', at + 1, at + 1 + length));
        at += 1 + length;
        continue;
      }
      const to = ((length & 0x3f) << 8) | (this.bytes[at + 1] ?? 0);
      if (length < 0xc0 || to >= limit) throw new MalformedMessage('a name points nowhere');
      end ??= at + 2;
      at = limit = to;
    }
    this.at = end ?? at + 1;
    if (this.at > this.bytes.length) throw new MalformedMessage('a name does not end');
    return labels.join('.');
  }
}

type Six = [number, number, number, number, number, number];

/** Records of one name and type. */
export const recordsOf = (records: readonly ResourceRecord[], name: string, type: number): ResourceRecord[] =>
  records.filter((record) => record.type === type && sameName(record.name, name));
