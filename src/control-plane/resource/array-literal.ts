/** PostgreSQL's text form of a text[] (manual section 8.15.2), for arrays inside an unnested array. */
export function arrayLiteral(items: readonly string[]): string {
  return `{${items.map((item) => `"${item.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
}
