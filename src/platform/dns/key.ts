import { parseName, sameName } from './name.js';
import { parseAlgorithm, type TsigKey } from './tsig.js';

/** Keys as people keep them. No message of an error repeats what it could not read. */

/** Less is guessed, or is a word such as `changeME`, which is base64 too. */
const FEWEST_BYTES = 16;
const MOST_BYTES = 1024;

/** A secret of 16 bytes or more in base64; undefined when it is none. */
export function parseSecret(text: string): Uint8Array | undefined {
  const plain = text.replace(/\s/g, '');
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(plain)) return undefined;
  const secret = Buffer.from(plain, 'base64');
  return secret.length < FEWEST_BYTES || secret.length > MOST_BYTES ? undefined : secret;
}

const CLAUSE = /key\s+"?([^\s"{};]+)"?\s*\{([^{}]*)\}\s*;/y;
const SPACE = /(?:\s+|\/\/[^\n]*|#[^\n]*|\/\*[^]*?\*\/)*/y;

/**
 * Keys as BIND writes them, one after another: `key "name" { algorithm hmac-sha512; secret "..."; };`, the output of
 * tsig-keygen. Undefined when there is anything else, or a name twice.
 */
export function parseKeyClauses(text: string): TsigKey[] | undefined {
  const keys: TsigKey[] = [];
  let at = 0;
  for (;;) {
    SPACE.lastIndex = at;
    SPACE.exec(text);
    at = SPACE.lastIndex;
    if (at === text.length) return keys;
    CLAUSE.lastIndex = at;
    const [, name = '', body = ''] = CLAUSE.exec(text) ?? [];
    at = CLAUSE.lastIndex;
    const key = parseClause(name, body);
    if (key === undefined || keys.some((other) => sameName(other.name, key.name))) return undefined;
    keys.push(key);
  }
}

function parseClause(written: string, body: string): TsigKey | undefined {
  const name = parseName(written);
  const algorithm = parseAlgorithm(/(?:^|[\s;])algorithm\s+"?([\w.-]+)"?\s*;/.exec(body)?.[1] ?? '');
  const secret = parseSecret(/(?:^|[\s;])secret\s+"?([A-Za-z0-9+/=]+)"?\s*;/.exec(body)?.[1] ?? '');
  return name === undefined || algorithm === undefined || secret === undefined
    ? undefined
    : { name, algorithm, secret };
}
