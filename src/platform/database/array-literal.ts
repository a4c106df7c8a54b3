const ESCAPED = /["\\]/g;
/** Most elements need no escape, and to look costs less than to replace. */
const NEEDS_ESCAPE = /["\\]/;

/** PostgreSQL's text form of an array of texts (manual section 8.15.2). */
export function arrayLiteral(items: readonly string[]): string {
  let text = '{';
  for (const item of items) text += text.length > 1 ? `,${elementText(item)}` : elementText(item);
  return `${text}}`;
}

export const elementText = (item: string): string =>
  `"${NEEDS_ESCAPE.test(item) ? item.replace(ESCAPED, '\\$&') : item}"`;
