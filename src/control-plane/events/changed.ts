import { JsonText, writeJson } from '../../platform/json/json-text.js';

/** They differ with every change, and tell nothing of it. */
const STAMPS = new Set(['version', 'updatedAt']);

/**
 * What an event of a change tells: the resource after it, and in `changed` the fields that are not what they were, each with
 * the value that it had: `"changed":{"name":{"from":"old"}}`. `before` has the fields that may have changed. Fields are
 * compared as JSON text, so that metadata counts as changed when its text does. `text` is the resource, if it is written
 * already.
 */
export function withChanges<T extends object>(before: Partial<T>, after: T, text = writeJson(after)): JsonText {
  let changed = '';
  for (const name of Object.keys(before) as (keyof T & string)[]) {
    if (STAMPS.has(name)) continue;
    const from = writeJson(before[name]);
    if (from !== writeJson(after[name])) changed += `${changed === '' ? '' : ','}"${name}":{"from":${from}}`;
  }
  return new JsonText(`${text.slice(0, -1)},"changed":{${changed}}}`);
}
