import { parseRecord } from './record-text.js';
import { Count, MAX_RECORD, nounOf, Unreadable, type Found, type Reader } from './source.js';

/** One object a line, which says by `type` what it is. A line of the type `end` says how many of each there were. */
export function ndjsonReader(): Reader {
  const count = new Count();
  let rest = '';
  let line = 0;
  let ended = false;

  const one = (text: string): Found[] => {
    line++;
    if (text.trim() === '') return [];
    if (ended) return [{ line, field: 'type', reason: 'nothing may come after the end' }];
    let value: Record<string, unknown>;
    try {
      value = parseRecord(text);
    } catch (error) {
      return [{ line, field: '', reason: `is not a JSON object: ${(error as Error).message.slice(0, 100)}` }];
    }
    const { type, ...members } = value;
    if (type === 'end') {
      ended = true;
      const noun = count.differing(members);
      return noun === undefined
        ? []
        : [{ line, noun, field: 'type', reason: 'the file does not have as many as it says' }];
    }
    const noun = nounOf(type);
    if (noun === undefined) return [{ line, field: 'type', reason: 'must be pool, subnet, reservation or lease' }];
    count.add(noun);
    return [{ line, noun, value: members }];
  };

  return {
    more(text) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > MAX_RECORD) throw new Unreadable(line + 1, `is longer than ${MAX_RECORD} characters`);
      return lines.flatMap(one);
    },
    end: () => (rest === '' ? [] : one(rest)),
  };
}
