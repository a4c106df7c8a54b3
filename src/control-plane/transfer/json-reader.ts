import type { Noun } from './columns.js';
import { parseRecord } from './record-text.js';
import { MAX_RECORD, nounOf, Unreadable, type Found, type Reader } from './source.js';

/** What may come next, outside of the records. */
type State = 'document' | 'key' | 'colon' | 'list' | 'first' | 'record' | 'after-record' | 'after-list' | 'done';

const EXPECTED: Readonly<Record<State, string>> = {
  document: 'a document: {',
  key: 'one of "pools", "subnets", "reservations", "leases"',
  colon: 'a colon',
  list: 'a list: [',
  first: 'an object, or the end of the list',
  record: 'an object: {',
  'after-record': 'a comma, or the end of the list',
  'after-list': 'a comma, or the end of the document',
  done: 'nothing more',
};

/**
 * One document with a list for each noun. It is not parsed as a whole: the text is cut at the ends of the records, and each
 * is parsed by itself.
 */
export function jsonReader(): Reader {
  let state: State = 'document';
  let noun: Noun | undefined;
  let place = 0;
  // of the record, or the key, that is being read
  let held = '';
  let depth = 0;
  let inString = false;
  let escaped = false;

  const fail = (): never => {
    throw new Unreadable(place, `this is not the JSON document of an export: expected ${EXPECTED[state]}`);
  };

  const record = (text: string): Found => {
    place++;
    try {
      return { line: place, noun: noun ?? 'pool', value: parseRecord(text) };
    } catch (error) {
      return {
        line: place,
        noun,
        field: '',
        reason: `is not a JSON object: ${(error as Error).message.slice(0, 100)}`,
      };
    }
  };

  /** Moves over text of a record or a key; the index behind its end, or -1 when that is not in the text. */
  const skip = (text: string, from: number): number => {
    for (let i = from; i < text.length; i++) {
      const c = text.charCodeAt(i);
      if (inString) {
        if (escaped) escaped = false;
        else if (c === 0x5c) escaped = true;
        else if (c === 0x22) {
          inString = false;
          if (depth === 0) return i + 1;
        }
      } else if (c === 0x22) inString = true;
      else if (c === 0x7b || c === 0x5b) depth++;
      else if ((c === 0x7d || c === 0x5d) && --depth === 0) return i + 1;
    }
    return -1;
  };

  const structure = (c: string): void => {
    if (state === 'document' && c === '{') state = 'key';
    else if (state === 'colon' && c === ':') state = 'list';
    else if (state === 'list' && c === '[') [state, place] = ['first', 0];
    else if (state === 'after-record' && c === ',') state = 'record';
    else if ((state === 'after-record' || state === 'first') && c === ']') state = 'after-list';
    else if (state === 'after-list' && c === ',') state = 'key';
    else if (state === 'after-list' && c === '}') state = 'done';
    else fail();
  };

  const keyOf = (text: string): void => {
    const known = nounOf(text.slice(1, -1));
    if (known === undefined || !text.endsWith('s"')) fail();
    noun = known;
    state = 'colon';
  };

  const more = (text: string): Found[] => {
    const found: Found[] = [];
    let i = 0;
    while (i < text.length) {
      const c = text[i] ?? '';
      const inside = inString || depth > 0;
      if (!inside && /[ \t\r\n\ufeff]/.test(c)) {
        i++;
        continue;
      }
      const begins = (state === 'key' && c === '"') || ((state === 'first' || state === 'record') && c === '{');
      if (!inside && !begins) {
        structure(c);
        i++;
        continue;
      }
      const end = skip(text, i);
      held += text.slice(i, end === -1 ? undefined : end);
      if (held.length > MAX_RECORD) throw new Unreadable(place + 1, `is longer than ${MAX_RECORD} characters`);
      if (end === -1) break;
      if (state === 'key') keyOf(held);
      else {
        found.push(record(held));
        state = 'after-record';
      }
      held = '';
      i = end;
    }
    return found;
  };
  return {
    more,
    end() {
      if (state !== 'done') fail();
      return [];
    },
  };
}
