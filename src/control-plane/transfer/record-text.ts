import { JsonText, nestingOf, parseBody } from '../../platform/json/json-text.js';

/**
 * One JSON object of a file, with its metadata as text. Most records have metadata that is null or a plain word: those are
 * spared the second pass of `parseBody`, which costs more than everything else that is done with a line.
 * Throws SyntaxError.
 */
export function parseRecord(text: string): Record<string, unknown> {
  if (nestingOf(text) > 100) throw new SyntaxError('it is nested more than 100 levels deep');
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new SyntaxError('it is not an object');
  const record = value as Record<string, unknown>;
  const { metadata } = record;
  if (metadata === undefined) return record;
  const plain = metadata === null || typeof metadata === 'boolean' || typeof metadata === 'string';
  if (!plain || text.includes('\\')) return parseBody(text) as Record<string, unknown>;
  record['metadata'] = new JsonText(JSON.stringify(metadata));
  return record;
}
