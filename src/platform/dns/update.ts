import { parseAddress } from '../../ip/address.js';
import { CLASS, OPCODE, TYPE, type Message, type ResourceRecord } from './message.js';
import { encodeName } from './name.js';

/** The parts of an update message (RFC 2136 sections 2.4 and 2.5). */

const NOTHING = new Uint8Array();

/** A record as Berth keeps it: `A 192.0.2.1`, `AAAA 2001:db8::1`, `PTR host.example.`, `DHCID <hex>`. */
export type RecordText = string;
export type RecordType = 'A' | 'AAAA' | 'PTR' | 'DHCID';

export const addressRecord = (address: string): RecordText => `${address.includes(':') ? 'AAAA' : 'A'} ${address}`;

/** Type and RDATA. Throws RangeError for text that is no record of ours. */
export function parseRecord(record: RecordText): { type: number; data: Uint8Array } {
  const [word = '', value = '', more] = record.split(' ');
  if (more !== undefined) throw new RangeError(`${record} is no record`);
  if (word === 'PTR') return { type: TYPE.PTR, data: encodeName(value.replace(/\.$/, '')) };
  if (word === 'DHCID') return { type: TYPE.DHCID, data: Buffer.from(value, 'hex') };
  const address = parseAddress(value);
  if (address === undefined || word !== (address.family === 4 ? 'A' : 'AAAA'))
    throw new RangeError(`${record} is no record`);
  const digits = address.value.toString(16).padStart(address.family === 4 ? 8 : 32, '0');
  return { type: TYPE[word], data: Buffer.from(digits, 'hex') };
}

export const addRecord = (name: string, ttl: number, record: RecordText): ResourceRecord => ({
  ...{ name, class: CLASS.IN, ttl },
  ...parseRecord(record),
});

/** All records of the type at the name. */
export const deleteRrset = (name: string, type: RecordType): ResourceRecord => ({
  ...{ name, type: TYPE[type], class: CLASS.ANY, ttl: 0, data: NOTHING },
});

/** This record, wherever others are beside it. */
export const deleteRecord = (name: string, record: RecordText): ResourceRecord => ({
  ...{ name, class: CLASS.NONE, ttl: 0 },
  ...parseRecord(record),
});

/** Prerequisite: the set of records of its type at the name is exactly this one; NXRRSET otherwise. */
export const onlyRecordIs = (name: string, record: RecordText): ResourceRecord => ({
  ...{ name, class: CLASS.IN, ttl: 0 },
  ...parseRecord(record),
});

/** Prerequisite: nothing is at the name; YXDOMAIN otherwise. */
export const nameIsFree = (name: string): ResourceRecord => ({
  ...{ name, type: TYPE.ANY, class: CLASS.NONE, ttl: 0, data: NOTHING },
});

export interface Update {
  zone: string;
  prerequisites?: readonly ResourceRecord[];
  changes: readonly ResourceRecord[];
}

export const updateMessage = (id: number, { zone, prerequisites = [], changes }: Update): Message => ({
  ...{ id, opcode: OPCODE.UPDATE, flags: { response: false, truncated: false }, rcode: 0 },
  question: [{ name: zone, type: TYPE.SOA, class: CLASS.IN }],
  answer: prerequisites,
  authority: changes,
  additional: [],
});

export const queryMessage = (id: number, name: string, type: RecordType): Message => ({
  ...{ id, opcode: OPCODE.QUERY, flags: { response: false, truncated: false }, rcode: 0 },
  question: [{ name, type: TYPE[type], class: CLASS.IN }],
  ...{ answer: [], authority: [], additional: [] },
});
