import { parseTree, type Node } from 'jsonc-parser';

/**
 * A JSON value kept as the text it came in. Metadata is opaque: key order and integers beyond 2^53 come back as sent
 * (contracts/rackhd.md section 4), and `JSON.parse` keeps neither.
 */
export class JsonText {
  constructor(readonly text: string) {}

  static readonly null = new JsonText('null');

  /** Never called by `writeJson`; here so that a stray `JSON.stringify` shows a sensible value. */
  toJSON(): unknown {
    return JSON.parse(this.text);
  }
}

const OPAQUE_KEY = 'metadata';

function toValue(node: Node, text: string): unknown {
  switch (node.type) {
    case 'object': {
      const object: Record<string, unknown> = {};
      for (const property of node.children ?? []) {
        const [key, value] = property.children ?? [];
        if (key === undefined || value === undefined) continue;
        const name = key.value as string;
        const member =
          name === OPAQUE_KEY
            ? new JsonText(text.slice(value.offset, value.offset + value.length))
            : toValue(value, text);
        // defineProperty, since assigning to `__proto__` would not make a member of that name
        Object.defineProperty(object, name, { value: member, enumerable: true, writable: true, configurable: true });
      }
      return object;
    }
    case 'array':
      return (node.children ?? []).map((child) => toValue(child, text));
    default:
      return node.value as unknown;
  }
}

/** Levels of nesting that a body may have: what looks at it afterwards is recursive. */
const MAX_DEPTH = 100;

/** How deep arrays and objects are nested in JSON text; 0 for a plain value. */
export function nestingOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '"') {
      for (i++; i < text.length && text[i] !== '"'; i++) if (text[i] === '\\') i++;
    } else if (c === '{' || c === '[') deepest = Math.max(deepest, ++depth);
    else if (c === '}' || c === ']') depth--;
  }
  return deepest;
}

/**
 * Parses a body: as `JSON.parse`, but members named `metadata` become `JsonText`.
 * Throws SyntaxError, also for what is nested too deep. Costs a second pass only where a `metadata` that is more than
 * null or a plain string stands in the text.
 */
export function parseBody(text: string): unknown {
  if (nestingOf(text) > MAX_DEPTH) throw new SyntaxError(`it is nested more than ${MAX_DEPTH} levels deep`);
  const value: unknown = JSON.parse(text);
  if (!text.includes(OPAQUE_KEY) && !text.includes('\\')) return value;
  const top =
    typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  if (top !== null && Object.values(top).every((member) => typeof member !== 'object' || member === null)) {
    const metadata = top[OPAQUE_KEY];
    if (typeof metadata !== 'number' && !text.includes('\\')) {
      if (OPAQUE_KEY in top) top[OPAQUE_KEY] = new JsonText(JSON.stringify(metadata));
      return value;
    }
  }
  const tree = parseTree(text, [], { disallowComments: true, allowTrailingComma: false });
  return tree === undefined ? value : toValue(tree, text);
}

/** `"key":` of the names that our own types have; a bound, since bodies and metadata may have any. */
const keyTexts = new Map<string, string>();
const MAX_KEYS = 500;

function keyText(key: string): string {
  let text = keyTexts.get(key);
  if (text === undefined) {
    text = `${JSON.stringify(key)}:`;
    if (keyTexts.size < MAX_KEYS) keyTexts.set(key, text);
  }
  return text;
}

/**
 * JSON text of a value in which `JsonText` members stand as they are. Like `JSON.stringify`: undefined members are left
 * out, dates become ISO 8601 text; bigints become decimal strings.
 */
export function writeJson(value: unknown): string {
  if (value instanceof JsonText) return value.text;
  if (Array.isArray(value))
    return `[${value.map((item) => (item === undefined ? 'null' : writeJson(item))).join(',')}]`;
  if (value instanceof Date) return timeText(value);
  if (typeof value === 'object' && value !== null) {
    let text = '{';
    for (const key of Object.keys(value)) {
      const member = (value as Record<string, unknown>)[key];
      if (member === undefined) continue;
      text += `${text.length > 1 ? ',' : ''}${keyText(key)}${writeJson(member)}`;
    }
    return `${text}}`;
  }
  if (typeof value === 'bigint') return `"${value}"`;
  return value === undefined ? 'null' : typeof value === 'string' ? quoted(value) : JSON.stringify(value);
}

/** Printable ASCII that needs no escape: what nearly all texts of ours are, and quoted without a call into the engine. */
const PLAIN = /^[ !#-[\]-~]*$/;
const MAX_PLAIN = 100;

/** A string as JSON. */
export const quoted = (text: string): string =>
  text.length <= MAX_PLAIN && PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);

const lastTime = { at: NaN, text: '' };

/** A moment as JSON. The last one is remembered: what is made together has one time, which stands in all its documents. */
export function timeText(time: Date): string {
  const at = time.getTime();
  if (at !== lastTime.at) {
    lastTime.text = `"${time.toISOString()}"`;
    lastTime.at = at;
  }
  return lastTime.text;
}

/** The members of an object, in order; the last of two of the same name counts (as in `JSON.parse`). */
function members(node: Node): Map<string, Node> {
  const map = new Map<string, Node>();
  for (const property of node.children ?? []) {
    const [key, value] = property.children ?? [];
    if (key !== undefined && value !== undefined) map.set(key.value as string, value);
  }
  return map;
}

const slice = (node: Node, text: string): string => text.slice(node.offset, node.offset + node.length);

/**
 * JSON merge patch (RFC 7396) on texts: members of the patch replace, null removes, objects merge recursively.
 * What is not touched keeps its text; new members go to the end.
 */
export function mergePatch(target: JsonText, patch: JsonText): JsonText {
  return new JsonText(mergeText(target.text, patch.text));
}

function mergeText(target: string, patch: string): string {
  const patchNode = parseTree(patch);
  if (patchNode?.type !== 'object') return patch;
  const targetNode = parseTree(target);
  const result = new Map<string, string>();
  if (targetNode?.type === 'object') {
    for (const [key, node] of members(targetNode)) result.set(key, slice(node, target));
  }
  for (const [key, node] of members(patchNode)) {
    if (node.type === 'null') result.delete(key);
    else result.set(key, mergeText(result.get(key) ?? 'null', slice(node, patch)));
  }
  return `{${[...result].map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(',')}}`;
}
