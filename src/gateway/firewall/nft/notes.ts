import { createHash } from 'node:crypto';
import { contentKey, type Flow } from '../content.js';
import type { JournalEntry } from '../firewall.js';

/**
 * The set `notes` is Berth's memory in the kernel, written in the transactions that make it true. Each element is a
 * comment under the first 64 bits of its hash, so that a note is made and taken away by compare-and-set like a map:
 * `berth1:state:<generation>:<digest>`, `berth1:flush:<flow>` and `berth1:narrow:<flow>`. Nothing looks it up.
 */

/** Notes by their keys, as the tool prints both. */
export type Notes = ReadonlyMap<string, string>;

export const stateNote = (generation: number, digest: string): string => `berth1:state:${generation}:${digest}`;
export const flowNote = (flow: Flow): string =>
  `berth1:${flow.keep === undefined ? 'flush' : 'narrow'}:${contentKey(flow)}`;

export function noteKey(note: string): string {
  const hash = createHash('sha256').update(note).digest();
  return `${hash.readUInt32BE(0)} . ${hash.readUInt32BE(4)}`;
}

const STATE = /^berth1:state:\d+:([0-9a-f]{16})$/;
const FLOW = /^berth1:(flush|narrow):(tcp|udp)\/(\d{1,5})\/([0-9a-f.:[\]]+)$/;

/** The digest that was applied last, with its note, and the flows that are still to be cut. */
export interface Remembered {
  digest: string | undefined;
  note: string | undefined;
  journal: JournalEntry[];
}

export function remembered(notes: Notes): Remembered {
  const result: Remembered = { digest: undefined, note: undefined, journal: [] };
  for (const note of notes.values()) {
    const digest = STATE.exec(note)?.[1];
    if (digest !== undefined) {
      // Two of them cannot both be true; then neither is believed.
      const other = result.note !== undefined;
      result.digest = other ? undefined : digest;
      result.note = note;
    }
    const [, kind, protocol, port, target] = FLOW.exec(note) ?? [];
    if (port === undefined || target === undefined) continue;
    result.journal.push({
      protocol: protocol === 'udp' ? 'udp' : 'tcp',
      connectionPort: Number(port),
      target,
      narrowed: kind === 'narrow',
    });
  }
  return result;
}
